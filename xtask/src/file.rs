//! Files: read with the true cause where they cannot be, written whole or not at all.
//!
//! Invariant: under its name a file is always one that was written to its end.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

/// The text of a file.
///
/// # Errors
/// When it cannot be read; one that is not UTF-8 names the first line that is not.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(fs::read(path)?).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        io::Error::new(ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

/// Writes a file so that a reader finds all of it or nothing, even after the machine lost its power.
///
/// # Errors
/// When the folder cannot be written to or has no room; then nothing of it is left.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let named = written.and_then(|()| fs::rename(&partial, path));
    if named.is_err() {
        let _ = fs::remove_file(&partial);
    }
    named.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn a_file_that_is_no_text_names_its_line() {
        let path = workspace::target().join("tmp").join(format!("latin-1-{}", std::process::id()));
        fs::create_dir_all(workspace::target().join("tmp")).unwrap();
        write_whole(&path, b"one\ntwo\ncaf\xe9 = 1\n").unwrap();
        let error = read_text(&path).unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::InvalidData, "line 3 is not UTF-8".to_owned()));
        fs::remove_file(&path).unwrap();
        assert_eq!(read_text(&path).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing() {
        let folder = workspace::target().join("tmp").join(format!("write-whole-{}", std::process::id()));
        // A folder of that name is in the way.
        fs::create_dir_all(folder.join("taken")).unwrap();
        let error = write_whole(&folder.join("taken"), b"text").unwrap_err();
        assert!(format!("{error:#}").contains("cannot write"), "{error:#}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
