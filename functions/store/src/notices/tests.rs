//! Alerts on a real DynamoDB: who makes one, who sends it, and when again.

use contract::plan::THRESHOLDS;
use dynamodb_fixture::Store;

use super::*;

async fn notices() -> (Store, Notices) {
    let store = Store::new().await;
    let usage = contract::name::usage_table(&contract::Environment::default());
    let notices = Notices::new(Table::new(store.client(), usage));
    (store, notices)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn alerts(user: &str, through: u64) -> Vec<Alert> {
    let alert = |threshold| Alert {
        user_email: user.parse().unwrap(),
        kind: Kind::Threshold(threshold),
        quota: Quota { used: through, limit: 100 },
        at: at("2026-11-24T10:15:07Z"),
    };
    THRESHOLDS.into_iter().filter(|threshold| *threshold <= through).map(alert).collect()
}

const NOW: &str = "2026-11-24T10:17:00Z";
const SOON: &str = "2026-11-24T10:18:00Z";
const LATER: &str = "2026-11-24T10:19:00Z";

#[tokio::test]
async fn an_alert_is_made_once_and_making_it_again_writes_nothing() {
    let (store, notices) = notices().await;
    let both = || [alerts("a@b.au", 80), alerts("b@b.au", 50)];
    assert_eq!(notices.make(both(), at(NOW)).await.unwrap().len(), 3);
    store.reset_meter();
    assert_eq!(notices.make(both(), at(LATER)).await.unwrap(), []);
    assert_eq!((store.spent().writes, store.spent().requests), (0, 1));
    let more = notices.make([alerts("a@b.au", 95)], at(LATER)).await.unwrap();
    assert_eq!(more.iter().map(|claim| claim.alert().kind.threshold().unwrap()).collect::<Vec<_>>(), [90, 95]);
}

#[tokio::test]
async fn only_one_has_a_claim_and_nobody_has_one_on_what_was_sent() {
    let (_store, notices) = notices().await;
    let made = notices.make([alerts("a@b.au", 80)], at(NOW)).await.unwrap();
    assert_eq!(notices.claim(at(SOON)).await.unwrap(), []);
    notices.sent(&made[0], at(SOON)).await.unwrap();
    let claimed = notices.claim(at(LATER)).await.unwrap();
    assert_eq!(claimed, made[1..]);
    assert_eq!(notices.claim(at(LATER)).await.unwrap(), []);
    notices.sent(&claimed[0], at(LATER)).await.unwrap();
    assert_eq!(notices.claim(at("2026-11-25T00:00:00Z")).await.unwrap(), []);
}

#[tokio::test]
async fn a_user_has_the_alerts_of_a_month_lowest_threshold_first() {
    let (_store, notices) = notices().await;
    let made = notices.make([alerts("a@b.au", 100), alerts("b@b.au", 50)], at(NOW)).await.unwrap();
    let last = made.iter().find(|claim| claim.alert().kind == Kind::Threshold(100)).unwrap();
    notices.sent(last, at(SOON)).await.unwrap();
    let of = async |month: &str| {
        let month = Month::of(at(month));
        notices.of_month(&"a@b.au".parse().unwrap(), month).await.unwrap()
    };
    let november = of("2026-11-01T00:00:00Z").await;
    assert_eq!(november.iter().map(|notice| notice.alert.clone()).collect::<Vec<_>>(), alerts("a@b.au", 100));
    let sent: Vec<_> = november.iter().map(|notice| notice.sent_at).collect();
    assert_eq!(sent, [None, None, None, None, Some(at(SOON))]);
    assert_eq!(of("2026-12-01T00:00:00Z").await, []);
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_holds_up_no_other() {
    let (_store, notices) = notices().await;
    let damaged = [(PK, "USER#a@b.au"), (SK, "2026-11#NOTICE#050"), (PENDING, UNSENT)];
    notices.usage.put_all([damaged.map(|(name, value)| (name.to_owned(), text(value))).into()]).await.unwrap();
    let made = notices.make([alerts("b@b.au", 50)], at(NOW)).await.unwrap();
    assert_eq!(notices.claim(at(LATER)).await.unwrap(), made);
}

#[tokio::test]
async fn who_was_alerted_is_watched_until_told_that_the_quota_will_run_out_which_is_made_once() {
    let (_store, notices) = notices().await;
    notices.make([alerts("a@b.au", 80), alerts("b@b.au", 50), alerts("c@b.au", 100)], at(NOW)).await.unwrap();
    let month = Month::of(at(NOW));
    let watched = async || notices.watched(month).await.unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    // Nothing is left to run out of the third quota.
    assert_eq!(watched().await, ["a@b.au", "b@b.au"]);
    let of_first = async || notices.of_month(&"a@b.au".parse().unwrap(), month).await.unwrap();
    assert_eq!(of_first().await.len(), 2);
    let run_out = |at: &str| Alert {
        kind: Kind::RunOut("2026-11-28T07".parse().unwrap()),
        at: at.parse().unwrap(),
        ..alerts("a@b.au", 80).remove(0)
    };
    let made = notices.make_run_out(run_out(NOW), at(NOW)).await.unwrap().unwrap();
    assert_eq!(notices.make_run_out(run_out(SOON), at(SOON)).await.unwrap(), None);
    notices.make([alerts("a@b.au", 90)], at(SOON)).await.unwrap();
    assert_eq!(watched().await, ["b@b.au"]);
    assert!(notices.claim(at(LATER)).await.unwrap().contains(&made), "one that was not sent is sent by a later run");
    notices.sent(&made, at(LATER)).await.unwrap();
    let last = of_first().await.pop().unwrap();
    assert_eq!((last.alert, last.sent_at), (run_out(NOW), Some(at(LATER))));
    assert_eq!(watched().await, ["b@b.au"]);
}
