//! Packages for Lambda: a zip with the one file `bootstrap`, named by what is in it.
//!
//! Invariant: equal binaries make equal bytes and equal keys, whenever and wherever they were built.

use std::fs::{self, File};
use std::io::{self, Cursor, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use contract::Function;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::{file, workspace};

/// What Lambda starts.
const BOOTSTRAP: &str = "bootstrap";

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
    pub fn pack(function: Function, binary: &Path, compression: Compression) -> Result<(Self, Packed)> {
        let folder = workspace::target().join("packages").join(match compression {
            Compression::Stored => "stored",
            Compression::Smallest => "deflated",
        });
        Self::pack_into(&folder, function, binary, compression)
    }

    fn pack_into(folder: &Path, function: Function, binary: &Path, compression: Compression) -> Result<(Self, Packed)> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let path = folder.join(format!("{}.json", function.binary()));
        let (noted, stamp) = (Note::read(&path), Stamp::read(binary)?);
        let known = noted.as_ref().filter(|note| note.binary == stamp).map(|note| note.sha256.clone());
        let sha256 = known.map_or_else(|| Ok(sha256(&read(binary)?)), anyhow::Ok)?;
        let zip = folder.join(format!("{}-{sha256}.zip", function.binary()));
        let is_untouched =
            noted.is_some_and(|note| note.sha256 == sha256 && Stamp::read(&zip).is_ok_and(|of| of == note.zip));
        let packed = if is_untouched || is_whole(&zip, stamp.n_bytes) {
            Packed::Before
        } else {
            file::write_whole(&zip, &archive(&read(binary)?, compression)?)?;
            Packed::Now
        };
        Note { binary: stamp, sha256: sha256.clone(), zip: Stamp::read(&zip)? }.keep(&path)?;
        Ok((Self { function, sha256, zip }, packed))
    }
}

/// When a package was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    /// By this command.
    Now,
    /// Earlier, of an equal binary.
    Before,
}

/// What a file keeps that nobody has written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    n_bytes: u64,
    /// When it was written, in nanoseconds since 1970.
    nanoseconds: u64,
}

/// What is known of a function's last package, so that what has not changed is neither hashed nor unpacked again: of
/// development builds that takes seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    binary: Stamp,
    sha256: String,
    /// The package when it was known to be whole.
    zip: Stamp,
}

impl Stamp {
    fn read(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path).with_context(|| path.display().to_string())?;
        let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { n_bytes: metadata.len(), nanoseconds: u64::try_from(age.as_nanos()).unwrap_or(u64::MAX) })
    }
}

impl Note {
    /// One that cannot be read is none: then everything is looked at.
    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    fn keep(&self, path: &Path) -> Result<()> {
        if Self::read(path).as_ref() == Some(self) {
            return Ok(());
        }
        file::write_whole(path, serde_json::to_string(self)?.as_bytes())
    }
}

/// Whether a package is there with all of a binary of so many bytes: its directory stands at the end of a zip, and every
/// byte before it is held by a checksum.
fn is_whole(zip: &Path, n_bytes: u64) -> bool {
    let Ok(file) = File::open(zip) else { return false };
    let Ok(mut archive) = ZipArchive::new(file) else { return false };
    let Ok(mut entry) = archive.by_name(BOOTSTRAP) else { return false };
    entry.size() == n_bytes && io::copy(&mut entry, &mut io::sink()).is_ok_and(|copied| copied == n_bytes)
}

fn read(binary: &Path) -> Result<Vec<u8>> {
    fs::read(binary).with_context(|| binary.display().to_string())
}

/// The template's parameter that carries the key of a function's package.
pub fn parameter(function: Function) -> String {
    contract::name::code_key(function.logical_id())
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

/// Eight levels above what flate2 has, which are as many rounds of the smallest deflate there is: 2 % below level 9 on our
/// binaries, in ten seconds for each. As many rounds again find nothing more.
const ZOPFLI: i64 = 17;

/// The zip file: one entry, a fixed time, permissions that let Lambda run it.
///
/// # Errors
/// When the archive cannot be built.
pub fn archive(bootstrap: &[u8], compression: Compression) -> Result<Vec<u8>> {
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o755);
    let options = match compression {
        Compression::Stored => options.compression_method(CompressionMethod::Stored),
        Compression::Smallest => {
            options.compression_method(CompressionMethod::Deflated).compression_level(Some(ZOPFLI))
        }
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(BOOTSTRAP, options)?;
    zip.write_all(bootstrap)?;
    Ok(zip.finish()?.into_inner())
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
            Package::pack_into(&folder.join(into), Function::StreamProcessor, binary, Compression::Smallest).unwrap().0
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
        let pack =
            || Package::pack_into(&folder, Function::AnalyticsApi, &binary, Compression::Stored).unwrap().0.key();
        assert_eq!(key_of(Function::AnalyticsApi, &binary).unwrap(), None);
        fs::write(&binary, b"one").unwrap();
        let before = pack();
        assert_eq!(key_of(Function::AnalyticsApi, &binary).unwrap(), Some(before.clone()));
        fs::write(&binary, b"three").unwrap();
        assert_ne!(before, pack());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_equal_binary_of_another_time_is_not_packed_again() {
        let folder = folder("again");
        let binary = folder.join("binary");
        fs::write(&binary, b"code").unwrap();
        let pack = || Package::pack_into(&folder, Function::StreamScaler, &binary, Compression::Smallest).unwrap();
        let (package, packed) = pack();
        let written = || fs::metadata(&package.zip).unwrap().modified().unwrap();
        let before = written();
        assert_eq!((packed, pack().1), (Packed::Now, Packed::Before));
        fs::File::options().write(true).open(&binary).unwrap().set_modified(UNIX_EPOCH).unwrap();
        assert_eq!((pack().1, written()), (Packed::Before, before));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_package_that_is_not_whole_is_made_again() {
        let folder = folder("whole");
        let binary = folder.join("binary");
        fs::write(&binary, vec![7; 10_000]).unwrap();
        for compression in [Compression::Stored, Compression::Smallest] {
            let pack = || Package::pack_into(&folder, Function::StreamScaler, &binary, compression).unwrap();
            let zip = pack().0.zip;
            let whole = fs::read(&zip).unwrap();
            let mut bent = whole.clone();
            bent[50] ^= 1;
            for broken in [&whole[..whole.len() - 1], &whole[..30], &[][..], &bent] {
                fs::write(&zip, broken).unwrap();
                assert_eq!(pack().1, Packed::Now, "{} of {} bytes", broken.len(), whole.len());
                assert_eq!(fs::read(&zip).unwrap(), whole);
            }
            fs::remove_file(zip).unwrap();
        }
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
