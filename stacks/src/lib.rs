//! The infrastructure as types: what cannot be deployed does not compile, or is refused at synth.
//!
//! Invariant: no SDK, no async, no I/O: an [`App`] is turned into [`Stack`]s by plain functions.

pub mod actions;
pub mod alarm;
pub mod authorizer;
pub mod bounded;
pub mod bucket;
pub mod consumer;
pub mod event_source;
pub mod function;
pub mod gateway_response;
pub mod lambda;
pub mod log_group;
pub mod method;
pub mod metric;
pub mod metric_filter;
pub mod permission;
pub mod policy;
pub mod resource;
pub mod rest_api;
pub mod role;
pub mod runbook;
pub mod schedule;
pub mod settings;
pub mod stage;
pub mod stream;
pub mod subscription_filter;
pub mod table;
pub mod topic;
pub mod user_pool;
pub mod value;
pub mod widget;

mod alarms;
mod api;
mod app;
mod check;
mod dashboard;
mod kinesis;
mod outline;
mod sorted;
mod stack;
mod template;
mod warning;

pub use app::{App, Architecture, Target};
pub use check::{Problem, Problems};
pub use settings::{InvalidSettings, Settings};
pub use stack::{Dropped, Place, Stack};
pub use warning::{AlarmSubscribers, Warning};
