//! `AWS::Events::Rule` that calls a function again and again.
//!
//! Invariant: when it calls is spelled as EventBridge wants it, singular and plural of a rate included.

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
    /// At a quarter past one in the night and in the afternoon (UTC).
    HalfDay,
}

impl Resource for Schedule {
    const TYPE: &'static str = "AWS::Events::Rule";
    type Handle = Value<kind::RuleArn>;

    fn properties(&self) -> Properties {
        let Self { description, every, function } = self;
        let expression = match every {
            Every::Minute => "rate(1 minute)",
            Every::HalfDay => "cron(15 1,13 * * ? *)",
        };
        Properties::of(json!({
            "Description": description,
            "ScheduleExpression": expression,
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
            Every::HalfDay => "at 01:15 and 13:15 UTC",
        };
        format!("{} {every}", self.function.readable())
    }
}
