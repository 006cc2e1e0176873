//! Numbers as people read them.
//!
//! Invariant: no locale; a comma between each three digits.

/// `5000000` as `5,000,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}
