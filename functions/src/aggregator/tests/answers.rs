//! What the gateway answered, in the windows that are set anyway.

use aws_sdk_dynamodb::config::Credentials;
use metering::performance::Performance;
use metering::total::Total;
use metering::usage::Usage;
use runtime_fixture::GatewayLog;
use store::table::Consistency;

use super::*;
use crate::access_log::AccessLog;

/// A world whose aggregator reads a log.
async fn world() -> (World, GatewayLog) {
    let (mut world, log) = (World::new().await, GatewayLog::start());
    let credentials = Credentials::new("test", "test", None, None, "test");
    let reader = AccessLog::new(Some(&log.endpoint_url), "ap-south-1", credentials, "/the/log".into());
    world.aggregator.status_source = Some(StatusSource::Poll(reader));
    (world, log)
}

async fn minute(world: &World, minute: &str) -> (Usage, Total) {
    let (span, windows) = (minute.parse::<Minute>().unwrap(), &world.aggregator.windows);
    let own = windows.minutes(&subject(USER), span.hour(), Consistency::Strong).await.unwrap();
    let usage = own.into_iter().find(|(at, _)| *at == span).map(|(_, usage)| usage).unwrap_or_default();
    let totals = windows.totals(Span::Minute(span), Span::Minute(span)).await.unwrap();
    (usage, totals.into_iter().next().map(|(_, total)| total).unwrap_or_default())
}

fn statuses(performance: &Performance) -> Vec<(&str, u64)> {
    performance.statuses.iter().map(|(status, calls)| (status, *calls)).collect()
}

#[tokio::test]
async fn an_answer_is_in_each_window_of_its_call_and_a_refusal_of_the_gateway_in_the_totals_alone() {
    let (world, log) = world().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    for (id, status) in [("1", 200), ("2", 404), ("3", 200)] {
        world.call(id, "2026-11-24T10:21:10Z", "2026-11-24T10:21:11Z").await;
        log.answered(id, at("2026-11-24T10:21:10Z"), status, 40);
    }
    // Of another minute, of no call, and of a minute in which nothing was called.
    log.answered("1", at("2026-11-24T10:22:10Z"), 500, 1);
    log.answered("other", at("2026-11-24T10:21:10Z"), 500, 1);
    log.refused(at("2026-11-24T10:21:20Z"), 429, "THROTTLED");
    log.refused(at("2026-11-24T10:25:20Z"), 403, "WAF_FILTERED");
    world.run(RunUntil::Settled, "2026-11-24T10:30:30Z").await;
    let (usage, total) = minute(&world, "2026-11-24T10:21").await;
    assert_eq!((usage.calls, statuses(&usage.performance)), (3, vec![("200", 2), ("404", 1)]));
    assert_eq!((total.calls, statuses(&total.performance)), (3, vec![("200", 2), ("404", 1)]));
    assert_eq!(total.performance.response.percentile_ms(50).map(f64::round), Some(40.0));
    assert_eq!(total.gateway.iter().collect::<Vec<_>>(), [("429 THROTTLED", &1)]);
    assert_eq!(minute(&world, "2026-11-24T10:25").await.1.gateway.iter().count(), 1);

    world.run(RunUntil::Settled, "2026-11-25T00:00:30Z").await;
    let day = Span::Day("2026-11-24".parse().unwrap());
    let (_, total) = world.aggregator.windows.totals(day, day).await.unwrap().remove(0);
    assert_eq!((total.calls, statuses(&total.performance)), (3, vec![("200", 2), ("404", 1)]));
    assert_eq!(total.gateway.iter().collect::<Vec<_>>(), [("403 WAF_FILTERED", &1), ("429 THROTTLED", &1)]);
}

#[tokio::test]
async fn a_minute_whose_answers_come_late_is_folded_again_after_five_minutes_and_after_an_hour() {
    let (world, log) = world().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    for id in ["1", "2", "3"] {
        world.call(id, "2026-11-24T10:21:10Z", "2026-11-24T10:21:11Z").await;
    }
    let known = async || {
        let (usage, total) = minute(&world, "2026-11-24T10:21").await;
        assert_eq!((usage.calls, total.calls, total.performance.known()), (3, 3, usage.performance.known()));
        usage.performance.known()
    };
    world.run(RunUntil::Settled, "2026-11-24T10:22:30Z").await;
    assert_eq!(known().await, 0);
    log.answered("1", at("2026-11-24T10:21:10Z"), 200, 1);
    for (now, expected) in [("10:25:30", 0), ("10:27:30", 1), ("10:28:30", 1)] {
        world.run(RunUntil::Settled, &format!("2026-11-24T{now}Z")).await;
        assert_eq!(known().await, expected, "{now}");
    }
    log.answered("2", at("2026-11-24T10:21:10Z"), 200, 1);
    world.run(RunUntil::Settled, "2026-11-24T11:22:30Z").await;
    assert_eq!(known().await, 2);
    // The hour is over and has it too.
    let hour = Span::Hour("2026-11-24T10".parse().unwrap());
    let (_, total) = world.aggregator.windows.totals(hour, hour).await.unwrap().remove(0);
    assert_eq!((total.calls, total.performance.known()), (3, 2));
}

#[tokio::test]
async fn a_fold_that_knows_less_undoes_nothing() {
    let (mut world, log) = world().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    world.call("1", "2026-11-24T10:21:10Z", "2026-11-24T10:21:11Z").await;
    log.answered("1", at("2026-11-24T10:21:10Z"), 200, 1);
    world.run(RunUntil::Settled, "2026-11-24T10:22:30Z").await;
    log.clear();
    // The same call comes again and has its minute folded, of which nothing can be read.
    world.call("1", "2026-11-24T10:21:10Z", "2026-11-24T10:23:11Z").await;
    world.run(RunUntil::Settled, "2026-11-24T10:24:30Z").await;
    let (usage, total) = minute(&world, "2026-11-24T10:21").await;
    assert_eq!((usage.performance.known(), total.performance.known(), total.calls), (1, 1, 1));
    world.aggregator.status_source = None;
    world.call("2", "2026-11-24T10:21:10Z", "2026-11-24T10:25:11Z").await;
    world.run(RunUntil::Settled, "2026-11-24T10:26:30Z").await;
    assert_eq!(minute(&world, "2026-11-24T10:21").await.1.calls, 2);
}
