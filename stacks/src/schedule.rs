//! `AWS::Events::Rule` that calls a function at a rate.
//!
//! Invariant: a rate is of whole minutes, spelled as EventBridge wants singular and plural.

use serde_json::json;

use crate::function::FunctionHandle;
use crate::resource::{Properties, Resource};
use crate::value::{Value, kind};

/// Calls a function again and again.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What it is for.
    pub description: &'static str,
    /// How often.
    pub every: Every,
    pub function: FunctionHandle,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Each minute.
    Minute,
}

impl Resource for Schedule {
    const TYPE: &'static str = "AWS::Events::Rule";
    type Handle = Value<kind::RuleArn>;

    fn properties(&self) -> Properties {
        let Self { description, every, function } = self;
        let rate = match every {
            Every::Minute => "rate(1 minute)",
        };
        Properties::of(json!({
            "Description": description,
            "ScheduleExpression": rate,
            "State": "ENABLED",
            "Targets": [{"Id": "function", "Arn": function.arn()}],
        }))
    }

    fn handle(&self, logical_id: &str) -> Value<kind::RuleArn> {
        Value::attribute(logical_id, "Arn")
    }

    fn summary(&self) -> String {
        let every = match self.every {
            Every::Minute => "every minute",
        };
        format!("{} {every}", self.function.readable())
    }
}
