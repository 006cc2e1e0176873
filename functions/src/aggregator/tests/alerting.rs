//! Alerts of the aggregator: each sent once, whatever comes again, whoever else runs, and whenever it is killed.

use std::collections::BTreeMap;

use aws_lambda_events::query_map::QueryMap;
use aws_sdk_dynamodb::config::Credentials;
use dynamodb_fixture::Fault;
use serde_json::{Value, json};

use super::*;
use crate::alerts_topic::AlertsTopic;
use crate::signed_request::fake::{Fake, SILENCE};

pub(super) const TAKEN: (u16, &str) = (200, "<PublishResponse/>");
const REFUSED: (u16, &str) = (500, "<ErrorResponse/>");
const BEGIN: &str = "2026-11-30T23:15:20Z";
const RUN: &str = "2026-11-30T23:16:30Z";
/// When no claim of that run is good any more.
const LATER: &str = "2026-11-30T23:19:30Z";

/// A world whose aggregator has a topic and has run once, and the topic.
async fn world(answers: &[(u16, &'static str)]) -> (World, Fake) {
    let (world, sns) = world_with_topic(answers).await;
    world.run(RunUntil::Settled, BEGIN).await;
    (world, sns)
}

pub(super) async fn world_with_topic(answers: &[(u16, &'static str)]) -> (World, Fake) {
    let mut world = World::new().await;
    let (sns, url) = Fake::start(answers.iter().copied()).await;
    let credentials = Credentials::new("test", "test", None, None, "test");
    let topic = AlertsTopic::new(Some(&url), "ap-south-1", credentials, "arn".into(), "/test".into());
    world.aggregator.topic = Some(topic);
    (world, sns)
}

/// Commits an event that tells of a quota of a hundred calls.
async fn tell(world: &World, user: &str, used: u64, made: &str) {
    let event = json!({"eventType": "USAGE_THRESHOLD", "requestId": format!("{used}"), "timestamp": made,
        "userEmail": user, "threshold": 50, "usage": used, "limit": 100});
    let data = event.to_string().into_bytes();
    let record = Record { data: &data, arrived_at: at(made), shard_id: "s", sequence_number: "1" };
    world.aggregator.blocks.commit(&Batch::of([record]), || at(made)).await.unwrap();
}

pub(super) fn message(form: &[u8]) -> Value {
    let form: QueryMap = std::str::from_utf8(form).unwrap().parse().unwrap();
    serde_json::from_str(form.first("Message").unwrap()).unwrap()
}

/// How often each alert was sent, by user, month and threshold; and that its id is one of its own.
pub(super) fn sent(sns: &Fake) -> BTreeMap<String, usize> {
    let (mut sent, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for request in sns.requests() {
        let event = message(&request.body);
        let (user, data) = (event["subject"].as_str().unwrap(), &event["data"]);
        let month = &data["period"]["start"].as_str().unwrap()[..7];
        let alert = format!("{user} {month} {}", data["threshold"]);
        *sent.entry(alert.clone()).or_default() += 1;
        assert_eq!(*ids.entry(event["id"].to_string()).or_insert_with(|| alert.clone()), alert);
    }
    assert_eq!(ids.len(), sent.len());
    sent
}

fn each_once(of: &[(&str, &[u64])]) -> BTreeMap<String, usize> {
    let of_user = |(user, thresholds): &(&str, &[u64])| -> Vec<_> {
        thresholds.iter().map(|threshold| (format!("{user} 2026-11 {threshold}"), 1)).collect()
    };
    of.iter().flat_map(of_user).collect()
}

#[tokio::test]
async fn a_threshold_is_told_once_though_its_event_comes_again_in_any_minute_and_a_jump_is_told_one_by_one() {
    let (world, sns) = world(&[TAKEN]).await;
    tell(&world, USER, 51, "2026-11-30T23:15:10Z").await;
    world.run(RunUntil::Settled, RUN).await;
    assert_eq!(sent(&sns), each_once(&[(USER, &[50])]));
    // The same event again, one of another instance, and one past three further thresholds.
    for (used, made) in [(51, "2026-11-30T23:15:10Z"), (52, "2026-11-30T23:17:10Z"), (95, "2026-11-30T23:17:20Z")] {
        tell(&world, USER, used, made).await;
    }
    for now in [LATER, "2026-11-30T23:22:30Z", "2026-11-30T23:50:30Z"] {
        world.run(RunUntil::Settled, now).await;
        assert_eq!(sent(&sns), each_once(&[(USER, &[50, 80, 90, 95])]), "at {now}");
    }
    tell(&world, USER, 50, "2026-12-01T00:00:10Z").await;
    world.run(RunUntil::Settled, "2026-12-01T00:02:30Z").await;
    let mut both = each_once(&[(USER, &[50, 80, 90, 95])]);
    both.insert(format!("{USER} 2026-12 50"), 1);
    assert_eq!(sent(&sns), both);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_aggregators_send_an_alert_once_whenever_the_other_runs() {
    for request in 0.. {
        let (world, sns) = world(&[TAKEN]).await;
        tell(&world, USER, 82, "2026-11-30T23:15:10Z").await;
        tell(&world, "b@b.au", 50, "2026-11-30T23:15:20Z").await;
        let other = world.aggregator.clone();
        world.store.before(request, move || {
            let run = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(other.run(RunUntil::Settled, || at(RUN))).unwrap();
            };
            std::thread::spawn(run).join().unwrap();
        });
        world.run(RunUntil::Settled, RUN).await;
        world.run(RunUntil::Settled, LATER).await;
        assert_eq!(sent(&sns), each_once(&[(USER, &[50, 80]), ("b@b.au", &[50])]), "before request {request}");
        if !world.store.has_happened() {
            assert!(request > 30, "a run asks more than {request} times");
            break;
        }
    }
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_request_loses_no_alert_and_repeats_only_what_it_could_not_note() {
    let mut repeated = 0;
    for request in 0.. {
        let (world, sns) = world(&[TAKEN]).await;
        tell(&world, USER, 82, "2026-11-30T23:15:10Z").await;
        world.store.plan([(request, Fault::Die)]);
        let run = world.aggregator.run(RunUntil::Settled, || at(RUN)).await;
        let (died, before) = (world.store.is_dead(), sns.requests().len());
        world.store.revive();
        world.run(RunUntil::Settled, LATER).await;
        let sent = sent(&sns);
        assert!(sent.keys().eq(each_once(&[(USER, &[50, 80])]).keys()), "killed at {request}: {sent:?} {run:?}");
        let all = sent.values().sum::<usize>();
        assert!(all == 2 || (died && before > 0 && all <= 4), "killed at {request}: {sent:?}");
        repeated += all - 2;
        if !died {
            break;
        }
    }
    assert!(repeated > 0, "no run was killed between sending and noting it");
}

#[tokio::test]
async fn an_alert_that_sns_refuses_holds_up_no_other_and_is_sent_by_a_later_run_with_its_id() {
    let (world, sns) = world(&[REFUSED, TAKEN]).await;
    tell(&world, USER, 91, "2026-11-30T23:15:10Z").await;
    world.run(RunUntil::Settled, RUN).await;
    assert_eq!((sns.requests().len(), sent(&sns).len()), (3, 3));
    world.run(RunUntil::Settled, LATER).await;
    let refused = message(&sns.requests()[0].body);
    assert_eq!(sns.requests()[3..].iter().map(|again| message(&again.body)).collect::<Vec<_>>(), [refused]);
    world.run(RunUntil::Settled, "2026-11-30T23:25:30Z").await;
    assert_eq!(sns.requests().len(), 4);
}

#[tokio::test]
async fn a_topic_that_does_not_answer_holds_up_no_window() {
    let (world, sns) = world(&[SILENCE]).await;
    world.call("1", "2026-11-30T23:15:05Z", "2026-11-30T23:15:05Z").await;
    for n in 0..30 {
        tell(&world, &format!("{n}@b.au"), 100, "2026-11-30T23:15:10Z").await;
    }
    let reached = world.run(RunUntil::Settled, RUN).await;
    assert_eq!((reached.watermark, reached.done), (last_settled(at(RUN)), true));
    assert_eq!((world.calls(RUN).await, sns.requests().len()), (1, 10), "it is waited for once, and then left alone");
}

#[tokio::test]
async fn an_alert_that_cannot_be_stored_is_made_by_a_later_run() {
    let (world, sns) = world(&[TAKEN]).await;
    tell(&world, USER, 50, "2026-11-30T23:15:10Z").await;
    world.store.refuse("#NOTICE#", dynamodb_fixture::Refusal::Invalid);
    world.run(RunUntil::Settled, RUN).await;
    assert_eq!((sns.requests().len(), world.aggregator.failed.items().await.unwrap().len()), (0, 1));
    world.store.accept();
    world.run(RunUntil::Settled, "2026-11-30T23:17:30Z").await;
    assert_eq!(sent(&sns), each_once(&[(USER, &[50])]));
    assert!(world.aggregator.failed.items().await.unwrap().is_empty());
}
