//! Reports of what the aggregator has counted, kept in an S3 and announced on an SNS of a few lines.

use std::collections::BTreeMap;

use aws_lambda_events::query_map::QueryMap;
use aws_sdk_dynamodb::config::Credentials;
use dynamodb_fixture::Store;
use metering::batch::Batch;
use metering::block::Block;
use metering::event::Event;
use runtime_fixture::Bucket as S3;
use serde_json::{Value, json};
use store::table::Table;

use super::*;
use crate::aggregator::{Aggregator, RunUntil};
use crate::metrics::Metrics;
use crate::signed_request::fake::{Asked, Fake};
use crate::topic::Topic;

/// When the schedule calls, on a Thursday.
const AT: &str = "2026-11-26T01:15:00Z";
const USERS: [(&str, &str); 3] = [("ada@a.example", "A"), ("bo@a.example", "A"), ("=cy@c.example", "=C & Sons")];
const SUBSCRIBED: &str = "<entry><key>SubscriptionsConfirmed</key><value>1</value></entry>";
const REFUSAL: &str = "<Error><Code>ServiceUnavailable</Code></Error>";
const ALONE: &str = "<entry><key>SubscriptionsConfirmed</key><value>0</value></entry>";

struct World {
    aggregator: Aggregator,
    reports: UsageReports,
    s3: S3,
    _store: Store,
}

impl World {
    /// Each user has called in some hours of two days, and nobody has subscribed.
    async fn new() -> Self {
        let (store, s3) = (Store::new().await, S3::start().await);
        let environment = contract::Environment::default();
        let table = |name: String| Table::new(store.client(), name);
        let analytics = table(contract::name::analytics_table(&environment));
        let usage = table(contract::name::usage_table(&environment));
        let keys = table(contract::name::keys_table(&environment));
        let metrics = Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test");
        let aggregator = Aggregator::new(analytics.clone(), usage.clone(), metrics);
        let bucket = Bucket::new(Some(&s3.endpoint_url), "ap-south-1", credentials(), "reports".into());
        let reports = UsageReports { api: AnalyticsApi::new(analytics, usage, keys), bucket, topic: None };
        let world = Self { aggregator, reports, s3, _store: store };
        for (n, (user, company)) in USERS.iter().enumerate() {
            for (day, hour) in [(24, 9), (25, 3 + n), (25, 20)] {
                world.call(user, company, &format!("2026-11-{day}T{hour:02}:15:00Z"), "2026-11-25T23:30:00Z").await;
            }
        }
        world
    }

    async fn call(&self, user: &str, company: &str, made: &str, committed: &str) {
        let event: Event = serde_json::from_value(json!({
            "eventType": "API_CALL", "requestId": format!("{user} {made}"), "timestamp": made, "userEmail": user,
            "companyName": company, "method": "GET", "path": "/v1/deadlines",
        }))
        .unwrap();
        let batch = Batch { blocks: Block::of([event]), failed: Vec::new() };
        self.aggregator.blocks.commit(&batch, || committed.parse().unwrap()).await.unwrap();
    }

    /// The aggregator's run, then that of the reports.
    async fn run(&self, at: &str) -> Result<Outcome, ReportError> {
        self.count(at).await;
        self.reports.run(at.parse().unwrap(), || at.parse().unwrap()).await
    }

    async fn count(&self, at: &str) {
        while !self.aggregator.run(RunUntil::Settled, || at.parse().unwrap()).await.unwrap().done {}
    }

    /// The objects of a kind, by their keys without bucket.
    fn kept(&self, end: &str) -> BTreeMap<String, String> {
        let objects = self.s3.objects().into_iter().filter(|(place, _)| place.ends_with(end));
        let text = objects.map(|(place, bytes)| (place, String::from_utf8(bytes.to_vec()).unwrap()));
        text.map(|(place, text)| (place.trim_start_matches("reports/").to_owned(), text)).collect()
    }

    fn report(&self, whose: Whose, period: &str) -> Report {
        let key = format!("{}.json", key(&whose, period.parse().unwrap()));
        serde_json::from_str(&self.kept(".json")[&key]).unwrap()
    }
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

fn user(n: usize) -> Whose {
    Whose::User(USERS[n].0.into())
}

#[tokio::test]
async fn everybody_each_company_and_each_caller_have_a_page_and_a_table_of_the_day_and_it_is_written_once() {
    let world = World::new().await;
    let outcome = world.run(AT).await.unwrap();
    // Two days with calls have a report for three users, two companies and everybody; the others are everybody's alone.
    let days_and_a_week = 9 + 1;
    assert_eq!(outcome, Outcome { written: days_and_a_week + 2 * 5, corrected: 0, failed: 0 });
    assert_eq!(world.kept(".html").len(), outcome.written);
    assert_eq!(world.kept(".csv").len(), outcome.written);
    for (n, (email, company)) in USERS.into_iter().enumerate() {
        let report = world.report(user(n), "2026-11-25");
        assert_eq!((report.whole.api_calls, report.points[3 + n].api_calls, report.points[20].api_calls), (2, 1, 1));
        assert_eq!(report.before.unwrap().api_calls, 1, "{email} of {company}");
        assert_eq!(report.quota.unwrap().used, 3);
    }
    assert_eq!(world.report(Whose::Company("A".into()), "2026-11-25").whole.api_calls, 4);
    let overall = world.report(Whose::Everybody, "2026-11-25");
    assert_eq!((overall.whole.api_calls, overall.whole.unique_users), (6, Some(3)));
    let page = &world.kept(".html")[&format!("{}.html", key(&user(2), "2026-11-25".parse().unwrap()))];
    assert!(page.contains("Wednesday, 25 November 2026") && page.contains("=cy@c.example"), "{page}");
    let before = world.s3.objects();
    assert_eq!(world.run("2026-11-26T01:20:00Z").await.unwrap(), Outcome::default());
    assert_eq!(world.s3.objects(), before);
}

#[tokio::test]
async fn a_late_call_corrects_the_reports_that_it_is_in_and_no_other() {
    let world = World::new().await;
    world.run(AT).await.unwrap();
    let before = world.kept(".html");
    world.call(USERS[0].0, "A", "2026-11-24T22:00:00Z", "2026-11-26T08:00:00Z").await;
    let outcome = world.run("2026-11-27T01:15:00Z").await.unwrap();
    // Of the day: the caller's, their company's and everybody's. And everybody's of a day that was not over before.
    assert_eq!(outcome, Outcome { written: 3 + 1, corrected: 3, failed: 0 });
    let changed: Vec<_> = world.kept(".html").into_iter().filter(|(key, page)| before.get(key) != Some(page)).collect();
    let changed: Vec<_> = changed.iter().map(|(key, _)| key.as_str()).collect();
    let period = "2026-11-24".parse().unwrap();
    let mut expected = [user(0), Whose::Company("A".into()), Whose::Everybody]
        .map(|whose| format!("{}.html", key(&whose, period)))
        .to_vec();
    expected.push("day/2026-11-26/everybody.html".into());
    expected.sort();
    assert_eq!(changed, expected);
    let told = world.report(user(0), "2026-11-24").corrections;
    let told: Vec<_> =
        told.iter().map(|told| format!("{}: {} instead of {}", told.figure, told.is, told.was)).collect();
    let in_tables = ["path GET /v1/deadlines", "others by key", "answer unknown"];
    let in_tables = in_tables.map(|row| format!("calls, {row}: 2 instead of 1"));
    assert_eq!(told[..2], ["calls: 2 instead of 1", "calls, 22:00: 1 instead of 0"]);
    assert_eq!(told[2..], in_tables);
    let page = &world.kept(".html")[&format!("{}.html", key(&user(0), period))];
    assert!(page.contains("calls: 2 instead of 1"), "{page}");
}

#[tokio::test]
async fn a_run_that_is_killed_after_any_object_is_finished_by_the_next() {
    let whole = World::new().await;
    whole.run(AT).await.unwrap();
    let expected = [".html", ".csv"].map(|end| whole.kept(end));
    for objects in (1..whole.s3.objects().len()).step_by(7) {
        let world = World::new().await;
        world.count(AT).await;
        let killed = async {
            while world.s3.objects().len() < objects {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = killed => {}
            done = world.reports.run(AT.parse().unwrap(), || AT.parse().unwrap()) => assert!(done.is_ok()),
        }
        world.run(AT).await.unwrap();
        assert_eq!([".html", ".csv"].map(|end| world.kept(end)), expected, "killed after {objects} objects");
    }
}

#[tokio::test]
async fn a_report_that_cannot_be_kept_holds_up_no_other_and_is_written_by_the_next_run() {
    let world = World::new().await;
    world.count(AT).await;
    // As many as three tries of one request.
    world.s3.refuse(3);
    let failed = world.reports.run(AT.parse().unwrap(), || AT.parse().unwrap()).await.unwrap_err();
    assert!(matches!(failed, ReportError::Incomplete { failed: 1, written } if written > 0), "{failed}");
    let missing = world.run(AT).await.unwrap();
    assert!(missing.written > 0 && missing.failed == 0);
    assert_eq!(world.report(Whose::Everybody, "2026-11-25").whole.api_calls, 6);
}

fn topic(url: &str) -> ReportsTopic {
    let topic = Topic::new(Some(url), "ap-south-1", credentials(), "arn:aws:sns:ap-south-1:1:reports".into());
    ReportsTopic { topic, source: "/complical/test/usage".into() }
}

async fn announced(confirmed: &'static str) -> (World, Vec<Asked>) {
    let mut world = World::new().await;
    let (sns, url) = Fake::start([(200, confirmed), (200, "<PublishResponse/>")]).await;
    world.reports.topic = Some(topic(&url));
    world.run(AT).await.unwrap();
    (world, sns.requests())
}

#[tokio::test]
async fn a_report_is_announced_with_links_and_their_end_to_those_who_have_subscribed() {
    let (world, requests) = announced(SUBSCRIBED).await;
    let forms: Vec<QueryMap> =
        requests.iter().map(|request| String::from_utf8(request.body.clone()).unwrap().parse().unwrap()).collect();
    let messages: Vec<Value> =
        forms.iter().filter_map(|form| form.first("Message")).map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(messages.len(), world.kept(".html").len());
    let of = |email: &str, period: &str| {
        let found = messages.iter().position(|message| {
            message["data"]["userEmail"].as_str().unwrap_or_default() == email && message["data"]["period"] == period
        });
        found.unwrap()
    };
    let n = of(USERS[0].0, "2026-11-25");
    let (message, form) = (&messages[n], &forms[n + 1]);
    assert_eq!(message["type"], "com.complical.usage.report");
    assert_eq!((&message["data"]["apiCalls"], &message["time"]), (&json!(2), &json!("2026-11-26T01:15:00.000Z")));
    assert_eq!(message["data"]["linksGoodUntil"], "2026-11-26T07:15:00.000Z");
    assert_eq!(form.first("Subject"), Some("CompliCal: usage of 2026-11-25"));
    let value = |n: usize| form.first(&format!("MessageAttributes.entry.{n}.Value.StringValue")).unwrap().to_owned();
    assert_eq!([value(1), value(2)], [USERS[0].0, "user"]);
    for (field, end) in [("html", "html"), ("csv", "csv")] {
        let (url, query) = message["data"][field].as_str().unwrap().split_once('?').unwrap();
        assert!(query.contains("X-Amz-Expires=21600&") && query.contains("X-Amz-Signature="), "{query}");
        let place = format!("{}/reports/{}.{end}", world.s3.endpoint_url, key(&user(0), "2026-11-25".parse().unwrap()));
        assert_eq!(url, place);
    }
}

#[tokio::test]
async fn reports_are_written_and_announced_where_nobody_knows_who_has_subscribed() {
    let mut world = World::new().await;
    let (sns, url) = Fake::start([(503, REFUSAL), (200, "<PublishResponse/>")]).await;
    world.reports.topic = Some(topic(&url));
    let outcome = world.run(AT).await.unwrap();
    assert_eq!((outcome.written, sns.requests().len()), (world.kept(".html").len(), outcome.written + 1));
}

#[tokio::test]
async fn a_round_of_corrections_that_ends_early_does_not_begin_anew() {
    let mut world = World::new().await;
    world.run(AT).await.unwrap();
    world.call(USERS[0].0, "A", "2026-11-24T22:00:00Z", "2026-11-26T08:00:00Z").await;
    let (_sns, url) = Fake::start([(200, SUBSCRIBED), (503, REFUSAL)]).await;
    world.reports.topic = Some(topic(&url));
    let first = "2026-11-27T01:15:00Z";
    assert!(world.run(first).await.is_err());
    world.reports.topic = None;
    let outcome = world.run("2026-11-27T13:15:00Z").await.unwrap();
    assert_eq!((outcome.corrected, outcome.failed), (3, 0));
    // What had not changed was looked at by the first of the two runs alone.
    for whose in [user(1), user(2), Whose::Company("=C & Sons".into())] {
        assert_eq!(world.report(whose, "2026-11-24").as_of, first.parse().unwrap());
    }
}

#[tokio::test]
async fn nobody_is_told_where_nobody_has_subscribed() {
    let (world, requests) = announced(ALONE).await;
    assert_eq!(requests.len(), 1);
    assert!(!world.kept(".html").is_empty());
}

#[tokio::test]
async fn what_the_topic_does_not_take_is_announced_by_the_next_run_under_the_same_id() {
    let mut world = World::new().await;
    let ids = |sns: &Fake| {
        let forms = sns.requests().into_iter().map(|request| String::from_utf8(request.body).unwrap());
        let forms = forms.map(|form| form.parse::<QueryMap>().unwrap());
        let events =
            forms.filter_map(|form| form.first("Message").map(|text| serde_json::from_str::<Value>(text).unwrap()));
        events.map(|event| event["id"].to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    let (refusing, url) = Fake::start([(200, SUBSCRIBED), (503, REFUSAL)]).await;
    world.reports.topic = Some(topic(&url));
    assert!(world.run(AT).await.is_err());
    assert!(!world.kept(".html").is_empty() && !world.kept(".json").keys().any(|key| !key.contains("begun")));
    let (taking, url) = Fake::start([(200, SUBSCRIBED), (200, "<PublishResponse/>")]).await;
    world.reports.topic = Some(topic(&url));
    world.run(AT).await.unwrap();
    assert_eq!(ids(&taking).len(), world.kept(".html").len());
    assert!(ids(&refusing).is_subset(&ids(&taking)));
}
