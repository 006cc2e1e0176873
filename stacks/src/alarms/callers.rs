//! What callers notice: 5xx of the API, and tables that refuse requests.
//!
//! Invariant: what is refused and tried again raises an alarm too, because it makes calls slow.

use contract::name;

use super::{Alarms, Rule};
use crate::alarm::One;
use crate::metric::{ApiMetric, Metric, Statistic, TableMetric};
use crate::runbook::Section;
use crate::table::TableHandle;

impl Alarms<'_> {
    pub(super) fn on_what_callers_notice(&mut self) {
        let env = &self.app.env;
        let errors = Metric::of_api(ApiMetric::ServerErrors, name::rest_api(env), env);
        let failing = Rule::new(
            Section::ApiFailing,
            "Callers get 5xx responses. The access log has the response type.",
            One(errors, Statistic::Sum),
        );
        self.add("ApiFailing", failing);
        let tables = [
            ("AnalyticsTable", name::analytics_table(env)),
            ("ApiUsageTable", name::usage_table(env)),
            ("ApiKeysTable", name::keys_table(env)),
        ];
        for (id, name) in tables {
            let table = TableHandle::elsewhere(name);
            let writes = Rule::new(
                Section::TableThrottled,
                "The table refuses writes, which are tried again: look for a hot key.",
                One(table.metric(TableMetric::WriteThrottles), Statistic::Sum),
            );
            self.add(&format!("{id}WritesThrottled"), writes);
            let reads = Rule::new(
                Section::TableThrottled,
                "The table refuses reads, which are tried again: look for a hot key.",
                One(table.metric(TableMetric::ReadThrottles), Statistic::Sum),
            );
            self.add(&format!("{id}ReadsThrottled"), reads);
        }
    }
}
