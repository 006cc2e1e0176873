//! What a running local system keeps in its folder: whether it is ready, and its passwords.
//!
//! Invariant: files alone; nothing here asks the emulator or knows a command.

pub mod folder;
pub mod ready;
pub mod secrets;
