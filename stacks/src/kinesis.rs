//! The Kinesis stack: the stream, what reads it, and the analytics table.
//!
//! Invariant: a record that enters the stream is counted, or kept where somebody finds it.

use contract::{Function, limit, name};

use crate::actions::{publish_metrics, publish_stream_metrics, read_metrics};
use crate::bounded::{BatchSize, BatchingWindow, ExpiryDays, MemoryMib, RetentionHours, Shards, Timeout};
use crate::bucket::{self, Bucket, BucketHandle};
use crate::consumer::Consumer;
use crate::event_source::{EventSourceMapping, Polling, Source};
use crate::function::Variable;
use crate::lambda::Lambda;
use crate::log_group::LogGroupHandle;
use crate::permission::Permission;
use crate::policy::Grant;
use crate::schedule::{Every, Schedule};
use crate::settings::StatusSource;
use crate::stream::{Stream, StreamHandle};
use crate::table::{BY_USER, PENDING_BY_PARTITION, Table, TableHandle};
use crate::topic::{TlsOnly, Topic, TopicHandle, TopicKey};
use crate::{App, Stack};

/// Declares the stack.
pub(crate) fn stack(app: &App) -> Stack {
    let description = format!("CompliCal usage stream, its consumers and the analytics table ({})", app.env);
    let mut stack = Stack::new(name::kinesis_stack(&app.env), description, app.target);

    let stream = Stream {
        name: name::stream(&app.env),
        capacity: app.settings.capacity(),
        retention: RetentionHours::of::<{ limit::STREAM_RETENTION_HOURS }>(),
    };
    let stream = stack.add("UsageStream", stream);
    let analytics = Table { name: name::analytics_table(&app.env), indexes: Vec::new(), protection: app.protection() };
    let analytics = stack.add("AnalyticsTable", analytics);

    // A batch that is given up lies here as long as the failed records that it could have become.
    let failures = stack.add("FailedBatches", Bucket { expiry: ExpiryDays::of::<{ limit::HISTORY_DAYS }>() });
    stack.add("FailedBatchesPolicy", bucket::TlsOnly { bucket: failures.clone() });

    processor(app, &mut stack, &stream, &analytics, failures);
    aggregator(app, &mut stack, &analytics);
    analytics_api(app, &mut stack, &stream, &analytics);
    if let Some(bounds) = app.settings.shard_bounds() {
        scaler(app, &mut stack, &stream, &analytics, bounds);
    }
    if app.settings.reports.enabled {
        reports(app, &mut stack, &analytics);
    }

    stack.output("StreamArn", "The usage stream", stream.arn());
    stack
}

/// Turns the stream's records into blocks of calls.
fn processor(app: &App, stack: &mut Stack, stream: &StreamHandle, analytics: &TableHandle, failures: BucketHandle) {
    let settings = &app.settings.processor;
    let mut grants = vec![analytics.record(), stream.consume(), failures.keep_batches(), failures.keep_records()];

    let mut source = Source::Stream(stream.clone());
    if app.settings.stream.fan_out {
        let consumer = Consumer { name: "processor".into(), stream: stream.clone() };
        if let Some(consumer) = stack.add_unless_refused("UsageStreamFanOut", consumer) {
            grants.push(consumer.subscribe());
            source = Source::FanOut(consumer);
        }
    }

    let processor = Lambda {
        function: Function::StreamProcessor,
        memory: settings.memory,
        timeout: Timeout::of::<60>(),
        reserved_concurrency: settings.reserved_concurrency,
        variables: vec![
            Variable::Environment(app.env.clone()),
            Variable::AnalyticsTable(analytics.name().clone()),
            Variable::FailedBatches(failures.name().clone()),
        ],
        grants,
    };
    let processor = processor.declare(stack, app);

    let mapping = EventSourceMapping {
        source,
        function: processor,
        batch_size: BatchSize::of::<{ limit::BATCH_SIZE as u32 }>(),
        window: BatchingWindow::of::<0>(),
        parallelization_factor: settings.parallelization_factor,
        retries: app.settings.retries(),
        on_failure: failures,
        polling: Polling::on(app.target),
    };
    stack.add("UsageStreamToProcessor", mapping);
}

/// With so much memory a function has one whole processor (AWS: Configure Lambda function memory). The aggregator needs
/// it for the hour of 100,000 users a minute, by the table of `cargo xtask bench growth` in README.md, and no more than
/// a sixth of the memory; the other functions stay within a fraction of theirs.
const OF_A_PROCESSOR: MemoryMib = MemoryMib::of::<1_769>();

/// Sets the windows of the minutes that are over, once a minute, finds anomalies in them, and sends the alerts that
/// these ask for. A run that fails is made up for by the next.
fn aggregator(app: &App, stack: &mut Stack, analytics: &TableHandle) {
    let usage = TableHandle::elsewhere(name::usage_table(&app.env));
    let keys = TableHandle::elsewhere(name::keys_table(&app.env));
    let alerts = alerts_topic(app, stack);
    let mut variables = vec![
        Variable::Environment(app.env.clone()),
        Variable::AnalyticsTable(analytics.name().clone()),
        Variable::UsageTable(usage.name().clone()),
        Variable::KeysTable(keys.name().clone()),
        Variable::AlertsTopic(alerts.arn().clone()),
    ];
    let mut grants = vec![
        analytics.aggregate(),
        usage.settle(&PENDING_BY_PARTITION),
        keys.know_settings_of_users(),
        alerts.publish(),
        publish_metrics(),
    ];
    let (variable, grant) = status_source(app);
    let holidays = Variable::holidays(&app.settings.alarms.holidays);
    variables.extend([holidays, Variable::plans(&app.settings.plans), variable].into_iter().flatten());
    grants.extend(grant);
    let aggregator = Lambda {
        function: Function::RealtimeAggregator,
        memory: OF_A_PROCESSOR,
        timeout: Timeout::of::<55>(),
        reserved_concurrency: None,
        variables,
        grants,
    };
    let aggregator = aggregator.declare(stack, app);

    let each_minute = Schedule {
        description: "Sets the windows of the minutes that are over",
        every: Every::Minute,
        function: aggregator.clone(),
    };
    let each_minute = stack.add("EachMinute", each_minute);
    stack.add("EachMinutePermission", Permission::by_rule(&each_minute, &aggregator));
}

/// By which the aggregator knows what calls were answered.
fn status_source(app: &App) -> (Option<Variable>, Option<Grant>) {
    match app.settings.api.status {
        StatusSource::Poll => {
            let access_log = LogGroupHandle::elsewhere(name::access_log(&app.env));
            (Some(Variable::AccessLog(access_log.name().clone())), Some(access_log.search()))
        }
        StatusSource::Subscription => (Some(Variable::AccessLogSubscription), None),
        StatusSource::Off => (None, None),
    }
}

/// Where users are told of quotas that run out.
fn alerts_topic(app: &App, stack: &mut Stack) -> TopicHandle {
    let alerts = Topic {
        name: Some(name::alerts_topic(&app.env)),
        display_name: format!("CompliCal usage alerts ({})", app.env),
        key: TopicKey::OfAws,
    };
    let alerts = stack.add("AlertsTopic", alerts);
    stack.add("AlertsTopicPolicy", TlsOnly { topic: alerts.clone() });
    stack.output(name::ALERTS_TOPIC_OUTPUT, "The topic of alerts to users", alerts.arn());
    alerts
}

/// Answers `/v1/analytics/*`; the API stack has its routes.
fn analytics_api(app: &App, stack: &mut Stack, stream: &StreamHandle, analytics: &TableHandle) {
    let usage = TableHandle::elsewhere(name::usage_table(&app.env));
    let keys = TableHandle::elsewhere(name::keys_table(&app.env));
    let mut variables = vec![
        Variable::Environment(app.env.clone()),
        Variable::AnalyticsTable(analytics.name().clone()),
        Variable::UsageTable(usage.name().clone()),
        Variable::KeysTable(keys.name().clone()),
        Variable::Stream(stream.name().clone()),
    ];
    variables.extend(Variable::cors_origins(&app.settings.api.cors_origins));
    variables.extend(Variable::plans(&app.settings.plans));
    let analytics_api = Lambda {
        function: Function::AnalyticsApi,
        memory: MemoryMib::of::<512>(),
        timeout: Timeout::of::<15>(),
        reserved_concurrency: app.settings.api.analytics_reserved_concurrency,
        variables,
        grants: vec![
            analytics.read(),
            analytics.sign(),
            usage.browse(),
            keys.know_users(&BY_USER),
            stream.describe(),
            read_metrics(),
        ],
    };
    analytics_api.declare(stack, app);
}

/// Gives the stream more shards or fewer, once a minute. A run that fails is made up for by the next.
fn scaler(app: &App, stack: &mut Stack, stream: &StreamHandle, analytics: &TableHandle, (min, max): (Shards, Shards)) {
    let scaler = Lambda {
        function: Function::StreamScaler,
        memory: MemoryMib::of::<256>(),
        timeout: Timeout::of::<30>(),
        reserved_concurrency: None,
        variables: vec![
            Variable::Environment(app.env.clone()),
            Variable::AnalyticsTable(analytics.name().clone()),
            Variable::Stream(stream.name().clone()),
            Variable::MinShards(min),
            Variable::MaxShards(max),
        ],
        grants: vec![stream.scale(), analytics.remember(), read_metrics(), publish_stream_metrics()],
    };
    let scaler = scaler.declare(stack, app);

    let each_minute = Schedule {
        description: "Gives the stream more shards or fewer",
        every: Every::Minute,
        function: scaler.clone(),
    };
    let each_minute = stack.add("ScaleEachMinute", each_minute);
    stack.add("ScaleEachMinutePermission", Permission::by_rule(&each_minute, &scaler));
}

/// Writes the reports of what is over. A run that fails is made up for by the next.
fn reports(app: &App, stack: &mut Stack, analytics: &TableHandle) {
    let bucket = stack.add("Reports", Bucket { expiry: app.settings.reports.days });
    stack.add("ReportsPolicy", bucket::TlsOnly { bucket: bucket.clone() });
    stack.output(name::REPORTS_BUCKET_OUTPUT, "The bucket of usage reports", bucket.name());
    let topic = reports_topic(app, stack);
    let usage = TableHandle::elsewhere(name::usage_table(&app.env));
    let keys = TableHandle::elsewhere(name::keys_table(&app.env));
    let reports = Lambda {
        function: Function::UsageReports,
        memory: MemoryMib::of::<1024>(),
        timeout: Timeout::of::<900>(),
        reserved_concurrency: None,
        variables: vec![
            Variable::Environment(app.env.clone()),
            Variable::AnalyticsTable(analytics.name().clone()),
            Variable::UsageTable(usage.name().clone()),
            Variable::KeysTable(keys.name().clone()),
            Variable::ReportsBucket(bucket.name().clone()),
            Variable::ReportsTopic(topic.arn().clone()),
        ],
        grants: vec![
            analytics.read(),
            usage.browse(),
            keys.know_settings_of_users(),
            bucket.keep_reports(),
            topic.announce(),
        ],
    };
    let reports = reports.declare(stack, app);

    let twice_a_day = Schedule {
        description: "Writes the usage reports of what is over",
        every: Every::HalfDay,
        function: reports.clone(),
    };
    let twice_a_day = stack.add("ReportsTwiceADay", twice_a_day);
    stack.add("ReportsTwiceADayPermission", Permission::by_rule(&twice_a_day, &reports));
}

/// Where reports are announced. Whoever hears of quotas is not written to each day.
fn reports_topic(app: &App, stack: &mut Stack) -> TopicHandle {
    let topic = Topic {
        name: Some(name::reports_topic(&app.env)),
        display_name: format!("CompliCal usage reports ({})", app.env),
        key: TopicKey::OfAws,
    };
    let topic = stack.add("ReportsTopic", topic);
    stack.add("ReportsTopicPolicy", TlsOnly { topic: topic.clone() });
    stack.output(name::REPORTS_TOPIC_OUTPUT, "The topic on which usage reports are announced", topic.arn());
    topic
}
