//! Errors and throttles of each function, and the aggregator's schedule.
//!
//! Invariant: every function that is deployed has its alarms, the authorizer but for errors: those are its answers.

use contract::Function;

use super::{Alarms, Rule};
use crate::alarm::{Beyond, Missing, One};
use crate::metric::{FunctionMetric, Statistic};
use crate::runbook::Section;

impl Alarms<'_> {
    pub(super) fn on_functions(&mut self) {
        for name in self.app.settings.functions() {
            let function = self.function(name);
            let sum = |metric| One(function.metric(metric), Statistic::Sum);
            let id = name.logical_id().trim_end_matches("Function");
            // The authorizer answers a bad key by an error, as API Gateway wants it; its own faults are 5xx of the API.
            if name != Function::ApiKeyAuthorizer {
                let failing = Rule::new(
                    Section::FunctionFailing,
                    "The function is failing. Check its log: cargo xtask logs.",
                    sum(FunctionMetric::Errors),
                );
                self.add(&format!("{id}Failing"), failing);
            }
            let throttled = Rule::new(
                Section::FunctionThrottled,
                "Calls of the function are throttled: raise its reserved concurrency, or the account's quota.",
                sum(FunctionMetric::Throttles),
            );
            self.add(&format!("{id}Throttled"), throttled);
        }
        let runs = self.function(Function::RealtimeAggregator).metric(FunctionMetric::Invocations);
        let stopped = Rule {
            beyond: Beyond::Below(1),
            missing: Missing::Bad,
            ..Rule::new(
                Section::ScheduleStopped,
                "The aggregator has not run for five minutes: is its schedule switched off?",
                One(runs, Statistic::Sum),
            )
        };
        self.add("RealtimeAggregatorStopped", stopped);
    }
}
