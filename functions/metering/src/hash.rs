//! Short hashes, by which digests tell events, people and names apart without their texts.
//!
//! Invariant: a hash depends on the texts and their limits alone, since what one process wrote another reads.

use sha2::{Digest, Sha256};

/// Some of the first bits of a SHA-256; zero stands for nothing.
pub type Hash = u64;

/// The hash of some texts in a row, of at most eight bytes.
pub(crate) fn of(bytes: usize, texts: &[&str]) -> Hash {
    let mut hash = Sha256::new();
    for text in texts {
        // The lengths keep apart what would read the same in a row.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let hash = hash.finalize();
    hash.iter().take(bytes).fold(0, |hash, byte| hash << 8 | u64::from(*byte)).max(1)
}
