//! The sections of `RUNBOOK.md`: what whoever is woken reads first.
//!
//! Invariant: an alarm without a section does not compile; a test holds that the file has each.

/// A section, and with it what an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The stream refuses events.
    StreamFull,
    /// The stream needs shards that it cannot have.
    ShardsShort,
    /// The processor is late.
    ProcessorBehind,
    /// A batch that was given up could not be kept.
    BatchLost,
    /// Records were neither counted nor kept.
    RecordsNotCounted,
    /// Calls take long to be counted.
    ProcessingSlow,
    /// Records were kept instead of counted.
    RecordsFailed,
    /// Windows could not be written.
    WindowsFailed,
    /// Alerts to users are not sent.
    AlertsUnsent,
    /// Calls are not as they are expected to be.
    Anomaly,
    /// Events are in a log alone.
    EventsUndelivered,
    /// Many calls with bad keys.
    AuthFailures,
    /// A function fails.
    FunctionFailing,
    /// Calls of a function are refused.
    FunctionThrottled,
    /// What should run each minute does not.
    ScheduleStopped,
    /// No reports were written for a day.
    ReportsMissing,
    /// Callers are answered 5xx.
    ApiFailing,
    /// A table refuses requests.
    TableThrottled,
}

impl Section {
    /// All of them, as the file has them.
    pub const ALL: [Self; 18] = [
        Self::ApiFailing,
        Self::StreamFull,
        Self::ShardsShort,
        Self::ProcessorBehind,
        Self::ProcessingSlow,
        Self::RecordsNotCounted,
        Self::RecordsFailed,
        Self::BatchLost,
        Self::WindowsFailed,
        Self::AlertsUnsent,
        Self::ReportsMissing,
        Self::EventsUndelivered,
        Self::ScheduleStopped,
        Self::FunctionFailing,
        Self::FunctionThrottled,
        Self::TableThrottled,
        Self::AuthFailures,
        Self::Anomaly,
    ];

    /// Where it is: the file, and the anchor of its heading.
    pub const fn link(self) -> &'static str {
        match self {
            Self::StreamFull => "RUNBOOK.md#stream-full",
            Self::ShardsShort => "RUNBOOK.md#shards-short",
            Self::ProcessorBehind => "RUNBOOK.md#processor-behind",
            Self::BatchLost => "RUNBOOK.md#batch-lost",
            Self::RecordsNotCounted => "RUNBOOK.md#records-not-counted",
            Self::ProcessingSlow => "RUNBOOK.md#processing-slow",
            Self::RecordsFailed => "RUNBOOK.md#records-failed",
            Self::WindowsFailed => "RUNBOOK.md#windows-failed",
            Self::AlertsUnsent => "RUNBOOK.md#alerts-unsent",
            Self::Anomaly => "RUNBOOK.md#anomaly",
            Self::EventsUndelivered => "RUNBOOK.md#events-undelivered",
            Self::AuthFailures => "RUNBOOK.md#auth-failures",
            Self::FunctionFailing => "RUNBOOK.md#function-failing",
            Self::FunctionThrottled => "RUNBOOK.md#function-throttled",
            Self::ScheduleStopped => "RUNBOOK.md#schedule-stopped",
            Self::ReportsMissing => "RUNBOOK.md#reports-missing",
            Self::ApiFailing => "RUNBOOK.md#api-failing",
            Self::TableThrottled => "RUNBOOK.md#table-throttled",
        }
    }
}
