//! Whether calls are counted, in time, and what our own functions say of what is not.
//!
//! Invariant: what is kept somewhere until a person acts raises an alarm of its own.

use contract::metric::Metric as Own;
use contract::name;

use super::{Alarms, Rule, THREE};
use crate::alarm::{Beyond, Math, One};
use crate::metric::{Metric, Statistic, StreamMetric};
use crate::runbook::Section;
use crate::stream::StreamHandle;

impl Alarms<'_> {
    pub(super) fn on_counting(&mut self) {
        self.on_records();
        self.on_what_waits();
        let thresholds = &self.app.settings.alarms;
        let refused = Rule {
            beyond: Beyond::Above(thresholds.auth_failures),
            ..Rule::new(
                Section::AuthFailures,
                "Many calls with bad keys: somebody is guessing, or a customer's key has expired.",
                self.own(Own::AuthFailures, Statistic::Sum),
            )
        };
        self.add("AuthFailures", refused);
        let unusual = Rule::new(
            Section::Anomaly,
            "Calls of everybody or of a user are far from what was expected: GET /v1/analytics/anomalies says whose.",
            self.own(Own::Anomalies, Statistic::Sum),
        );
        self.add("Anomalies", unusual);
    }

    /// Records on their way from the stream into the tables.
    fn on_records(&mut self) {
        let incoming = StreamHandle::elsewhere(name::stream(&self.app.env)).metric(StreamMetric::IncomingRecords);
        let own = |metric| Metric::own(metric, &self.app.env);
        let share = Math {
            expression: "IF(FILL(incoming, 0) > 0, \
                         100 * (incoming - FILL(processed, 0) - FILL(failed, 0)) / incoming, 0)",
            label: "Records not counted, in percent",
            of: vec![
                ("incoming", incoming, Statistic::Sum),
                ("processed", own(Own::ProcessedRecords), Statistic::Sum),
                ("failed", own(Own::FailedRecords), Statistic::Sum),
            ],
        };
        let uncounted = Rule {
            data_points: THREE,
            beyond: Beyond::Above(5),
            ..Rule::new(
                Section::RecordsNotCounted,
                "For 15 minutes, of the records put on the stream more than 5 % were neither counted nor kept as failed.",
                share,
            )
        };
        let uncounted = self.alarm("RecordsNotCounted", uncounted);
        self.stack.add_unless_refused("RecordsNotCounted", uncounted);
        let slow = Rule {
            data_points: THREE,
            beyond: Beyond::Above(self.app.settings.alarms.processing_latency_ms),
            ..Rule::new(
                Section::ProcessingSlow,
                "Calls take too long to be counted. Check the age of records, the tables' throttles and the fan-out setting.",
                self.own(Own::ProcessingLatency, Statistic::Average),
            )
        };
        self.add("ProcessingSlow", slow);
    }

    /// What is kept and tried again, or waits for somebody.
    fn on_what_waits(&mut self) {
        let failed = Rule::new(
            Section::RecordsFailed,
            "Records could not be counted and were kept. To see them: cargo xtask errors list.",
            self.own(Own::FailedRecords, Statistic::Sum),
        );
        self.add("RecordsFailed", failed);
        let unwritten = Rule::new(
            Section::WindowsFailed,
            "The aggregator could not write a window and tries again each minute; its log names the window: cargo \
             xtask logs realtime-aggregator.",
            self.own(Own::FailedWindows, Statistic::Maximum),
        );
        self.add("WindowsFailed", unwritten);
        let unsent = Rule::new(
            Section::AlertsUnsent,
            "Alerts to users are not sent, and tried again; the aggregator's log says why: cargo xtask logs \
             realtime-aggregator.",
            self.own(Own::UnsentAlerts, Statistic::Maximum),
        );
        self.add("AlertsUnsent", unsent);
        let undelivered = Rule::new(
            Section::EventsUndelivered,
            "Events are in the authorizer's log alone and are not counted until replayed: cargo xtask errors replay --from-log.",
            self.own(Own::UndeliveredEvents, Statistic::Sum),
        );
        self.add("EventsUndelivered", undelivered);
    }

    fn own(&self, metric: Own, statistic: Statistic) -> One {
        One(Metric::own(metric, &self.app.env), statistic)
    }
}
