//! Short hashes, by which digests tell events, people and names apart without their texts.
//!
//! Invariant: a hash depends on the texts and their limits alone, since what one process wrote another reads.

use sha2::{Digest, Sha256};

/// Some of the first bits of a SHA-256; zero stands for nothing.
pub type Hash = u64;

/// The hash of some texts or bodies in a row, of at most eight bytes.
pub(crate) fn of(bytes: usize, parts: &[impl AsRef<[u8]>]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        // The lengths keep apart what would read the same in a row.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    whole(hash.iter().take(bytes)).max(1)
}

/// Hashes of so many bytes each, one after the other.
pub(crate) fn pack(bytes: usize, hashes: impl IntoIterator<Item = Hash>) -> Vec<u8> {
    hashes.into_iter().flat_map(|hash| hash.to_be_bytes().into_iter().skip(size_of::<Hash>() - bytes)).collect()
}

/// What [`pack`] has packed.
pub(crate) fn unpack(bytes: usize, body: &[u8]) -> impl Iterator<Item = Hash> {
    body.chunks(bytes).map(|bytes| whole(bytes.iter()))
}

fn whole<'a>(bytes: impl Iterator<Item = &'a u8>) -> Hash {
    bytes.fold(0, |hash, byte| hash << 8 | Hash::from(*byte))
}
