//! What a person at a terminal sees and types, and what programs read in its place.
//!
//! Invariant: nothing here talks to AWS.

pub mod confirm;
pub mod interrupt;
pub mod observer;
pub mod password;
pub mod reporter;
pub mod retry_notice;
pub mod watch;
