//! A file on its way: the pages that came, and where to go on.
//!
//! Invariant: what is known to have come is on the disk first, so that going on neither leaves a row out nor has it twice.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use xtask::file::write_whole;

/// How far an export has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    /// What was asked for: another export does not go on here.
    pub(super) question: String,
    /// How many bytes have come.
    pub(super) bytes: u64,
    /// How many calls have come.
    pub(super) rows: u64,
    /// Where to go on.
    pub(super) cursor: Option<String>,
}

/// The file.
#[derive(Debug)]
pub(super) struct Partial {
    out: PathBuf,
    file: File,
    pub(super) progress: Progress,
}

impl Partial {
    /// The pages of an earlier run that asked the same and did not come to an end; else none.
    pub(super) fn open(out: &Path, question: &str) -> Result<Self> {
        let kept = fs::read(note_path(out)).ok().and_then(|bytes| serde_json::from_slice::<Progress>(&bytes).ok());
        let kept = kept.filter(|progress| progress.question == question && progress.cursor.is_some());
        let path = partial_path(out);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let known = file.metadata().with_context(|| path.display().to_string())?.len();
        let progress = kept.filter(|progress| progress.bytes <= known);
        let mut partial = Self { out: out.to_owned(), file, progress: Progress::default() };
        partial.go_back_to(progress.unwrap_or(Progress { question: question.to_owned(), ..Progress::default() }))?;
        Ok(partial)
    }

    /// Forgets every page.
    pub(super) fn begin_anew(&mut self) -> Result<()> {
        let question = self.progress.question.clone();
        self.go_back_to(Progress { question, ..Progress::default() })
    }

    fn go_back_to(&mut self, progress: Progress) -> Result<()> {
        self.file.set_len(progress.bytes).with_context(|| self.failed())?;
        self.file.seek(SeekFrom::Start(progress.bytes)).with_context(|| self.failed())?;
        self.progress = progress;
        Ok(())
    }

    /// Adds a page, and takes note of it.
    pub(super) fn add(&mut self, body: &str, rows: u64, cursor: Option<String>) -> Result<()> {
        self.file.write_all(body.as_bytes()).and_then(|()| self.file.sync_data()).with_context(|| self.failed())?;
        self.progress.bytes += body.len() as u64;
        self.progress.rows += rows;
        self.progress.cursor = cursor;
        write_whole(&note_path(&self.out), &serde_json::to_vec(&self.progress)?)
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<()> {
        let failed = self.failed();
        self.file.sync_all().and_then(|()| fs::rename(partial_path(&self.out), &self.out)).context(failed)?;
        let _ = fs::remove_file(note_path(&self.out));
        Ok(())
    }

    /// Leaves nothing behind.
    pub(super) fn discard(self) {
        let _ = fs::remove_file(note_path(&self.out));
        let _ = fs::remove_file(partial_path(&self.out));
    }

    fn failed(&self) -> String {
        format!("cannot write {}", self.out.display())
    }
}

fn partial_path(out: &Path) -> PathBuf {
    with_ending(out, "partial")
}

fn note_path(out: &Path) -> PathBuf {
    with_ending(out, "partial.json")
}

fn with_ending(out: &Path, ending: &str) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{name}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(name: &str) -> PathBuf {
        let folder = xtask::workspace::target().join("tmp").join(format!("export-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder.join("calls.csv")
    }

    #[test]
    fn what_came_is_there_again_and_what_was_not_taken_note_of_is_not() {
        let out = out("again");
        let mut partial = Partial::open(&out, "a").unwrap();
        partial.add("one\n", 1, Some("c1".into())).unwrap();
        partial.file.write_all(b"tw").unwrap();
        drop(partial);
        let mut partial = Partial::open(&out, "a").unwrap();
        assert_eq!((partial.progress.rows, partial.progress.cursor.as_deref()), (1, Some("c1")));
        partial.add("two\n", 1, None).unwrap();
        assert!(!out.exists());
        partial.finish().unwrap();
        assert_eq!(fs::read_to_string(&out).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(out.parent().unwrap()).unwrap();
    }

    #[test]
    fn another_export_begins_anew() {
        let out = out("another");
        Partial::open(&out, "a").unwrap().add("one\n", 1, Some("c1".into())).unwrap();
        let partial = Partial::open(&out, "b").unwrap();
        assert_eq!((partial.progress.rows, fs::read(partial_path(&out)).unwrap().len()), (0, 0));
        partial.discard();
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 0);
        fs::remove_dir_all(out.parent().unwrap()).unwrap();
    }
}
