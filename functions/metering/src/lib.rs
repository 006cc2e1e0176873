//! What a call is, when it counts, and how counts are put together: the domain, free of AWS and of the clock.
//!
//! Invariant: blocks of events are the truth; every other number is computed from them and set, never added to.

pub mod active_users;
pub mod alert;
pub mod anomaly;
pub mod answer;
pub mod answered;
pub mod batch;
pub mod block;
pub mod breakdown;
pub mod callers;
pub mod cloud_event;
pub mod company;
pub mod course;
pub mod digest;
pub mod distributions;
pub mod email;
pub mod event;
pub mod fault;
pub mod figures;
pub mod fold;
pub mod hash;
pub mod hex;
pub mod histogram;
pub mod hourly;
pub mod identity;
pub mod key;
pub mod leader;
pub mod live;
pub mod number;
pub mod outlook;
pub mod performance;
pub mod plan;
pub mod quota;
pub mod refusals;
pub mod report;
pub mod sketch;
pub mod subject;
pub mod text;
pub mod total;
mod traces;
pub mod traffic;
pub mod uncounted;
pub mod usage;
pub mod user_set;
pub mod window;
