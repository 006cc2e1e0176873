//! The edges of the functions: DynamoDB, Kinesis and API Gateway around the pure crates `metering` and `deadlines`.
//!
//! Invariant: one module per function, which its binary in `bin/` only wires; the time comes from the binary.

pub mod deadlines_api;
pub mod http;
pub mod log;
pub mod table;
