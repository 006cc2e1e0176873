//! Text as HTML takes it.
//!
//! Invariant: what a caller chose – a name, a path, a company – stays text, in an element and in an attribute.

use std::fmt::{self, Display, Formatter, Write as _};

/// A text, escaped as it is written.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // What neither HTML nor a reader has a use for.
                control if control.is_control() => f.write_char('\u{fffd}')?,
                character => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_text() {
        let text = Text("<b title=\"x\">O'Neill & Söhne\u{0}").to_string();
        assert_eq!(text, "&lt;b title=&quot;x&quot;&gt;O&#39;Neill &amp; Söhne\u{fffd}");
    }
}
