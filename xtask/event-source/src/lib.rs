//! Lambda's event source mapping for Kinesis, for a target whose own poller loses what a function reports as failed.
//!
//! `mapping` to `work` decide without a clock, a task or a network; `shard` and `runner` carry out what they decide
//! against the traits of `services`, which `aws` implements with the public APIs of Lambda, Kinesis and S3.
//!
//! Invariant: a checkpoint never passes a record that is neither processed nor discarded as the mapping says.

mod aws;
mod batch;
mod checkpoint;
mod discard;
mod disturbance;
mod event;
mod follow;
mod lane;
mod mapping;
mod options;
mod outcome;
mod progress;
mod read_schedule;
mod record;
mod report;
mod requests;
mod runner;
mod sequence;
mod services;
mod shard;
mod status;
mod work;

#[cfg(test)]
mod tests;

pub use aws::Clients;
pub use checkpoint::CheckpointError;
pub use disturbance::Disturbance;
pub use options::{Options, Pace, Which};
pub use runner::Runner;
pub use status::{Phase, ShardStatus};
