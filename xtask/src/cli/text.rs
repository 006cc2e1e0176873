//! Texts on the command line.
//!
//! Invariant: no empty text and no control character gets past here, so none reaches a table, a request or a terminal.

/// Reads a text of one line: a name, an id, a password.
pub(super) fn line(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("it must not be empty".to_owned())
    } else if text.contains(char::is_control) {
        Err("it must not contain control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads a text of one line of at most so many bytes in UTF-8.
pub(super) fn bounded(max_bytes: usize) -> impl Fn(&str) -> Result<String, String> + Clone {
    move |text| match text.len() {
        bytes if bytes > max_bytes => Err(format!("it must be at most {max_bytes} bytes long, and has {bytes}")),
        _ => line(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_with_something_in_it() {
        assert_eq!(line("Example Pty Ltd — Ünïted 😀").unwrap(), "Example Pty Ltd — Ünïted 😀");
        for bad in ["", " ", "\u{a0}", "a\nb", "a\0", "\u{1b}[2J", "\u{9b}31m"] {
            assert!(line(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bound_is_in_bytes() {
        assert_eq!(bounded(4)("éé").unwrap(), "éé");
        assert_eq!(bounded(4)("ééé").unwrap_err(), "it must be at most 4 bytes long, and has 6");
    }
}
