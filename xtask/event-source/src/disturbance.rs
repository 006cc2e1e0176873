//! Faults that a mapping may always have, made frequent, for tests of the functions behind it.
//!
//! Invariant: each of them is allowed by at-least-once delivery; none loses a record.

use std::num::NonZeroU64;

/// What the runner does beyond need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disturbance {
    /// Every so many batches one that succeeded is delivered once more.
    pub repeat_every: Option<NonZeroU64>,
    /// Batches are cut at sizes of no pattern, up to the mapping's `BatchSize`.
    pub recut: bool,
    /// After so many invocations of a shard no more begin: what is left waits for the next runner.
    pub stop_after: Option<u64>,
}
