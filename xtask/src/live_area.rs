//! The foot of a terminal: the lines beneath the story that change while something is under way.
//!
//! Invariant: it is cleared before anything else is printed and drawn again after it, so it never mixes with the
//! story; where nobody has given it lines it is empty and prints nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A process has one terminal, so it has one live area.
static LIVE_AREA: Mutex<LiveArea> = Mutex::new(LiveArea { lines: BTreeMap::new(), n_drawn: 0 });

/// How large a terminal is taken to be that does not say: columns and rows.
const SIZE: (usize, usize) = (80, 24);

/// The lines, and how many of them are on the screen.
#[derive(Debug)]
pub struct LiveArea {
    lines: BTreeMap<String, Vec<String>>,
    n_drawn: usize,
}

/// The live area of this process, held for as long as something is printed.
pub fn lock() -> MutexGuard<'static, LiveArea> {
    LIVE_AREA.lock().unwrap_or_else(PoisonError::into_inner)
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

impl LiveArea {
    /// Puts an owner's lines in the place of those it had; none takes them away.
    pub fn set(&mut self, owner: &str, lines: Vec<String>) {
        if lines.is_empty() {
            self.lines.remove(owner);
        } else {
            self.lines.insert(owner.to_owned(), lines);
        }
    }

    /// What has to be written to take it off the screen.
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

    fn live_area(lines: &[&str]) -> LiveArea {
        let mut live_area = LiveArea { lines: BTreeMap::new(), n_drawn: 0 };
        live_area.set("a", lines.iter().map(|&line| line.to_owned()).collect());
        live_area
    }

    #[test]
    fn what_was_drawn_is_cleared_and_no_more() {
        let mut live_area = live_area(&["one", "two"]);
        assert_eq!(live_area.cleared(), "");
        assert_eq!(live_area.drawn(SIZE), "one\ntwo\n");
        assert_eq!(live_area.cleared(), "\r\u{1b}[2A\u{1b}[J");
        assert_eq!(live_area.cleared(), "");
    }

    #[test]
    fn a_live_area_fits_the_screen() {
        let mut live_area = live_area(&["a line that is too long", "two", "three", "four"]);
        assert_eq!(live_area.drawn((10, 4)), "a line th\ntwo\nthree\n");
        assert_eq!(live_area.cleared(), "\r\u{1b}[3A\u{1b}[J");
    }

    #[test]
    fn an_owner_without_lines_leaves_those_of_others() {
        let mut live_area = live_area(&["mine"]);
        live_area.set("b", vec!["other".to_owned()]);
        live_area.set("a", Vec::new());
        assert_eq!(live_area.drawn(SIZE), "other\n");
    }
}
