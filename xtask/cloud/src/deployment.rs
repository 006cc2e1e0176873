//! From the stacks in Rust to the stacks in the account: the steps of a deploy, for every command that takes one.
//!
//! Invariant: CloudFormation is the only state there is, so an interrupted deploy is finished by the next one.

pub mod data_loss_guard;
pub mod emulator_fixups;
pub mod execution;
pub mod parameters;
pub mod pipeline;
pub mod plan;
pub mod recovery;
pub mod result;
pub mod shard_count;
