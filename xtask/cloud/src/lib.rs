//! What the commands stand on: a deploy, the deployed system, any stack, clients of AWS, and who is told and asked.
//!
//! Invariant: each layer imports only those below it; nothing is remembered between two runs but what AWS keeps.

pub mod aws;
pub mod console;
pub mod deployment;
pub mod local_state;
pub mod pricing;
pub mod random;
pub mod stack;
pub mod system;

pub use aws::connection::Connection;
