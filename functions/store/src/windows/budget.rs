//! How much a reader of days or hours may read.
//!
//! Invariant: items are asked for as many at a time as fit if they are like those before.

/// Items of the first request, which say how large the others are.
const FEW: i32 = 4;

/// Bytes of items that may be read, and those that were.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    n_read: usize,
    read: usize,
}

impl Budget {
    pub(super) const fn new(bytes: usize) -> Self {
        Self { bytes, n_read: 0, read: 0 }
    }

    /// An item was read.
    pub(super) const fn take(&mut self, bytes: usize) {
        self.n_read += 1;
        self.read += bytes;
    }

    /// How many items may be asked for; none once it is used up.
    pub(super) fn next(&self) -> i32 {
        if self.n_read == 0 {
            return FEW;
        }
        let left = self.bytes.saturating_sub(self.read);
        i32::try_from(left.saturating_mul(self.n_read) / self.read.max(1)).unwrap_or(i32::MAX).min(1_000)
    }
}
