//! The foot of a terminal: the lines beneath the story that change while something is under way.
//!
//! Invariant: the foot is cleared before anything else is printed and drawn again after it, so it never mixes with the
//! story; where nobody has given it lines it is empty and prints nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A process has one terminal, so it has one foot.
static FOOT: Mutex<Foot> = Mutex::new(Foot { lines: BTreeMap::new(), n_drawn: 0 });

/// How large a terminal is taken to be that does not say: columns and rows.
const SIZE: (usize, usize) = (80, 24);

/// The lines, and how many of them are on the screen.
#[derive(Debug)]
pub struct Foot {
    lines: BTreeMap<String, Vec<String>>,
    n_drawn: usize,
}

/// The foot of this process, held for as long as something is printed.
pub fn lock() -> MutexGuard<'static, Foot> {
    FOOT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether standard error is a terminal that can go back over its lines.
pub fn is_possible() -> bool {
    std::io::stderr().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb")
}

/// Columns and rows of the terminal.
pub fn size() -> (usize, usize) {
    let found = terminal_size::terminal_size_of(std::io::stderr());
    found.map_or(SIZE, |(width, height)| (width.0.into(), height.0.into()))
}

impl Foot {
    /// Puts an owner's lines in the place of those it had; none takes them away.
    pub fn set(&mut self, owner: &str, lines: Vec<String>) {
        if lines.is_empty() {
            self.lines.remove(owner);
        } else {
            self.lines.insert(owner.to_owned(), lines);
        }
    }

    /// What has to be written to take the foot off the screen.
    pub fn cleared(&mut self) -> String {
        match std::mem::take(&mut self.n_drawn) {
            0 => String::new(),
            // Up over the lines, then everything below is erased.
            n_lines => format!("\r\u{1b}[{n_lines}A\u{1b}[J"),
        }
    }

    /// What has to be written to put it there, on a screen of so many columns and rows.
    pub fn drawn(&mut self, (width, height): (usize, usize)) -> String {
        // A line that wraps, or scrolls off, could not be gone back over.
        let rows = height.saturating_sub(1);
        let columns = width.saturating_sub(1);
        let lines: Vec<&String> = self.lines.values().flatten().take(rows).collect();
        self.n_drawn = lines.len();
        let mut text = String::new();
        for line in lines {
            let _ = writeln!(text, "{}", line.chars().take(columns).collect::<String>());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foot(lines: &[&str]) -> Foot {
        let mut foot = Foot { lines: BTreeMap::new(), n_drawn: 0 };
        foot.set("a", lines.iter().map(|&line| line.to_owned()).collect());
        foot
    }

    #[test]
    fn what_was_drawn_is_cleared_and_no_more() {
        let mut foot = foot(&["one", "two"]);
        assert_eq!(foot.cleared(), "");
        assert_eq!(foot.drawn(SIZE), "one\ntwo\n");
        assert_eq!(foot.cleared(), "\r\u{1b}[2A\u{1b}[J");
        assert_eq!(foot.cleared(), "");
    }

    #[test]
    fn a_foot_fits_the_screen() {
        let mut foot = foot(&["a line that is too long", "two", "three", "four"]);
        assert_eq!(foot.drawn((10, 4)), "a line th\ntwo\nthree\n");
        assert_eq!(foot.cleared(), "\r\u{1b}[3A\u{1b}[J");
    }

    #[test]
    fn an_owner_without_lines_leaves_those_of_others() {
        let mut foot = foot(&["mine"]);
        foot.set("b", vec!["other".to_owned()]);
        foot.set("a", Vec::new());
        assert_eq!(foot.drawn(SIZE), "other\n");
    }
}
