//! The edge to AWS: clients, errors, and what DynamoDB and S3 need that their SDK leaves to its users.
//!
//! Invariant: the same code for AWS and for the local target; only [`connection`] knows which one it talks to.

pub mod connection;
pub mod dynamodb;
pub mod error;
pub mod package_bucket;
pub mod reach;
