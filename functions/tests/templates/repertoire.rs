//! Everything that the functions do, played on AWS's side of the wire: each is its own process, on one database.
//!
//! Invariant: a function is told what its template, Lambda and the gateway tell it, and nothing else, and answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::table::{PK, SK, STATE, USER_EMAIL};
use contract::{Environment, Function, Toggle, name, variable};
use dynamodb_fixture::Store;
use jiff::{SignedDuration, Timestamp};
use metering::alert::{Alert, Kind};
use metering::quota::Quota;
use runtime_fixture::{Answer, Host, Load, Process};
use serde_json::{Value, json};
use store::notices::Notices;
use store::table::{Item, Table, number, text};

use crate::apps;
use crate::iam::{ACCOUNT, Aws, Conduct, Request, variables};

/// How often the functions are driven through their work: a slow machine may have a step run out of its time.
const ROUNDS: usize = 5;
/// A quota that a few calls use up.
const QUOTA: u64 = 12;
/// A key for each way of counting, whose user has made no other calls.
const KEYS: [(&str, Toggle); 2] = [("ck_streaming", Toggle::On), ("ck_synchronous", Toggle::Off)];
const USER: &str = "user0@example.com";
/// A user who has a key, and nothing else yet.
const NEW_USER: &str = "new@example.com";

/// On how many days somebody has called.
const DAYS: u64 = 16;

/// What each function asked for, by the toggle.
pub(crate) type Asked = BTreeMap<(Function, Toggle), BTreeSet<Request>>;

/// What was seen of the functions.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) asked: Asked,
    /// The bodies of what was published, in CBOR.
    pub(crate) published: BTreeSet<Vec<u8>>,
}

/// Plays everything until enough has been seen, or often enough.
pub(crate) async fn play_until(enough: impl Fn(&Seen) -> bool) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..ROUNDS {
        play(&Store::new().await, &mut seen).await;
        if enough(&seen) {
            break;
        }
    }
    seen
}

/// Has every function do its work, one after the other, on one database.
async fn play(store: &Store, seen: &mut Seen) {
    let now = Timestamp::now();
    stock(store, now).await;
    let work = |function, payloads| Work { function, toggle: Toggle::On, conduct: Conduct::Takes, payloads };
    let mut all = vec![work(Function::StreamProcessor, batches(now))];
    for (key, toggle) in KEYS {
        let of = |conduct| Work { toggle, conduct, ..work(Function::ApiKeyAuthorizer, calls(key, conduct)) };
        all.extend([Conduct::Takes, Conduct::StreamFull].map(of));
    }
    all.push(work(Function::RealtimeAggregator, vec![json!({}), json!({"close": true})]));
    all.push(work(Function::AnalyticsApi, questions()));
    all.push(work(Function::DeadlinesApi, vec![deadlines()]));
    all.push(work(Function::StreamScaler, vec![json!({})]));
    // Of yesterday, so that windows have it all at any time of the day.
    let yesterday = (now - SignedDuration::from_hours(24)).to_string();
    all.push(work(Function::UsageReports, vec![json!({ "time": yesterday })]));
    for work in all {
        let of = (work.function, work.toggle);
        let aws = work.done(store, Stdio::null()).await;
        seen.asked.entry(of).or_default().extend(aws.requests());
        seen.published.extend(aws.published());
    }
}

/// What the authorizer logs of calls whose events nothing takes.
pub(crate) async fn log_of_events_that_nothing_takes() -> String {
    let store = Store::new().await;
    stock(&store, Timestamp::now()).await;
    let ((key, toggle), conduct) = (KEYS[0], Conduct::KeepsNothing);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authorizer.log");
    let work = Work { function: Function::ApiKeyAuthorizer, toggle, conduct, payloads: calls(key, conduct) };
    work.done(&store, File::create(&path).unwrap().into()).await;
    std::fs::read_to_string(path).unwrap()
}

/// Keys, their users, who have few calls left, another who was told so, a window that could not be written yesterday, and
/// a scaler that has been there for an hour.
async fn stock(store: &Store, now: Timestamp) {
    let env = Environment::default();
    let put = async |table: String, pk: String, sk: &str, more: Vec<(&str, _)>| {
        let keys = [(PK, text(pk)), (SK, text(sk))];
        let item: Item = keys.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect();
        Table::new(store.client(), table).put_all([item]).await.unwrap();
    };
    for (key, _) in KEYS {
        let email = format!("{key}@example.com");
        put(name::keys_table(&env), format!("USER#{email}"), "USER", vec![("monthlyQuota", number(QUOTA))]).await;
        let attributes = [("apiKeyId", key), (USER_EMAIL, &email), ("createdAt", "2026-01-01T00:00:00.000Z")];
        let attributes = attributes.map(|(name, value)| (name, text(value))).to_vec();
        put(name::keys_table(&env), format!("KEY#{}", metering::key::hash(key)), "KEY", attributes).await;
    }
    let attributes = [("apiKeyId", "k_new"), (USER_EMAIL, NEW_USER), ("createdAt", "2026-01-01T00:00:00.000Z")];
    let attributes = attributes.map(|(name, value)| (name, text(value))).to_vec();
    put(name::keys_table(&env), "KEY#new".into(), "KEY", attributes).await;
    let half = Quota { used: QUOTA / 2, limit: QUOTA };
    let half = Alert { user_email: USER.parse().unwrap(), kind: Kind::Threshold(50), quota: half, at: now };
    let usage = Table::new(store.client(), name::usage_table(&env));
    Notices::new(usage).make([vec![half]], now).await.unwrap();
    let yesterday = (now - SignedDuration::from_hours(24)).to_string();
    put(name::analytics_table(&env), "FAILED".into(), &format!("{}#total", &yesterday[..10]), Vec::new()).await;
    let change = json!([{"at": (now - SignedDuration::from_hours(1)).to_string(), "shards": 2, "counts": false, "changing": null}]);
    put(name::analytics_table(&env), STATE.into(), "SCALER", vec![("changes", text(change.to_string()))]).await;
}

/// What a function is asked for.
struct Work {
    function: Function,
    toggle: Toggle,
    conduct: Conduct,
    payloads: Vec<Value>,
}

impl Work {
    /// Starts the function, has it answer, and gives the AWS that it has talked to.
    async fn done(self, store: &Store, log: Stdio) -> Aws {
        let Self { function, toggle, conduct, payloads } = self;
        let (host, aws) = (Host::start().await, Aws::start(store.clone(), conduct).await);
        let app = apps().into_iter().find(|app| app.toggle == toggle && !app.settings.plans.is_empty()).unwrap();
        let told = variables(&app.stacks().unwrap(), function);
        let mut told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        told.extend([("AWS_ENDPOINT_URL", aws.endpoint_url.as_str()), (variable::HANDLER, function.handler(toggle))]);
        let process = Process::start_told(Path::new(binary(function)), &host, &told, log).unwrap();
        for payload in payloads {
            let answer = host.invoke(payload.to_string()).await;
            let Answer::Response(body) = &answer else { panic!("{function:?} answers {answer:?} to {payload}") };
            let refused = body.windows(15).any(|part| part == b"\"statusCode\":40");
            assert!(!refused, "{function:?} answers {answer:?} to {payload}");
        }
        process.kill().await.unwrap();
        aws
    }
}

const fn binary(function: Function) -> &'static str {
    match function {
        Function::ApiKeyAuthorizer => env!("CARGO_BIN_EXE_api-key-authorizer"),
        Function::DeadlinesApi => env!("CARGO_BIN_EXE_deadlines-api"),
        Function::StreamProcessor => env!("CARGO_BIN_EXE_stream-processor"),
        Function::RealtimeAggregator => env!("CARGO_BIN_EXE_realtime-aggregator"),
        Function::AnalyticsApi => env!("CARGO_BIN_EXE_analytics-api"),
        Function::StreamScaler => env!("CARGO_BIN_EXE_stream-scaler"),
        Function::UsageReports => env!("CARGO_BIN_EXE_usage-reports"),
    }
}

/// Calls of a day ago, of three minutes ago and of now, among them what cannot be counted, one too large for an item.
fn batches(now: Timestamp) -> Vec<Value> {
    let load = Load { name: "grants", calls: 30, users: 3, batch: 30, ..Load::A };
    let ago = [SignedDuration::from_hours(26), SignedDuration::from_mins(4), SignedDuration::from_secs(60)];
    let mut events: Vec<Value> = ago.iter().flat_map(|ago| load.batches(now - *ago)).map(|batch| batch.event).collect();
    // One call a day: more days than a page of an export reads.
    let minutes = DAYS * 24 * 60;
    let one_a_day = Load { name: "export", calls: DAYS, minutes, users: 1, batch: DAYS as usize, ..Load::A };
    events.extend(one_a_day.batches(now - SignedDuration::from_mins(minutes as i64)).map(|batch| batch.event));
    for (n, data) in ["not JSON".to_owned(), "x".repeat(700_000)].into_iter().enumerate() {
        let mut record = events[0]["Records"][0].clone();
        record["kinesis"]["sequenceNumber"] = json!(format!("{}", 1_000 + n));
        record["kinesis"]["data"] = json!(STANDARD.encode(data));
        events[0]["Records"].as_array_mut().unwrap().push(record);
    }
    events
}

/// More calls of a key than its user has left.
fn calls(key: &str, conduct: Conduct) -> Vec<Value> {
    (0..QUOTA + 2).map(|n| call(key, &format!("{conduct:?}-{n}"))).collect()
}

/// A call of the API, as the gateway asks the authorizer about it.
fn call(key: &str, id: &str) -> Value {
    json!({
        "type": "REQUEST", "methodArn": format!("arn:aws:execute-api:{}:{}:api1/test/GET/v1/deadlines", name::DEFAULT_REGION, ACCOUNT),
        "resource": "/v1/deadlines", "path": "/v1/deadlines", "httpMethod": "GET", "headers": {"x-api-key": key},
        "requestContext": {
            "requestId": id, "requestTimeEpoch": Timestamp::now().as_millisecond(), "stage": "test", "apiId": "api1",
            "accountId": ACCOUNT, "resourcePath": "/v1/deadlines", "httpMethod": "GET",
            "identity": {"sourceIp": "203.0.113.9", "userAgent": "curl/8"},
        },
    })
}

/// Everything that the analytics API is asked, by an administrator and by a user.
fn questions() -> Vec<Value> {
    let asked = [
        ("realtime", json!({})),
        ("timeseries", json!({"granularity": "minute", "duration": "24h"})),
        ("timeseries", json!({"granularity": "hour", "duration": "7d"})),
        ("timeseries", json!({"granularity": "day", "duration": "90d"})),
        ("timeseries", json!({"granularity": "day", "duration": "30d", "tz": "Asia/Kolkata"})),
        ("heatmap", json!({})),
        ("breakdown", json!({"by": "hour", "duration": "48h"})),
        ("user-stats", json!({})),
        ("alerts", json!({})),
        ("summary", json!({})),
        ("export", json!({"format": "csv"})),
    ];
    // What tells of others, one of whom a key is all there is.
    let other = [
        ("security", json!({})),
        ("company-stats", json!({"company": "Example"})),
        ("user-stats", json!({"email": NEW_USER})),
    ];
    let of = |groups: &'static str| {
        let other = other.iter().filter(move |_| groups == "admin");
        let asked = asked.iter().chain(other).cloned().collect::<Vec<_>>();
        asked.into_iter().map(move |(route, parameters)| {
            let claims = json!({
                "sub": "1", "email": USER, "email_verified": "true", "token_use": "id", "cognito:groups": groups,
            });
            proxied(&format!("/v1/analytics/{route}"), &parameters, &json!({"claims": claims}))
        })
    };
    of("admin").chain(of("")).collect()
}

fn deadlines() -> Value {
    let authorizer = json!({"userEmail": USER, "apiKeyId": "k_0", "quota": "within"});
    proxied("/v1/deadlines", &json!({"country": "AU"}), &authorizer)
}

/// A request as the gateway hands it to a function.
fn proxied(path: &str, parameters: &Value, authorizer: &Value) -> Value {
    let several: Value =
        parameters.as_object().unwrap().iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    json!({
        "resource": path, "path": path, "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
        "queryStringParameters": parameters, "multiValueQueryStringParameters": several,
        "requestContext": {"requestId": "r-1", "httpMethod": "GET", "stage": "test", "authorizer": authorizer},
    })
}
