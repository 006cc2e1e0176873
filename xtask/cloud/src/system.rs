//! Our own deployed system, as the contract names its parts: what more than one command asks of it.
//!
//! Invariant: no command is known here.

pub mod alarms_topic;
pub mod alerts;
pub mod api;
pub mod authorizer;
pub mod backlog;
pub mod batch_buckets;
pub mod counting;
pub mod data;
pub mod deadlines;
pub mod drain;
pub mod failed_batch;
pub mod failed_record;
pub mod history;
pub mod journal;
pub mod keys;
pub mod large_record;
pub mod metric;
pub mod migration;
pub mod undelivered;
pub mod users;
