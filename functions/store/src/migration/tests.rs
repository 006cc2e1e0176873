//! Tables as an earlier deployment left them, before and after.

use dynamodb_fixture::Fixture;
use jiff::Timestamp;
use metering::fold::UsageBySubject;
use metering::key;
use metering::usage::Usage;
use metering::window::Day;

use super::*;
use crate::blocks::Blocks;
use crate::history::{Freshness, Histories};
use crate::keys::NewKey;
use crate::live::Live;
use crate::table::Consistency;
use crate::users::UserSettings;
use crate::watermark::Watermark;

const NOW: &str = "2026-11-26T10:15:30Z";
const ALICE: &str = "alice@example.com";
const FORMERLY_ALICE: &str = "Alice@Example.com";

struct World {
    _fixture: Fixture,
    keys: Keys,
    usage: Table,
    windows: Windows,
    histories: Histories,
}

impl World {
    async fn new() -> Self {
        let fixture = Fixture::start().await;
        let table = |name| Table::new(fixture.client.clone(), name);
        let (analytics, usage) = (table(fixture.analytics_table()), table(fixture.usage_table()));
        let windows = Windows::new(analytics.clone(), usage.clone());
        let histories =
            Histories::new(Live::new(Blocks::new(analytics.clone())), windows.clone(), Watermark::new(analytics));
        Self { keys: Keys::new(table(fixture.keys_table())), usage, windows, histories, _fixture: fixture }
    }

    async fn migrate(&self) -> Migrated {
        migrate(&self.keys, &self.usage, &self.windows).await.unwrap()
    }

    /// A key as it was stored: with its owner's name as it was typed, and for ever.
    async fn key(&self, key: &str, id: &str, owner: &str) {
        let texts = [
            (PK, format!("KEY#{}", key::hash(key))),
            (SK, "KEY".into()),
            ("apiKeyId", id.into()),
            (USER_EMAIL, owner.into()),
            ("createdAt", "2026-11-01T00:00:00.000Z".into()),
            ("expiresAt", "2026-12-01T00:00:00.000Z".into()),
        ];
        self.put(texts.map(|(name, value)| (name.to_owned(), text(value))).into()).await;
    }

    async fn user(&self, email: &str, company: Option<&str>, quota: Option<u64>) {
        let mut item = Item::from([(PK.into(), text(format!("USER#{email}"))), (SK.into(), text("USER"))]);
        item.extend(company.map(|company| ("companyName".to_owned(), text(company))));
        item.extend(quota.map(|quota| ("monthlyQuota".to_owned(), number(quota))));
        self.put(item).await;
    }

    async fn put(&self, item: Item) {
        self.keys.table.put_all([item]).await.unwrap();
    }

    /// Has something counted on a day of November.
    async fn counted(&self, day: i8, subject: Subject, calls: u64, auth_failures: u64) {
        let day: Day = format!("2026-11-{day:02}").parse().unwrap();
        let mut fold = UsageBySubject::default();
        fold.add(subject, &Usage { events: calls + auth_failures, calls, auth_failures, ..Usage::default() });
        self.windows.set_day(day, day.last_hour().last_minute(), &fold).await.unwrap();
    }

    /// Calls of a user, under every spelling, and their failed calls.
    async fn sum(&self, email: &str) -> (u64, u64) {
        let email: Email = email.parse().unwrap();
        let user = self.keys.user(&email).await.unwrap();
        let (mut calls, mut failures) = (0, 0);
        for name in [email].into_iter().chain(user.formerly) {
            let history = self.histories.read(&Subject::User(name), None, now(), Freshness::Blocks).await.unwrap();
            calls += history.sum().calls;
            failures += history.sum().auth_failures + history.failures_by_key;
        }
        (calls, failures)
    }
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn named(email: &str) -> Subject {
    Subject::User(Email::as_stored(email))
}

#[tokio::test]
async fn two_spellings_become_one_person_with_one_quota_and_one_statistics() {
    let world = World::new().await;
    world.user(FORMERLY_ALICE, Some("Example"), Some(5)).await;
    world.key("ck_1", "k_1", FORMERLY_ALICE).await;
    world.key("ck_2", "k_2", ALICE).await;
    world.counted(24, named(FORMERLY_ALICE), 3, 0).await;
    world.counted(24, named(ALICE), 7, 0).await;
    let migrated = world.migrate().await;
    assert_eq!((migrated.keys, migrated.users), (1, 1));
    let alice: Email = ALICE.parse().unwrap();
    let user = world.keys.known_user(&alice).await.unwrap().unwrap();
    assert_eq!((user.company_name.as_deref(), user.monthly_quota.calls()), (Some("Example"), 5));
    assert_eq!(user.formerly, [Email::as_stored(FORMERLY_ALICE)]);
    assert_eq!(world.keys.keys_of(&alice).await.unwrap().len(), 2);
    let old = world.keys.table.get("USER#Alice@Example.com", "USER", Consistency::Strong).await.unwrap();
    assert_eq!((old, world.sum(ALICE).await), (None, (10, 0)));
}

#[tokio::test]
async fn what_is_set_under_the_one_spelling_stays_and_only_the_rest_is_taken_over() {
    let world = World::new().await;
    world.user(ALICE, None, Some(7)).await;
    world.user(FORMERLY_ALICE, Some("Example"), Some(5)).await;
    world.user("ALICE@EXAMPLE.COM", None, None).await;
    assert_eq!(world.migrate().await.users, 2);
    let user = world.keys.user(&ALICE.parse().unwrap()).await.unwrap();
    assert_eq!((user.company_name.as_deref(), user.monthly_quota.calls()), (Some("Example"), 7));
    assert_eq!(user.formerly, ["ALICE@EXAMPLE.COM", FORMERLY_ALICE].map(Email::as_stored));
    assert_eq!(world.keys.users().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_usage_of_a_user_without_an_item_is_found_through_their_keys() {
    let world = World::new().await;
    world.key("ck_1", "k_1", FORMERLY_ALICE).await;
    world.counted(24, named(FORMERLY_ALICE), 3, 0).await;
    world.migrate().await;
    assert_eq!(world.sum(ALICE).await, (3, 0));
    let user = world.keys.user(&ALICE.parse().unwrap()).await.unwrap();
    assert_eq!(user.monthly_quota, metering::quota::MonthlyQuota::default());
}

#[tokio::test]
async fn failures_counted_by_key_are_their_owners_once_however_often_it_runs() {
    let world = World::new().await;
    world.key("ck_1", "k_1", ALICE).await;
    world.key("ck_2", "k_2", ALICE).await;
    for (day, id, failures) in [(3, "k_1", 2), (24, "k_1", 3), (24, "k_2", 4), (24, "k_of_nobody", 9)] {
        world.counted(day, Subject::Key(id.into()), 0, failures).await;
    }
    assert_eq!(world.migrate().await.failures, 2);
    assert_eq!(world.sum(ALICE).await, (0, 9));
    assert_eq!(world.migrate().await.failures, 0);
    // A failure that was on its way when the new deployment came.
    world.counted(25, Subject::Key("k_1".into()), 0, 1).await;
    assert_eq!(world.migrate().await.failures, 1);
    assert_eq!(world.sum(ALICE).await, (0, 10));
}

#[tokio::test]
async fn a_key_of_an_earlier_deployment_leaves_the_table_after_its_end() {
    let world = World::new().await;
    world.key("ck_1", "k_1", ALICE).await;
    assert_eq!(world.migrate().await, Migrated { expiring: 1, ..Migrated::default() });
    let item = world.keys.table.get(&format!("KEY#{}", key::hash("ck_1")), "KEY", Consistency::Strong).await.unwrap();
    assert_eq!(integer(&item.unwrap(), TTL), Some(after_days("2026-12-01T00:00:00Z".parse().unwrap(), KEPT_DAYS)));
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_neither_does_the_first_on_tables_of_today() {
    let world = World::new().await;
    let alice: Email = ALICE.parse().unwrap();
    let settings = UserSettings { company_name: Some("Example".into()), ..UserSettings::default() };
    world.keys.create_user(&alice, &settings).await.unwrap();
    let expires_at = "2027-01-01T00:00:00Z".parse().unwrap();
    let new = NewKey {
        key: "ck_1",
        id: "k_1",
        name: "n",
        user_email: &alice,
        company_name: None,
        created_at: now(),
        expires_at,
    };
    world.keys.create_key(&new).await.unwrap();
    assert!(world.migrate().await.is_nothing());
    world.user(FORMERLY_ALICE, None, Some(5)).await;
    world.key("ck_2", "k_2", FORMERLY_ALICE).await;
    assert!(!world.migrate().await.is_nothing());
    assert!(world.migrate().await.is_nothing());
}

#[tokio::test]
async fn an_item_that_cannot_be_read_stays_and_stops_nothing() {
    let world = World::new().await;
    world.put(Item::from([(PK.into(), text("KEY#broken")), (SK.into(), text("KEY"))])).await;
    world.put(Item::from([(PK.into(), text("USER# ")), (SK.into(), text("USER"))])).await;
    world.key("ck_1", "k_1", FORMERLY_ALICE).await;
    assert_eq!(world.migrate().await.keys, 1);
    assert!(world.keys.table.get("KEY#broken", "KEY", Consistency::Strong).await.unwrap().is_some());
}
