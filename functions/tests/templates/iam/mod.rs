//! IAM as far as our roles use it: what a role allows, and what a function asks for.
//!
//! Invariant: what is not known of a policy or of a request is a panic, never an allowance.

mod aws;
mod policy;
mod request;

pub(crate) use aws::{ACCOUNT, Aws, BUCKET, Conduct};
pub(crate) use policy::{Grant, Role, roles, variables};
pub(crate) use request::Request;
