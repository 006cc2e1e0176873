//! Errors and throttles of each function, and the aggregator's schedule.
//!
//! Invariant: every function that is deployed has its alarms, the authorizer but for errors: those are its answers.

use contract::Function;

use super::{Alarms, Rule};
use crate::alarm::{Beyond, Math, Missing, One};
use crate::metric::{FunctionMetric, Period, Statistic};
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
        if self.app.settings.reports.enabled {
            self.on_reports();
        }
    }

    /// A system that is younger than a day has no reports yet, and tells so by the runs of its aggregator.
    fn on_reports(&mut self) {
        let runs = |function| self.function(function).metric(FunctionMetric::Invocations);
        let rule = Rule {
            period: Period::Day,
            ..Rule::new(
                Section::ReportsMissing,
                "Nothing has asked for the reports of a day: is their schedule switched off?",
                Math {
                    expression: "IF(FILL(reports, 0) < 1 AND aggregator > 1380, 1, 0)",
                    label: "A day without reports",
                    of: vec![
                        ("reports", runs(Function::UsageReports), Statistic::Sum),
                        ("aggregator", runs(Function::RealtimeAggregator), Statistic::Sum),
                    ],
                },
            )
        };
        let alarm = self.alarm("UsageReportsStopped", rule);
        self.stack.add_unless_refused("UsageReportsStopped", alarm);
    }
}
