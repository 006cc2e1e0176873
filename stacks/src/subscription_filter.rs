//! `AWS::Logs::SubscriptionFilter`: lines of a log, sent to a function as they are written.
//!
//! Invariant: the function may be called by the log before the filter is made: CloudWatch Logs tries it then.

use serde_json::json;

use crate::function::FunctionHandle;
use crate::log_group::LogGroupHandle;
use crate::resource::{Properties, Resource};

/// Sends every line of a log to a function.
#[derive(Clone, Debug)]
pub struct SubscriptionFilter {
    /// The log.
    pub logs: LogGroupHandle,
    /// Who gets the lines.
    pub function: FunctionHandle,
}

impl Resource for SubscriptionFilter {
    const TYPE: &'static str = "AWS::Logs::SubscriptionFilter";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { logs, function } = self;
        Properties::of(json!({
            "LogGroupName": logs.name(),
            "FilterPattern": "",
            "DestinationArn": function.arn(),
        }))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        format!("{} to {}", self.logs.readable(), self.function.readable())
    }
}
