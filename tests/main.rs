//! Tests of the whole.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says so and stops")]

mod api;
mod app;
mod architecture;
mod cfn_lint;
mod deploys;
mod exit_status;
mod local;
mod monitoring;
mod runbook;
mod schema;
mod snapshots;
