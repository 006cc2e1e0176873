//! The folder of the local system: what it stores, what it says when it is ready, and who runs it.
//!
//! Invariant: one process at a time holds the claim, and the operating system takes it back when that process ends,
//! however it ends.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xtask::{Failure, file, workspace};

/// The folder, made on first use.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// The right to run the local system of a folder; dropped, it is free again.
#[derive(Debug)]
pub struct Claim {
    _locked: File,
}

impl Folder {
    /// The folder that [`workspace::local`] names, readable by its owner alone: there are keys and passwords in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open() -> Result<Self> {
        Self::at(workspace::local())
    }

    fn at(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    /// The document that is there while the system is ready.
    pub fn ready(&self) -> PathBuf {
        self.0.join("ready.json")
    }

    /// The key and the passwords that were made up for this folder.
    pub fn secrets(&self) -> PathBuf {
        self.0.join("secrets.json")
    }

    /// When the history ends that was played for a look around.
    pub fn demo(&self) -> PathBuf {
        self.0.join("demo")
    }

    /// What the emulator stores.
    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// How far each shard has been processed.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// What the emulator unpacks.
    pub fn temporary(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// What the emulator prints.
    pub fn emulator_log(&self) -> PathBuf {
        self.0.join("ministack.log")
    }

    /// The emulator's process.
    pub fn emulator_pid(&self) -> PathBuf {
        self.0.join("ministack.pid")
    }

    /// What a system in the background prints.
    pub fn log(&self) -> PathBuf {
        self.0.join("local.log")
    }

    fn pid(&self) -> PathBuf {
        self.0.join("pid")
    }

    /// Takes the claim.
    ///
    /// # Errors
    /// When another process has it.
    pub fn claim(&self) -> Result<Claim> {
        let path = self.pid();
        let mut file = open_for_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.runs_already().into()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| path.display().to_string()),
        }
        file.set_len(0)?;
        write!(file, "{}", std::process::id())?;
        Ok(Claim { _locked: file })
    }

    fn runs_already(&self) -> Failure {
        let who = self.holder().ok().flatten().map_or_else(String::new, |pid| format!(" (process {pid})"));
        Failure::new(format!("the local system is already running{who}"))
            .hint("use it with --local, or stop it with `cargo xtask local down`")
    }

    /// The process that has the claim; 0 while it is still taking it, nothing when nobody has it.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn holder(&self) -> Result<Option<u32>> {
        let path = self.pid();
        let mut file = open_for_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).with_context(|| path.display().to_string())?;
                Ok(Some(pid.trim().parse().unwrap_or(0)))
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Removes everything but the claim.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn empty(&self) -> Result<()> {
        for entry in fs::read_dir(&self.0).with_context(|| self.0.display().to_string())? {
            let path = entry?.path();
            if path == self.pid() {
                continue;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    file::write_whole(path, text.as_bytes())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(|| path.display().to_string())
}

/// A file to be locked, its content kept.
///
/// # Errors
/// When it can be neither opened nor made.
pub fn open_for_lock(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("complical-folder-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Folder::at(path).unwrap()
    }

    #[test]
    fn a_second_claim_is_refused_while_the_first_is_held() {
        let folder = folder("claim");
        assert_eq!(folder.holder().unwrap(), None);
        let claim = folder.claim().unwrap();
        assert_eq!(folder.holder().unwrap(), Some(std::process::id()));
        let error = folder.claim().unwrap_err().to_string();
        assert!(error.contains("already running"), "{error}");
        drop(claim);
        assert_eq!(folder.holder().unwrap(), None);
        folder.claim().unwrap();
        fs::remove_dir_all(&folder.0).unwrap();
    }

    #[test]
    fn the_claim_of_a_process_that_is_gone_is_free() {
        let folder = folder("stale");
        fs::write(folder.pid(), "4194305").unwrap();
        assert_eq!(folder.holder().unwrap(), None);
        folder.claim().unwrap();
        fs::remove_dir_all(&folder.0).unwrap();
    }

    #[test]
    fn emptied_it_keeps_the_claim_and_nothing_else() {
        let folder = folder("empty");
        let _claim = folder.claim().unwrap();
        fs::create_dir_all(folder.state().join("s3")).unwrap();
        write_secret(&folder.secrets(), "{}").unwrap();
        assert_eq!(fs::metadata(folder.secrets()).unwrap().permissions().mode() & 0o777, 0o600);
        folder.empty().unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
        fs::remove_dir_all(&folder.0).unwrap();
    }
}
