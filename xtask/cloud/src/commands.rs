//! The commands: a file each, with what only that command shows.
//!
//! Invariant: no command imports another; what two of them need lies in a layer below.

pub mod local;
