//! Any resource without a type of its own: the way out when a type is missing.
//!
//! Invariant: none of our stacks uses it, which a test asserts; a type that is used deserves a struct.

use serde_json::Value as Json;

use crate::Stack;
use crate::resource::{DeletionPolicy, Properties};
use crate::stack::{Declared, Place};
use crate::value::{Value, kind};

/// A resource as CloudFormation's documents have it.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The type's name, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// The properties, as JSON text.
    pub properties: String,
    /// What becomes of it when it leaves the stack.
    pub deletion_policy: DeletionPolicy,
}

impl Stack {
    /// Declares a resource without a type, and gives its `Ref`.
    #[track_caller]
    pub fn add_raw(&mut self, logical_id: &str, resource: Raw) -> Value<kind::Untyped> {
        let Raw { kind, properties, deletion_policy } = resource;
        let at = Place::here();
        let properties = serde_json::from_str::<Json>(&properties).unwrap_or_else(|error| {
            self.problems.push(format!("{logical_id}: its properties are not JSON: {error} ({at})"));
            Json::Null
        });
        let declared = Declared {
            kind,
            properties: Properties::of(properties),
            deletion_policy,
            depends_on: Vec::new(),
            summary: "untyped".into(),
            at,
            untyped: true,
        };
        self.declare(logical_id, declared);
        Value::reference(logical_id)
    }
}
