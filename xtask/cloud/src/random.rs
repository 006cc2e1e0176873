//! Random text for keys, passwords and names of requests.
//!
//! Invariant: the operating system's randomness, and each character equally likely.

use anyhow::Result;

/// Random letters and digits, each equally likely.
pub fn random_text(length: usize) -> Result<String> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0_u8; 64];
        getrandom::fill(&mut bytes)?;
        // 248 is the largest multiple of 62: a byte above it would make some characters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(*byte) % 62]));
        text.extend(fair.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_is_as_long_as_asked_for_and_of_plain_characters() {
        let (one, other) = (random_text(40).unwrap(), random_text(40).unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 40 && one.chars().all(|c| c.is_ascii_alphanumeric()), "{one}");
    }
}
