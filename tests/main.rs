//! Tests of the whole.

mod app;
mod cfn_lint;
mod local;
mod snapshots;
