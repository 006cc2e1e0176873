//! What a change of a template means for data and access.
//!
//! Invariant: the verdict rests on the two templates alone, so it is the same with and without an account.

pub mod access;
pub mod data_loss;
pub mod finding;
pub mod grant;
pub mod replacement;

use serde_json::Value;

pub use finding::{Finding, Impact};

/// What the change from one template to another means; `Value::Null` is no template.
pub fn verdict(old: &Value, new: &Value) -> Vec<Finding> {
    let replaced = replacement::findings(old, new);
    let lost = data_loss::findings(old, new, &replaced);
    let mut found: Vec<Finding> = replaced.into_iter().chain(lost).chain(access::findings(old, new)).collect();
    found.sort_by(|one, other| {
        (&one.logical_id, one.mark, &one.path).cmp(&(&other.logical_id, other.mark, &other.path))
    });
    found
}
