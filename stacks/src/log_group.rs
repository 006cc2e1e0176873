//! `AWS::Logs::LogGroup`.
//!
//! Invariant: no log is kept for ever.

use serde_json::json;

use crate::bounded::RetentionDays;
use crate::resource::{Properties, Resource};
use crate::value::{Expression, Value, kind};

/// A log group.
#[derive(Clone, Debug)]
pub struct LogGroup {
    pub name: String,
    /// How long it keeps an event.
    pub retention: RetentionDays,
}

/// A log group that can be referred to.
#[derive(Clone, Debug)]
pub struct LogGroupHandle {
    name: Value<kind::LogGroupName>,
    arn: Value<kind::LogGroupArn>,
    readable: String,
}

impl Resource for LogGroup {
    const TYPE: &'static str = "AWS::Logs::LogGroup";
    type Handle = LogGroupHandle;

    fn properties(&self) -> Properties {
        let Self { name, retention } = self;
        Properties::of(json!({"LogGroupName": name, "RetentionInDays": retention}))
    }

    fn handle(&self, logical_id: &str) -> LogGroupHandle {
        LogGroupHandle {
            name: Value::reference(logical_id),
            arn: Value::attribute(logical_id, "Arn"),
            readable: self.name.clone(),
        }
    }

    fn summary(&self) -> String {
        format!("{}, {} days", self.name, self.retention)
    }
}

impl LogGroupHandle {
    /// The log group of this name, which another stack declares.
    pub fn elsewhere(name: String) -> Self {
        let arn = Expression::arn("logs", format!("log-group:{name}:*")).into();
        Self { name: Value::literal(name.clone()), arn, readable: name }
    }

    pub const fn name(&self) -> &Value<kind::LogGroupName> {
        &self.name
    }

    /// Its ARN, which stands for every stream in it.
    pub const fn arn(&self) -> &Value<kind::LogGroupArn> {
        &self.arn
    }

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
