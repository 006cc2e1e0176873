//! What a type must say to be declared in a stack.
//!
//! Invariant: `properties` destructures its resource without `..`, so a field that is not written does not compile
//! without a warning.

use serde_json::Value as Json;

/// A resource of CloudFormation, as a plain struct whose fields are its properties.
pub trait Resource {
    /// The type's name in CloudFormation.
    const TYPE: &'static str;
    /// Why the local target refuses the type, where it does.
    const REFUSED_LOCALLY: Option<&'static str> = None;
    /// What other resources may refer to it by.
    type Handle;

    /// The properties as a template has them.
    fn properties(&self) -> Properties;

    /// The handle of this resource under a logical id.
    fn handle(&self, logical_id: &str) -> Self::Handle;

    /// What becomes of it when it leaves the stack.
    fn deletion_policy(&self) -> DeletionPolicy {
        DeletionPolicy::Delete
    }

    /// What a person wants to know of it in an outline; the name, where it has one.
    fn summary(&self) -> String {
        String::new()
    }
}

/// The properties of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties(Json);

/// What becomes of a resource that leaves its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// It goes with the stack.
    Delete,
    /// It outlives its stack, but for a stack whose very creation failed.
    Retain,
}

impl Properties {
    /// Properties as CloudFormation spells them. What is null is left out: CloudFormation has no null.
    pub(crate) fn of(json: Json) -> Self {
        Self(without_nulls(json))
    }

    /// These and others.
    pub(crate) fn and(mut self, others: Self) -> Self {
        if let (Json::Object(these), Json::Object(others)) = (&mut self.0, others.0) {
            these.extend(others);
        }
        self
    }

    pub(crate) const fn json(&self) -> &Json {
        &self.0
    }
}

fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(map) => Json::Object(
            map.into_iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k, without_nulls(v))).collect(),
        ),
        Json::Array(list) => Json::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
