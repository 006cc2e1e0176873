//! What wakes somebody: the alarms of the dashboard stack.
//!
//! Invariant: each says in its description what is wrong and where `RUNBOOK.md` says what to do, and goes off for
//! something that a person can change.

use contract::metric::Metric as Own;
use contract::{Function, name};

use crate::alarm::{Alarm, Beyond, Math, Missing, One, Watch};
use crate::bounded::DataPoints;
use crate::function::FunctionHandle;
use crate::metric::{ApiMetric, FunctionMetric, Metric, Period, Statistic, StreamMetric, TableMetric};
use crate::runbook::Section;
use crate::stream::StreamHandle;
use crate::table::TableHandle;
use crate::topic::{AlarmKey, AlarmsOnly, Subscription, Topic, TopicHandle, TopicKey};
use crate::{App, Stack};

const ONE: DataPoints = DataPoints::of::<1>();
const THREE: DataPoints = DataPoints::of::<3>();

/// An alarm without its name and topic, which follow from its logical id and its stack.
struct Rule<W> {
    description: &'static str,
    /// What to do about it.
    runbook: Section,
    watch: W,
    period: Period,
    data_points: DataPoints,
    beyond: Beyond,
    missing: Missing,
}

/// Declares the topic and every alarm.
pub(crate) fn declare(app: &App, stack: &mut Stack) {
    let key = stack.add("AlarmKey", AlarmKey);
    let topic =
        Topic { name: None, display_name: format!("CompliCal alarms ({})", app.env), key: TopicKey::Alarms(key) };
    let topic = stack.add("AlarmTopic", topic);
    stack.add("AlarmTopicPolicy", AlarmsOnly { topic: topic.clone() });
    if let Some(email) = &app.settings.alarms.email {
        stack.add("AlarmEmail", Subscription { topic: topic.clone(), email: email.clone() });
    }
    stream(app, stack, &topic);
    processing(app, stack, &topic);
    functions(app, stack, &topic);
    api_and_tables(app, stack, &topic);
}

/// Stream health.
fn stream(app: &App, stack: &mut Stack, topic: &TopicHandle) {
    let stream = StreamHandle::elsewhere(name::stream(&app.env));
    let throttled = Rule {
        description: "The stream refuses events; the authorizer keeps them in the usage table. The scaler adds shards; faster: cargo xtask scale.",
        runbook: Section::StreamFull,
        watch: One(stream.metric(StreamMetric::WriteThrottled), Statistic::Sum),
        period: Period::Minute,
        data_points: ONE,
        beyond: Beyond::Above(0),
        missing: Missing::Fine,
    };
    add(stack, topic, "StreamThrottled", throttled);

    if app.settings.shard_bounds().is_some() {
        scaler(app, stack, topic);
    }

    let processor = function(app, Function::StreamProcessor);
    let behind = Rule {
        description: "The processor is behind. Look for its errors: cargo xtask logs stream-processor.",
        runbook: Section::ProcessorBehind,
        watch: One(processor.metric(FunctionMetric::IteratorAge), Statistic::Maximum),
        period: Period::Minute,
        data_points: THREE,
        beyond: Beyond::Above(app.settings.alarms.iterator_age_seconds.saturating_mul(1_000)),
        missing: Missing::Fine,
    };
    add(stack, topic, "ProcessorBehind", behind);

    let not_kept = Rule {
        description: "A batch was given up and could not be kept. Its records are on the stream for seven days.",
        runbook: Section::BatchLost,
        watch: One(processor.metric(FunctionMetric::DestinationDeliveryFailures), Statistic::Sum),
        period: Period::FiveMinutes,
        data_points: ONE,
        beyond: Beyond::Above(0),
        missing: Missing::Fine,
    };
    add(stack, topic, "FailedBatchLost", not_kept);
}

/// Whether the stream has the shards that it needs.
fn scaler(app: &App, stack: &mut Stack, topic: &TopicHandle) {
    let short = Rule {
        description: "The stream needs more shards than the scaler may take, or can: its log says why. Raise max-shards \
                      in stacks/environments, or go on-demand.",
        runbook: Section::ShardsShort,
        watch: One(Metric::own(Own::ShardsShort, &app.env), Statistic::Maximum),
        period: Period::FiveMinutes,
        data_points: ONE,
        beyond: Beyond::Above(0),
        missing: Missing::Fine,
    };
    add(stack, topic, "ShardsShort", short);

    let stopped = Rule {
        description: "The scaler has not run for five minutes: is its schedule switched off?",
        runbook: Section::ScheduleStopped,
        watch: One(function(app, Function::StreamScaler).metric(FunctionMetric::Invocations), Statistic::Sum),
        period: Period::FiveMinutes,
        data_points: ONE,
        beyond: Beyond::Below(1),
        missing: Missing::Bad,
    };
    add(stack, topic, "StreamScalerStopped", stopped);
}

/// Processing performance and security.
fn processing(app: &App, stack: &mut Stack, topic: &TopicHandle) {
    let stream = StreamHandle::elsewhere(name::stream(&app.env));
    let own = |metric| Metric::own(metric, &app.env);
    let uncounted = Rule {
        description: "For 15 minutes, of the records put on the stream more than 5 % were neither counted nor kept as failed.",
        runbook: Section::RecordsNotCounted,
        watch: Math {
            expression: "IF(FILL(incoming, 0) > 0, \
                         100 * (incoming - FILL(processed, 0) - FILL(failed, 0)) / incoming, 0)",
            label: "Records not counted, in percent",
            of: vec![
                ("incoming", stream.metric(StreamMetric::IncomingRecords), Statistic::Sum),
                ("processed", own(Own::ProcessedRecords), Statistic::Sum),
                ("failed", own(Own::FailedRecords), Statistic::Sum),
            ],
        },
        period: Period::FiveMinutes,
        data_points: THREE,
        beyond: Beyond::Above(5),
        missing: Missing::Fine,
    };
    let uncounted = alarm(stack, topic, "RecordsNotCounted", uncounted);
    stack.add_unless_refused("RecordsNotCounted", uncounted);

    let rule = |runbook, description, metric, statistic, data_points, threshold| Rule {
        description,
        runbook,
        watch: One(own(metric), statistic),
        period: Period::FiveMinutes,
        data_points,
        beyond: Beyond::Above(threshold),
        missing: Missing::Fine,
    };
    let slow = rule(
        Section::ProcessingSlow,
        "Calls take long to be counted. Look at the age of records, the tables' throttles and the fan-out setting.",
        Own::ProcessingLatency,
        Statistic::Average,
        THREE,
        app.settings.alarms.processing_latency_ms,
    );
    add(stack, topic, "ProcessingSlow", slow);
    let failed = rule(
        Section::RecordsFailed,
        "Records could not be counted and are kept. Look at them: cargo xtask errors list.",
        Own::FailedRecords,
        Statistic::Sum,
        ONE,
        0,
    );
    add(stack, topic, "RecordsFailed", failed);
    let unwritten = rule(
        Section::WindowsFailed,
        "The aggregator could not write a window and tries again each minute; its log names the window: cargo xtask \
         logs realtime-aggregator.",
        Own::FailedWindows,
        Statistic::Maximum,
        ONE,
        0,
    );
    add(stack, topic, "WindowsFailed", unwritten);
    let unsent = rule(
        Section::AlertsUnsent,
        "Alerts to users are not sent, and tried again; the aggregator's log says why: cargo xtask logs \
         realtime-aggregator.",
        Own::UnsentAlerts,
        Statistic::Maximum,
        ONE,
        0,
    );
    add(stack, topic, "AlertsUnsent", unsent);
    let undelivered = rule(
        Section::EventsUndelivered,
        "Events are in the authorizer's log alone, and not counted before: cargo xtask errors replay --from-log.",
        Own::UndeliveredEvents,
        Statistic::Sum,
        ONE,
        0,
    );
    add(stack, topic, "EventsUndelivered", undelivered);
    let refused = rule(
        Section::AuthFailures,
        "Many calls with bad keys: somebody guesses, or a customer's key has expired.",
        Own::AuthFailures,
        Statistic::Sum,
        ONE,
        app.settings.alarms.auth_failures,
    );
    add(stack, topic, "AuthFailures", refused);
}

/// Errors and throttles of each function, and the schedule.
fn functions(app: &App, stack: &mut Stack, topic: &TopicHandle) {
    for name in app.settings.functions() {
        let function = function(app, name);
        let rule = |runbook, description, metric| Rule {
            description,
            runbook,
            watch: One(function.metric(metric), Statistic::Sum),
            period: Period::FiveMinutes,
            data_points: ONE,
            beyond: Beyond::Above(0),
            missing: Missing::Fine,
        };
        let id = name.logical_id().trim_end_matches("Function");
        // The authorizer answers a bad key by an error, as API Gateway wants it; its own faults are 5xx of the API.
        if name != Function::ApiKeyAuthorizer {
            let failing = rule(
                Section::FunctionFailing,
                "The function fails. Look at its log: cargo xtask logs.",
                FunctionMetric::Errors,
            );
            add(stack, topic, &format!("{id}Failing"), failing);
        }
        let throttled = rule(
            Section::FunctionThrottled,
            "Calls of the function are refused: raise its reserved concurrency, or the account's quota.",
            FunctionMetric::Throttles,
        );
        add(stack, topic, &format!("{id}Throttled"), throttled);
    }
    let aggregator = function(app, Function::RealtimeAggregator);
    let stopped = Rule {
        description: "The aggregator has not run for five minutes: is its schedule switched off?",
        runbook: Section::ScheduleStopped,
        watch: One(aggregator.metric(FunctionMetric::Invocations), Statistic::Sum),
        period: Period::FiveMinutes,
        data_points: ONE,
        beyond: Beyond::Below(1),
        missing: Missing::Bad,
    };
    add(stack, topic, "RealtimeAggregatorStopped", stopped);
}

/// What callers notice.
fn api_and_tables(app: &App, stack: &mut Stack, topic: &TopicHandle) {
    let rule = |runbook, description, metric| Rule {
        description,
        runbook,
        watch: One(metric, Statistic::Sum),
        period: Period::FiveMinutes,
        data_points: ONE,
        beyond: Beyond::Above(0),
        missing: Missing::Fine,
    };
    let errors = Metric::of_api(ApiMetric::ServerErrors, name::rest_api(&app.env), &app.env);
    add(
        stack,
        topic,
        "ApiFailing",
        rule(Section::ApiFailing, "Callers are answered 5xx. Look at the access log for the response type.", errors),
    );
    let tables = [
        ("AnalyticsTable", name::analytics_table(&app.env)),
        ("ApiUsageTable", name::usage_table(&app.env)),
        ("ApiKeysTable", name::keys_table(&app.env)),
    ];
    for (id, name) in tables {
        let table = TableHandle::elsewhere(name);
        let writes = rule(
            Section::TableThrottled,
            "The table refuses writes, which are tried again: look for a hot key.",
            table.metric(TableMetric::WriteThrottles),
        );
        add(stack, topic, &format!("{id}WritesThrottled"), writes);
        let reads = rule(
            Section::TableThrottled,
            "The table refuses reads, which are tried again: look for a hot key.",
            table.metric(TableMetric::ReadThrottles),
        );
        add(stack, topic, &format!("{id}ReadsThrottled"), reads);
    }
}

#[track_caller]
fn add(stack: &mut Stack, topic: &TopicHandle, id: &str, rule: Rule<One>) {
    let alarm = alarm(stack, topic, id, rule);
    stack.add(id, alarm);
}

fn alarm<W: Watch>(stack: &Stack, topic: &TopicHandle, id: &str, rule: Rule<W>) -> Alarm<W> {
    let Rule { description, runbook, watch, period, data_points, beyond, missing } = rule;
    let name = format!("{}-{id}", stack.name());
    Alarm { name, description, runbook, watch, period, data_points, beyond, missing, tell: topic.clone() }
}

fn function(app: &App, function: Function) -> FunctionHandle {
    FunctionHandle::elsewhere(function.physical_name(&app.env))
}
