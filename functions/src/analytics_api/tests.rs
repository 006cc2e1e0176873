//! The analytics function against a DynamoDB in this process, compared with a plain count of the same events.

mod alerts;
mod anomalies;
mod busy;
mod callers;
mod count;
mod damaged;
mod doors;
mod earlier;
mod exact;
mod export;
mod forecast;
mod identity;
mod listed;
mod looking;
mod moment;
mod open_windows;
mod overview;
mod people;
mod played;
mod report;
mod rolled_up;
mod stream;
mod zones;

use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderMap;
use contract::table::{CREATED_AT, PK, SK, USER_EMAIL};
use contract::{Environment, name};
use dynamodb_fixture::Store;
use metering::batch::Batch;
use metering::block::Block;
use metering::company::Companies;
use metering::event::Event;
use metering::fold::DistinctEvents;
use metering::key::Reason;
use metering::total::{Tally, Total};
use metering::window::{Day, Hour};
use serde_json::{Value, json};

use super::*;
use store::table::{Item, number, text};
use store::windows::Span;

const REALTIME: &str = Route::Realtime.path();
const TIMESERIES: &str = Route::TimeSeries.path();
const USER_STATS: &str = Route::UserStats.path();

/// When blocks are committed, unless a test says otherwise.
const COMMITTED: &str = "2026-12-01T00:30:20Z";

/// An address like another's beginning, one with the separator of keys, one beyond ASCII, and a plain one.
const USERS: [&str; 4] = ["a", "a#b@example.com", "😀@example.com", "c@example.com"];

/// Tables with calls in them.
struct World {
    store: Store,
    api: AnalyticsApi,
    events: Vec<Event>,
}

impl World {
    /// Tables whose blocks hold some events, and whose windows are set up to a minute.
    async fn new(events: Vec<Event>, set_through: &str) -> Self {
        Self::committed_at(COMMITTED, events, set_through).await
    }

    /// The same, the blocks committed at an instant.
    async fn committed_at(at: &str, events: Vec<Event>, set_through: &str) -> Self {
        let store = Store::new().await;
        let [analytics, usage, keys] = tables(&store);
        let world = Self { api: AnalyticsApi::new(analytics, usage, keys), store, events };
        world.commit_at(at, world.events.clone()).await;
        world.set(set_through.parse().unwrap()).await;
        world.api.watermark.advance(set_through.parse().unwrap()).await.unwrap();
        world
    }

    fn blocks(&self) -> Blocks {
        let [analytics, ..] = tables(&self.store);
        Blocks::new(analytics)
    }

    async fn commit(&self, events: Vec<Event>) {
        self.commit_at(COMMITTED, events).await;
    }

    async fn commit_at(&self, at: &str, events: Vec<Event>) {
        let batch = Batch { blocks: Block::of(events), failed: Vec::new() };
        self.blocks().commit(&batch, || at.parse().unwrap()).await.unwrap();
    }

    /// Sets every window up to a minute: minutes, and the hours and days that are over then, as far as they are.
    async fn set(&self, through: Minute) {
        let mut minutes = Vec::new();
        for (minute, events) in self.groups(through, Minute::of) {
            let (fold, mut tally) = (events.fold(), Tally::default());
            tally.add(&fold);
            self.api.windows.set_minute(minute, &fold).await.unwrap();
            let listed = self.api.windows.list_callers(minute, tally.users()).await.unwrap();
            let total = Total { listed, ..tally.total() };
            self.api.windows.set_total(Span::Minute(minute), &total, None).await.unwrap();
            minutes.push((Span::Minute(minute), total));
        }
        let listed = |whole: Span| {
            let parts = minutes.iter().filter(|(minute, _)| whole.holds(*minute));
            Total::listed_in(parts.map(|(_, total)| total))
        };
        let over = through.plus(1).hour().first_minute().plus(-1);
        for (hour, events) in self.groups(over, Hour::of) {
            let fold = events.fold();
            self.api.windows.set_hour(hour, &fold, |_| true).await.unwrap();
            let mut tally = Tally::default();
            tally.add(&fold);
            let users = tally.users().sketch();
            let total = Total { listed: listed(Span::Hour(hour)), ..tally.total() };
            self.api.windows.set_total(Span::Hour(hour), &total, None).await.unwrap();
            self.api.windows.set_users(hour, &total, &users).await.unwrap();
        }
        for (day, events) in self.groups(over, Day::of) {
            let fold = events.fold();
            self.api.windows.set_day(day, over.min(day.last_hour().last_minute()), &fold).await.unwrap();
            let mut companies = Companies::default();
            let total = Total { listed: listed(Span::Day(day)), ..Total::of(&fold) };
            companies.add(&fold);
            self.api.windows.set_total(Span::Day(day), &total, None).await.unwrap();
            self.api.windows.set_companies(day, &total, &companies).await.unwrap();
        }
    }

    fn groups<W: Ord>(&self, through: Minute, window: impl Fn(Timestamp) -> W) -> Vec<(W, DistinctEvents)> {
        let mut groups = std::collections::BTreeMap::<W, DistinctEvents>::new();
        for event in self.events.iter().filter(|event| Minute::of(event.timestamp) <= through) {
            groups.entry(window(event.timestamp)).or_default().extend([event.clone()]);
        }
        groups.into_iter().collect()
    }

    async fn add_key(&self, id: &str, email: &str) {
        let attributes = [
            (PK, format!("KEY#hash of {id}")),
            (SK, "KEY".into()),
            ("apiKeyId", id.into()),
            (USER_EMAIL, email.into()),
            (CREATED_AT, "2026-11-01T00:00:00.000Z".into()),
        ];
        let item: Item = attributes.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        self.keys().put_all([item]).await.unwrap();
    }

    async fn set_quota(&self, email: &str, quota: u64) {
        let item = Item::from([
            (PK.into(), text(format!("USER#{email}"))),
            (SK.into(), text("USER")),
            ("monthlyQuota".into(), number(quota)),
        ]);
        self.keys().put_all([item]).await.unwrap();
    }

    fn keys(&self) -> Table {
        let [_, _, keys] = tables(&self.store);
        keys
    }

    async fn get(&self, who: Who<'_>, path: &str, parameters: &[(&str, &str)], now: &str) -> (i64, Value) {
        let (status, body, _) = self.text(who, path, parameters, now).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    /// Status, body and headers of an answer, which is one that the description has.
    async fn text(&self, who: Who<'_>, path: &str, parameters: &[(&str, &str)], now: &str) -> (i64, String, HeaderMap) {
        let response = self.api.answer(&request(who, path, parameters), now.parse().unwrap()).await;
        assert_eq!(response.headers.get("x-request-id").unwrap(), "r-1");
        let Some(Body::Text(body)) = response.body else { panic!("no body") };
        let content_type = response.headers.get("content-type").unwrap().to_str().unwrap();
        let status = u16::try_from(response.status_code).unwrap();
        ::openapi::conformance::check(path, status, content_type, &body).unwrap();
        (response.status_code, body, response.headers)
    }

    async fn ok(&self, who: Who<'_>, path: &str, parameters: &[(&str, &str)], now: &str) -> Value {
        let (status, body) = self.get(who, path, parameters, now).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}

/// The analytics, usage and keys tables.
fn tables(store: &Store) -> [Table; 3] {
    let env = Environment::default();
    [name::analytics_table(&env), name::usage_table(&env), name::keys_table(&env)]
        .map(|name| Table::new(store.client(), name))
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum Who<'a> {
    Admin,
    User(&'a str),
    Nobody,
}

/// What the gateway says of a verified token.
fn claims(email: &str, groups: &str) -> Value {
    json!({ "claims": { "email": email, "email_verified": "true", "token_use": "id", "cognito:groups": groups } })
}

fn request(who: Who<'_>, path: &str, parameters: &[(&str, &str)]) -> ApiGatewayProxyRequest {
    let authorizer = match who {
        Who::Admin => claims("boss@example.com", "admin"),
        Who::User(email) => claims(email, "staff"),
        Who::Nobody => json!({}),
    };
    let parameters: Value = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let event = json!({
        "resource": path, "path": path, "httpMethod": "GET", "queryStringParameters": parameters,
        "requestContext": { "requestId": "r-1", "httpMethod": "GET", "authorizer": authorizer },
    });
    serde_json::from_value(event).unwrap()
}

fn call(user: &str, id: &str, timestamp: &str) -> Event {
    let key = format!("k of {user}");
    serde_json::from_value(json!({
        "eventType": "API_CALL", "requestId": id, "timestamp": timestamp, "userEmail": user, "companyName": "Example",
        "apiKeyId": key, "apiKeyName": "production", "method": "GET", "path": "/v1/deadlines", "latencyMs": 3.5,
    }))
    .unwrap()
}

/// A failed call with a key of a user, or with one that nobody knows.
fn failure(owner: Option<&str>, id: &str, timestamp: &str) -> Event {
    serde_json::from_value(json!({
        "eventType": "API_AUTH_FAILED", "requestId": id, "timestamp": timestamp,
        "apiKeyId": owner.map(|owner| format!("k of {owner}")), "keyOwner": owner, "reason": "expired_api_key",
    }))
    .unwrap()
}

fn refusal(user: &str, id: &str, timestamp: &str) -> Event {
    let json = json!({ "eventType": "API_RATE_LIMITED", "requestId": id, "timestamp": timestamp, "userEmail": user });
    serde_json::from_value(json).unwrap()
}
