use super::*;

fn snapshot() -> Snapshot {
    Snapshot {
        env: "test".into(),
        region: "ap-south-1".into(),
        at: "2026-11-24T10:15:31Z".parse().unwrap(),
        stacks: vec![
            StackState { name: "CompliCal-Kinesis-test".into(), status: Some("UPDATE_COMPLETE".into()) },
            StackState { name: "CompliCal-API-test".into(), status: None },
        ],
        stream: Some(StreamState {
            name: "complical-usage-stream-test".into(),
            status: "ACTIVE".into(),
            is_on_demand: false,
            shards: 2,
            retention_hours: 168,
            created_at: None,
            consumers: 0,
        }),
        last_hour: LastHour { processed: Some(12_345.0), latency_ms: Some(240.4), ..LastHour::default() },
        functions: vec![Health {
            name: "stream-processor".into(),
            invocations: Some(3.0),
            errors: None,
            throttles: None,
        }],
        alarms: Some(vec![
            Alarm { name: "high-iterator-age".into(), state: "ALARM".into(), reason: "1 out of 1 datapoints".into() },
            Alarm { name: "other".into(), state: "OK".into(), reason: String::new() },
        ]),
        warnings: vec![stacks::Warning::AlarmsUnheard("prod".parse().unwrap())],
        watermark: Some("2026-11-24T10:14".parse().unwrap()),
        pending: Some(0),
        failed: None,
        unread: Some(7),
        cost: Some(Cost { calls: 1_000_000, usd: 12.345, prices_of: "2026-11-23".into() }),
    }
}

#[test]
fn the_screen_shows_each_figure_and_a_dash_for_what_is_not_known() {
    let screen = snapshot().lines().join("\n");
    for part in [
        "test in ap-south-1, 2026-11-24 10:15:31 UTC",
        "CompliCal-Kinesis-test UPDATE_COMPLETE",
        "CompliCal-API-test not deployed",
        "provisioned, 2 shards, keeps 168 h",
        "incoming -, processed 12,345, failed -",
        "average 240 ms, p99 -, iterator age -",
        "stream-processor     invocations 3, errors -, throttled -",
        "ALARM high-iterator-age: 1 out of 1 datapoints",
        "warning    nobody hears the alarms of prod: ",
        "windows set up to 2026-11-24T10:14, 1 minute behind",
        "pending journals 0, ERRORS of the last hour -, records waiting 7",
        "12.35 $ this month for 1,000,000 calls",
    ] {
        assert!(screen.contains(part), "{part} is not on:\n{screen}");
    }
    assert!(snapshot().lines().len() <= 24, "it fits on one screen");
}

#[test]
fn without_a_stream_the_screen_says_how_calls_are_counted() {
    let quiet = Snapshot { stream: None, alarms: None, watermark: None, unread: None, cost: None, ..snapshot() };
    let screen = quiet.lines().join("\n");
    assert!(screen.contains("none: calls are counted synchronously"), "{screen}");
    assert!(screen.contains("no windows set yet"), "{screen}");
    assert!(!screen.contains("records waiting"), "{screen}");
}

#[test]
fn windows_that_were_closed_beyond_the_present_are_not_behind() {
    let closed = Snapshot { watermark: Some("2026-11-24T11:05".parse().unwrap()), ..snapshot() };
    assert_eq!(closed.watermark_lag(), Some(0));
}

#[test]
fn alarms_at_rest_are_one_line() {
    let mut quiet = snapshot();
    quiet.alarms = Some(vec![Alarm { name: "a".into(), state: "INSUFFICIENT_DATA".into(), reason: String::new() }]);
    assert!(quiet.lines().iter().any(|line| line.ends_with("none of 1 in ALARM (1 without data)")));
}

#[test]
fn the_document_has_null_for_what_is_not_known() {
    let document = snapshot().to_json();
    assert_eq!(document["lastHour"]["incomingRecords"], Value::Null);
    assert_eq!(document["lastHour"]["processedRecords"], 12_345.0);
    assert_eq!(document["watermarkLagMinutes"], 1);
    assert_eq!(document["stacks"][1]["status"], Value::Null);
    assert_eq!(document["stream"]["mode"], "PROVISIONED");
}
