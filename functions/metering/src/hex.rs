//! Hexadecimal, as hashes and ids are written.
//!
//! Invariant: always lower case, two digits a byte.

use std::fmt::Write as _;

/// Bytes as lower-case hexadecimal.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
