//! What is known of CloudFormation without asking it: statuses, events, errors, and what a change of a template means.
//!
//! Invariant: pure functions; no SDK, no clock, nothing printed.

pub mod data_resource;
pub mod diagnosis;
pub mod event;
pub mod impact;
pub mod known_error;
pub mod progress;
pub mod render;
pub mod resolution;
pub mod resource_change;
pub mod resource_type;
pub mod scaled_stream;
pub mod status;
pub mod template_diff;
