//! The one place that writes to the terminal: data to standard output, the story to standard error.
//!
//! Invariant: nothing depends on colour; data that cannot be written fails the command, and a story that cannot, nothing.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::{Failure, failure, live_area, output};

/// Writes for people and programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Printer;

impl Printer {
    /// A line of what was asked for, on standard output; [`Printer::written`] says whether it arrived.
    pub fn data(&self, line: impl AsRef<str>) {
        let mut live_area = live_area::lock();
        let _ = write!(io::stderr(), "{}", live_area.cleared());
        output::write(&format!("{}\n", line.as_ref()));
        let _ = write!(io::stderr(), "{}", live_area.drawn(live_area::size()));
    }

    /// A JSON object on a line of its own, on standard output.
    pub fn json_line(&self, object: &serde_json::Value) {
        self.data(object.to_string());
    }

    /// A JSON document, on standard output.
    pub fn json(&self, document: &serde_json::Value) {
        self.data(format!("{document:#}"));
    }

    /// Whether all data up to here was written; that nobody reads it any more is not a failure.
    ///
    /// # Errors
    /// When some was not.
    pub fn written(&self) -> Result<(), Failure> {
        output::written()
    }

    /// Whether all data up to here can have been read: it was written, and its reader had not gone away.
    pub fn has_arrived(&self) -> bool {
        output::has_arrived()
    }

    /// A line about the way there, on standard error.
    pub fn say(&self, line: impl AsRef<str>) {
        let mut live_area = live_area::lock();
        // In one piece, so that a terminal shows no state in between.
        let text = format!("{}{}\n{}", live_area.cleared(), line.as_ref(), live_area.drawn(live_area::size()));
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Keeps lines at the foot of the terminal, in the place of those that the owner had there before; none takes them
    /// away. Where standard error is not a terminal nothing is written.
    pub fn live_area(&self, owner: &str, lines: Vec<String>) {
        if !live_area::is_possible() {
            return;
        }
        let mut live_area = live_area::lock();
        live_area.set(owner, lines);
        let text = live_area.cleared() + &live_area.drawn(live_area::size());
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// A way out, on standard error.
    pub fn hint(&self, line: impl AsRef<str>) {
        self.say(format!("hint: {}", line.as_ref()));
    }

    /// An error with its causes, then its hints, on standard error.
    pub fn failure(&self, error: &anyhow::Error) {
        self.say(format!("error: {error:#}"));
        for failure in failure::failures(error) {
            for hint in failure.hints() {
                self.hint(hint);
            }
        }
    }

    /// Whether someone is there to be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question on standard error and returns the answer without its line end; `None` at the end of input.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub fn ask(&self, question: &str) -> io::Result<Option<String>> {
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question} ")?;
        stderr.flush()?;
        drop(stderr);
        let mut answer = String::new();
        let n_bytes = io::stdin().lock().read_line(&mut answer)?;
        Ok((n_bytes > 0).then(|| answer.trim_end_matches(['\r', '\n']).to_owned()))
    }
}
