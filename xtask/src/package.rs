//! Packages for Lambda: a zip with the one file `bootstrap`, named by what is in it.
//!
//! Invariant: equal binaries make equal bytes and equal keys, whenever and wherever they were built.

use std::fs;
use std::io::{Cursor, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use contract::Function;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::workspace;

/// One function's package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Whose code it is.
    pub function: Function,
    /// SHA-256 of the binary in it, in hexadecimal.
    pub sha256: String,
    /// The zip file.
    pub zip: PathBuf,
}

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: for a target on this machine.
    Stored,
    /// As small as deflate can.
    Smallest,
}

impl Package {
    /// The object's key in the bucket of packages.
    pub fn key(&self) -> String {
        key(self.function, &self.sha256)
    }

    /// The template's parameter that carries [`Package::key`].
    pub fn parameter(&self) -> String {
        parameter(self.function)
    }

    /// Packs a function's binary, unless this very binary has been packed before.
    ///
    /// # Errors
    /// When the binary cannot be read or the package not be written.
    pub fn of(function: Function, binary: &Path, compression: Compression) -> Result<Self> {
        let folder = workspace::target().join("packages").join(match compression {
            Compression::Stored => "stored",
            Compression::Smallest => "deflated",
        });
        Self::pack_into(&folder, function, binary, compression)
    }

    fn pack_into(folder: &Path, function: Function, binary: &Path, compression: Compression) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let stamp = folder.join(format!("{}.{}", function.binary(), stamp(binary)?));
        // A binary of the same length and time is the same: reading and hashing it each time would take seconds.
        if let Ok(sha256) = fs::read_to_string(&stamp) {
            let zip = folder.join(format!("{}-{sha256}.zip", function.binary()));
            if zip.exists() {
                return Ok(Self { function, sha256, zip });
            }
        }
        let bootstrap = fs::read(binary).with_context(|| binary.display().to_string())?;
        let sha256 = sha256(&bootstrap);
        let zip = folder.join(format!("{}-{sha256}.zip", function.binary()));
        write_whole(&zip, &archive(&bootstrap, compression)?)?;
        write_whole(&stamp, sha256.as_bytes())?;
        Ok(Self { function, sha256, zip })
    }
}

/// The template's parameter that carries the key of a function's package.
pub fn parameter(function: Function) -> String {
    format!("{}CodeKey", function.logical_id())
}

/// The key that the package of a binary has, or would have; none where there is no binary.
///
/// # Errors
/// When the binary cannot be read.
pub fn key_of(function: Function, binary: &Path) -> Result<Option<String>> {
    match fs::read(binary) {
        Ok(bootstrap) => Ok(Some(key(function, &sha256(&bootstrap)))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| binary.display().to_string()),
    }
}

fn key(function: Function, sha256: &str) -> String {
    format!("functions/{}/{sha256}.zip", function.binary())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The zip file: one entry, a fixed time, permissions that let Lambda run it.
///
/// # Errors
/// When the archive cannot be built.
pub fn archive(bootstrap: &[u8], compression: Compression) -> Result<Vec<u8>> {
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o755);
    let options = match compression {
        Compression::Stored => options.compression_method(CompressionMethod::Stored),
        Compression::Smallest => options.compression_method(CompressionMethod::Deflated).compression_level(Some(9)),
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", options)?;
    zip.write_all(bootstrap)?;
    Ok(zip.finish()?.into_inner())
}

/// Writes a file so that a reader finds all of it or nothing.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::write(&partial, bytes).with_context(|| partial.display().to_string())?;
    fs::rename(&partial, path).with_context(|| path.display().to_string())
}

fn stamp(binary: &Path) -> Result<String> {
    let metadata = fs::metadata(binary).with_context(|| binary.display().to_string())?;
    let nanoseconds = metadata.modified()?.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    Ok(format!("{}-{nanoseconds}", metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = workspace::target().join("tmp").join(format!("package-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn equal_binaries_of_different_times_make_equal_packages() {
        let folder = folder("equal");
        let (one, two) = (folder.join("one"), folder.join("two"));
        fs::write(&one, b"code").unwrap();
        fs::write(&two, b"code").unwrap();
        fs::File::options().write(true).open(&one).unwrap().set_modified(UNIX_EPOCH).unwrap();
        let pack = |into: &str, binary| {
            Package::pack_into(&folder.join(into), Function::StreamProcessor, binary, Compression::Smallest).unwrap()
        };
        let (first, second) = (pack("first", &one), pack("second", &two));
        assert_eq!(first.key(), second.key());
        assert_eq!(fs::read(first.zip).unwrap(), fs::read(second.zip).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_changed_binary_has_another_key() {
        let folder = folder("changed");
        let binary = folder.join("binary");
        let pack = || Package::pack_into(&folder, Function::AnalyticsApi, &binary, Compression::Stored).unwrap().key();
        assert_eq!(key_of(Function::AnalyticsApi, &binary).unwrap(), None);
        fs::write(&binary, b"one").unwrap();
        let before = pack();
        assert_eq!(key_of(Function::AnalyticsApi, &binary).unwrap(), Some(before.clone()));
        fs::write(&binary, b"three").unwrap();
        assert_ne!(before, pack());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_package_holds_one_executable_bootstrap_and_no_time() {
        let bytes = archive(b"code", Compression::Smallest).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(zip.len(), 1);
        let entry = zip.by_index(0).unwrap();
        assert_eq!((entry.name().unwrap().as_ref(), entry.unix_mode().unwrap() & 0o777), ("bootstrap", 0o755));
        assert_eq!(entry.last_modified(), Some(DateTime::default()));
    }
}
