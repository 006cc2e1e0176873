//! The deployer against a CloudFormation that fails as AWS does, which the local system cannot.
//!
//! Invariant: the real binary runs, over real HTTP; only what answers is played, from recorded lists of events.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

mod aws;
mod cloudformation;
mod command;
mod http;
mod query;
mod scenario;
mod stack;

mod destroying;
mod failing;
mod following;
mod lines;
mod preflight;
mod refusing;
mod statuses;
mod streams;
mod terminal;
mod unreachable;
