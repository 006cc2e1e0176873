//! What the gateway answered, from deliveries of its access log as CloudWatch Logs makes them.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use metering::total::Total;
use serde_json::json;

use super::*;

const MINUTE: &str = "2026-11-24T10:21";

async fn world() -> World {
    let mut world = World::new().await;
    world.aggregator.status_source = Some(StatusSource::Subscription(world.aggregator.lines.clone()));
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    for id in ["1", "2", "3"] {
        world.call(id, "2026-11-24T10:21:10Z", "2026-11-24T10:21:11Z").await;
    }
    world
}

/// A line about a call, or about none where its id is `-`.
fn line(id: &str, call: &str, made: &str, status: u16) -> Value {
    let message = json!({
        "callId": call, "time": at(made).as_millisecond().to_string(), "status": status.to_string(),
        "responseType": if call == "-" { "THROTTLED" } else { "-" }, "responseLatency": "40",
    });
    json!({ "id": id, "timestamp": at(made).as_millisecond() + 40, "message": message.to_string() })
}

/// An event as CloudWatch Logs sends it.
fn delivery(kind: &str, lines: &[Value]) -> Value {
    let data = json!({
        "messageType": kind, "owner": "123456789012", "logGroup": "/complical/test/access", "logStream": "s",
        "subscriptionFilters": ["AccessLogsToAggregator"], "logEvents": lines,
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(data.to_string().as_bytes()).unwrap();
    json!({ "awslogs": { "data": STANDARD.encode(gzip.finish().unwrap()) } })
}

async fn deliver(world: &World, kind: &str, lines: &[Value]) {
    let handled = world.aggregator.handle(&delivery(kind, lines), || at("2026-11-24T10:22:00Z")).await;
    assert_eq!(handled.unwrap(), None, "a delivery is no run");
}

async fn total(world: &World) -> Total {
    let span = Span::Minute(MINUTE.parse().unwrap());
    world.aggregator.windows.totals(span, span).await.unwrap().remove(0).1
}

#[tokio::test]
async fn a_line_counts_once_however_often_and_in_whatever_cut_it_is_delivered() {
    let world = world().await;
    let lines = [
        line("a", "1", "2026-11-24T10:21:10Z", 200),
        line("b", "2", "2026-11-24T10:21:10Z", 404),
        line("c", "-", "2026-11-24T10:21:20Z", 429),
        line("d", "-", "2026-11-24T10:21:20Z", 429),
        line("e", "3", "2026-11-24T10:22:01Z", 500),
        json!({ "id": "f", "timestamp": 1, "message": "no line of ours" }),
    ];
    deliver(&world, "CONTROL_MESSAGE", &[json!({ "id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE" })]).await;
    deliver(&world, "DATA_MESSAGE", &lines).await;
    deliver(&world, "DATA_MESSAGE", &lines).await;
    deliver(&world, "DATA_MESSAGE", &lines[1..3]).await;
    world.run(RunUntil::Settled, "2026-11-24T10:22:30Z").await;
    let total = total(&world).await;
    let statuses: Vec<_> = total.performance.statuses.iter().collect();
    assert_eq!((total.calls, statuses), (3, vec![("200", &1), ("404", &1)]), "a line is of its own minute");
    assert_eq!(total.gateway.iter().collect::<Vec<_>>(), [("429 THROTTLED", &2)]);
}

#[tokio::test]
async fn lines_that_come_late_are_known_when_the_minute_is_folded_again() {
    let world = world().await;
    world.run(RunUntil::Settled, "2026-11-24T10:22:30Z").await;
    deliver(&world, "DATA_MESSAGE", &[line("a", "1", "2026-11-24T10:21:10Z", 200)]).await;
    for (now, known) in [("10:25:30", 0), ("10:27:30", 1), ("10:40:30", 1)] {
        world.run(RunUntil::Settled, &format!("2026-11-24T{now}Z")).await;
        assert_eq!(total(&world).await.performance.known(), known, "{now}");
    }
    deliver(&world, "DATA_MESSAGE", &[line("b", "2", "2026-11-24T10:21:10Z", 200)]).await;
    world.run(RunUntil::Settled, "2026-11-24T11:22:30Z").await;
    assert_eq!(total(&world).await.performance.known(), 2);
}

#[tokio::test]
async fn a_delivery_of_thousands_of_lines_is_kept_and_one_that_cannot_be_read_is_an_error() {
    let world = world().await;
    let lines: Vec<_> = (0..2_000).map(|n| line(&format!("{n:056}"), "-", "2026-11-24T10:21:20Z", 429)).collect();
    deliver(&world, "DATA_MESSAGE", &lines).await;
    world.run(RunUntil::Settled, "2026-11-24T10:22:30Z").await;
    assert_eq!(total(&world).await.gateway.iter().collect::<Vec<_>>(), [("429 THROTTLED", &2_000)]);
    for event in [json!({ "awslogs": {} }), json!({ "awslogs": { "data": "AAAA" } })] {
        let handled = world.aggregator.handle(&event, || at("2026-11-24T10:22:00Z")).await;
        assert!(matches!(handled, Err(HandlingError::Delivery(_))), "{handled:?}");
    }
    let run = world.aggregator.handle(&json!({ "close": true }), || at("2026-11-24T10:23:30Z")).await.unwrap();
    assert_eq!(run.map(|reached| reached.watermark), Some("2026-11-24T10:23".parse().unwrap()));
}
