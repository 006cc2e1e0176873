//! The answers of the analytics API: what is asked for, which windows hold it, and how it is put.
//!
//! Invariant: each minute of an answer is taken from exactly one window or from blocks, never from both; a parameter
//! that cannot be understood is refused by name.

pub mod alerts;
pub mod anomalies;
pub mod breakdown;
pub mod cell;
pub mod company;
pub mod comparison;
pub mod export;
pub mod forecast;
pub mod heatmap;
pub mod instant;
pub mod range;
pub mod realtime;
pub mod security;
pub mod series;
pub mod stream;
pub mod summary;
pub mod tops;
pub mod user;
pub mod zone;

/// A parameter of a request that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadParameter {
    /// Its name.
    pub field: &'static str,
    /// What is wrong with it, naming it; it repeats nothing that the caller sent.
    pub message: String,
}

impl BadParameter {
    /// A parameter that must be something else than it is.
    pub fn must(field: &'static str, be: &str) -> Self {
        Self { field, message: format!("`{field}` must {be}") }
    }
}
