//! The commands: a file each, with what only that command shows.
//!
//! Invariant: no command imports another; what two of them need lies in a layer below.

pub mod alerts;
pub mod cost;
pub mod deploy;
pub mod destroy;
pub mod diff;
pub mod errors;
pub mod export;
pub mod keys;
pub mod load;
pub mod local;
pub mod logs;
pub mod play;
pub mod scale;
pub mod status;
pub mod users;
pub mod verify;
