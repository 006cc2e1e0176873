//! Alerts that a quota will run out: by the forecast, once, whoever looks and whenever it is killed.

use dynamodb_fixture::Fault;
use metering::alert::{Alert, Kind, RUN_OUT_TYPE};
use metering::fold::UsageBySubject;
use metering::quota::Quota;
use metering::usage::Usage;
use metering::window::Hour;
use serde_json::Value;
use store::keys::Keys;
use store::users::UserSettings;

use super::alerting::{TAKEN, message, world_with_topic};
use super::*;
use crate::signed_request::fake::Fake;

/// To where calls are played.
const FROM: &str = "2026-11-24T13";
const RUN: &str = "2026-11-24T13:06:30Z";
/// When no claim of that run is good any more.
const LATER: &str = "2026-11-24T13:09:30Z";

/// A world in which a user with such a quota has called ten times an hour for 30 days, and was told that half is used.
async fn world(quota: u64) -> (World, Fake) {
    let (mut world, sns) = world_with_topic(&[TAKEN]).await;
    let keys = contract::name::keys_table(&contract::Environment::default());
    let keys = Keys::new(Table::new(world.store.client(), keys));
    let (user, from) = (USER.parse().unwrap(), FROM.parse::<Hour>().unwrap());
    let settings = UserSettings { monthly_quota: Some(quota.try_into().unwrap()), ..UserSettings::default() };
    keys.set_user(&user, &settings).await.unwrap();
    let ten = Usage { calls: 10, events: 10, ..Usage::default() };
    for day in from.day().plus(-30).through(from.day()) {
        let mut fold = UsageBySubject::default();
        let hours = day.first_hour().through(day.last_hour()).filter(|hour| *hour < from);
        hours.for_each(|hour| fold.add_part(u8::try_from(hour.of_day()).unwrap(), subject(USER), &ten));
        let through = day.last_hour().last_minute().min(from.first_minute().plus(-1));
        world.aggregator.windows.set_day(day, through, &fold).await.unwrap();
    }
    world.aggregator.watermark.begin(from.first_minute().plus(4)).await.unwrap();
    let half = Quota { used: quota / 2, limit: quota };
    let half = Alert { user_email: user, kind: Kind::Threshold(50), quota: half, at: at("2026-11-20T10:00:00Z") };
    let made = world.aggregator.notices.make([vec![half]], at("2026-11-20T10:00:00Z")).await.unwrap();
    world.aggregator.notices.sent(&made[0], at("2026-11-20T10:00:00Z")).await.unwrap();
    world.aggregator.keys = Some(keys);
    (world, sns)
}

/// Another process of the same aggregator.
fn another(world: &World) -> Aggregator {
    Aggregator { foreseen_in: Arc::default(), watches: Arc::default(), ..world.aggregator.clone() }
}

fn sent(sns: &Fake) -> Vec<Value> {
    sns.requests().iter().map(|request| message(&request.body)).collect()
}

#[tokio::test]
async fn a_quota_that_will_run_out_is_told_of_once_in_whatever_process_and_hour() {
    let (world, sns) = world(6_000).await;
    world.run(RunUntil::Settled, RUN).await;
    let [event] = &sent(&sns)[..] else { panic!("{:?}", sent(&sns)) };
    assert_eq!((&event["type"], &event["subject"]), (&RUN_OUT_TYPE.into(), &USER.into()));
    // Ten calls an hour: 5,650 of 6,000 are used, and the others are in 35 hours.
    let data = &event["data"];
    assert_eq!((&data["used"], &data["limit"], &data["remaining"]), (&5_650.into(), &6_000.into(), &350.into()));
    let runs_out: Timestamp = data["runsOutAt"].as_str().unwrap().parse().unwrap();
    assert!(runs_out.duration_since(at("2026-11-26T00:00:00Z")).as_hours().abs() <= 2, "{runs_out}");
    for now in [LATER, "2026-11-24T14:06:30Z", "2026-11-25T00:06:30Z"] {
        world.run(RunUntil::Settled, now).await;
        another(&world).run(RunUntil::Settled, || at(now)).await.unwrap();
    }
    assert_eq!(sent(&sns).len(), 1);
}

#[tokio::test]
async fn a_quota_that_lasts_is_told_of_by_nobody_and_neither_is_one_that_is_used_up() {
    for quota in [10_000, 5_600] {
        let (world, sns) = world(quota).await;
        world.run(RunUntil::Settled, RUN).await;
        assert_eq!(sent(&sns), [] as [Value; 0], "of {quota}");
    }
}

#[tokio::test]
async fn who_has_a_greater_quota_by_now_is_not_told() {
    let (world, sns) = world(6_000).await;
    let greater = UserSettings { monthly_quota: Some(20_000.try_into().unwrap()), ..UserSettings::default() };
    world.aggregator.keys.as_ref().unwrap().set_user(&USER.parse().unwrap(), &greater).await.unwrap();
    world.run(RunUntil::Settled, RUN).await;
    assert_eq!(sent(&sns), [] as [Value; 0]);
}

#[tokio::test]
async fn a_run_killed_at_any_request_leaves_the_alert_to_a_later_one_which_repeats_it_only_with_its_id() {
    let mut repeated = 0;
    for request in 0.. {
        let (world, sns) = world(6_000).await;
        world.store.plan([(request, Fault::Die)]);
        let _ = world.aggregator.run(RunUntil::Settled, || at(RUN)).await;
        let died = world.store.is_dead();
        world.store.revive();
        another(&world).run(RunUntil::Settled, || at(LATER)).await.unwrap();
        let sent = sent(&sns);
        assert!(
            !sent.is_empty() && sent.iter().all(|event| event["id"] == sent[0]["id"]),
            "killed at {request}: {sent:?}"
        );
        assert!(sent.len() == 1 || died, "{sent:?}");
        repeated += sent.len() - 1;
        if !died {
            break;
        }
    }
    assert!(repeated > 0, "no run was killed between sending and noting it");
}
