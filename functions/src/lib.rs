//! The edges of the functions: DynamoDB, Kinesis and API Gateway around the pure crates `metering` and `deadlines`.
//!
//! Invariant: one module per function, which its binary in `bin/` only wires; the time comes from the binary.

pub mod access_log;
pub mod aggregator;
pub mod alerts_topic;
pub mod analytics_api;
pub mod authorizer;
pub mod bucket;
pub mod cloudwatch;
pub mod deadlines_api;
mod form;
pub mod http;
mod https;
pub mod kinesis;
pub mod large_records;
pub mod log;
pub mod metrics;
pub mod processor;
pub mod producer;
pub mod scaler;
pub mod signed_request;
pub mod status_source;
pub mod stream_event;
pub mod topic;
pub mod usage_reports;
pub mod variable;
