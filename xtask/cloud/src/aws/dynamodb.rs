//! DynamoDB's items, as its SDK has them.
//!
//! Invariant: the one place that names the SDK's own map.

use aws_sdk_dynamodb::types::AttributeValue;

/// An item as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's own type")]
pub type Item = std::collections::HashMap<String, AttributeValue>;
