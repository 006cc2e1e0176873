//! The roles of the templates against what the real functions ask for: all of it is allowed, and nothing else is
//! granted. Each function is its own process with its own AWS, driven through everything that it can do.
//!
//! Invariant: a grant that no function uses, or a value of its condition, is named, unless AWS itself uses it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

mod iam;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::table::{LATE, PK, SK, STATE, USER_EMAIL};
use contract::{Environment, Function, Toggle, name, variable};
use dynamodb_fixture::Store;
use iam::{Aws, BUCKET, Grant, Request, Role, Stream, roles};
use jiff::{SignedDuration, Timestamp};
use runtime_fixture::{Answer, Host, Load, Process};
use serde_json::{Value, json};
use stacks::{App, Architecture, Settings, Target};
use store::table::{Item, Table, number, text};

/// What AWS does by a function's role, and no code of ours.
const OF_AWS: [(&str, &str); 12] = [
    // Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs".
    ("logs:CreateLogStream", "log-group:"),
    ("logs:PutLogEvents", "log-group:"),
    // "Visualize Lambda function invocations using AWS X-Ray".
    ("xray:PutTelemetryRecords", "*"),
    ("xray:PutTraceSegments", "*"),
    // "Process Amazon Kinesis Data Streams records with Lambda": the event source mapping reads by the role.
    ("kinesis:DescribeStream", ":stream/"),
    ("kinesis:DescribeStreamSummary", ":stream/"),
    ("kinesis:GetRecords", ":stream/"),
    ("kinesis:GetShardIterator", ":stream/"),
    ("kinesis:ListShards", ":stream/"),
    // "Configuring Kinesis stream consumers with enhanced fan-out".
    ("kinesis:DescribeStreamConsumer", "/consumer/"),
    ("kinesis:SubscribeToShard", "/consumer/"),
    // "Capturing discarded batches": the mapping keeps what it gives up.
    ("s3:ListBucket", ""),
];

/// How often the functions are driven through their work: a slow machine may have a step run out of its time.
const ROUNDS: usize = 5;
/// A quota that a few calls use up.
const QUOTA: u64 = 12;
/// A key for each way of counting, whose user has made no other calls.
const KEYS: [(&str, Toggle); 2] = [("ck_streaming", Toggle::On), ("ck_synchronous", Toggle::Off)];
const USER: &str = "user0@example.com";
/// A user who has a key, and nothing else yet.
const NEW_USER: &str = "new@example.com";

/// What each function asked for, by the toggle.
type Asked = BTreeMap<(Function, Toggle), BTreeSet<Request>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_of_every_function_is_allowed_and_no_grant_is_left_over() {
    let mut asked = Asked::new();
    for _ in 0..ROUNDS {
        drive(&Store::new().await, &mut asked).await;
        if apps().iter().all(|app| left_over(app, &asked).is_empty()) {
            break;
        }
    }
    for app in apps() {
        let roles = roles(&app.stacks().unwrap());
        for (function, role) in &roles {
            let refused: Vec<_> =
                asked[&(*function, toggle(*function, &app))].iter().filter(|r| !role.allows(r)).collect();
            assert!(refused.is_empty(), "{function:?} is refused {refused:#?}");
        }
        let left = left_over(&app, &asked);
        assert!(left.is_empty(), "granted, and used by nothing:\n{}", left.join("\n"));
    }
}

/// The apps of the environment `test`, with the settings of each.
fn apps() -> Vec<App> {
    let settings =
        [include_str!("../../stacks/environments/test.toml"), include_str!("../../stacks/environments/prod.toml")];
    let of = |toggle| settings.map(|settings| Settings::parse(settings).unwrap()).map(|settings| (toggle, settings));
    let apps = [Toggle::On, Toggle::Off].into_iter().flat_map(of);
    let env = Environment::default;
    apps.map(|(toggle, settings)| App {
        env: env(),
        toggle,
        settings,
        target: Target::Aws,
        architecture: Architecture::X86_64,
    })
    .collect()
}

/// Only the authorizer is another function with the toggle off.
fn toggle(function: Function, app: &App) -> Toggle {
    if function == Function::ApiKeyAuthorizer { app.toggle } else { Toggle::On }
}

/// The grants without which every request would be allowed all the same.
fn left_over(app: &App, asked: &Asked) -> Vec<String> {
    let mut left = Vec::new();
    for (function, role) in roles(&app.stacks().unwrap()) {
        let requests = &asked[&(function, toggle(function, app))];
        let needless = |(grant, without): &(Grant, Role)| {
            !is_of_aws(function, grant) && requests.iter().all(|r| without.allows(r))
        };
        left.extend(
            role.lessened().iter().filter(|it| needless(it)).map(|(grant, _)| format!("{function:?}: {grant}")),
        );
    }
    left
}

fn is_of_aws(function: Function, grant: &Grant) -> bool {
    let mapping = grant.action.starts_with("kinesis:") || grant.action.starts_with("s3:");
    let listed = OF_AWS.iter().any(|(action, on)| grant.action == *action && grant.resource.contains(on));
    let kept = [name::FAILED_BATCHES, name::LARGE_RECORDS].map(|prefix| format!("{BUCKET}/{prefix}*"));
    let kept = grant.action == "s3:PutObject" && kept.iter().any(|objects| grant.resource.ends_with(objects));
    (listed || kept) && (!mapping || function == Function::StreamProcessor)
}

#[test]
fn what_aws_does_by_itself_is_granted_somewhere() {
    let roles: Vec<Role> = apps().iter().flat_map(|app| roles(&app.stacks().unwrap()).into_values()).collect();
    for (action, on) in OF_AWS {
        let granted = |role: &Role| role.0.iter().any(|grant| grant.action == action && grant.resource.contains(on));
        assert!(roles.iter().any(granted), "{action} on {on} is granted nowhere: take it off the list");
    }
}

#[test]
fn what_a_function_has_no_business_with_is_refused() {
    let app = &apps()[0];
    let roles = roles(&app.stacks().unwrap());
    let table = |table: String| format!("arn:aws:dynamodb:{}:{}:table/{table}", name::DEFAULT_REGION, iam::ACCOUNT);
    let (analytics, usage) = (table(name::analytics_table(&app.env)), table(name::usage_table(&app.env)));
    let keys = table(name::keys_table(&app.env));
    let refused = [
        (Function::StreamProcessor, "dynamodb:BatchWriteItem", &analytics, "TOTAL#DAY"),
        (Function::StreamProcessor, "dynamodb:BatchWriteItem", &analytics, STATE),
        (Function::StreamProcessor, "dynamodb:UpdateItem", &analytics, LATE),
        (Function::StreamScaler, "dynamodb:UpdateItem", &analytics, "CALLS#2026-11-24T10:15#3"),
        (Function::RealtimeAggregator, "dynamodb:DeleteItem", &analytics, "TOTAL#DAY"),
        (Function::AnalyticsApi, "dynamodb:GetItem", &keys, "KEY#0123"),
        (Function::AnalyticsApi, "dynamodb:Query", &keys, "USER#user@example.com"),
        (Function::AnalyticsApi, "dynamodb:GetItem", &usage, "USER#user@example.com"),
        (Function::ApiKeyAuthorizer, "dynamodb:GetItem", &usage, "USER#user@example.com"),
        (Function::ApiKeyAuthorizer, "dynamodb:PutItem", &keys, "KEY#0123"),
    ];
    for (function, action, resource, partition) in refused {
        let (action, partitions) = (action.to_owned(), vec![partition.to_owned()]);
        let request = Request { action, resource: resource.clone(), partitions, namespace: None };
        assert!(!roles[&function].allows(&request), "{function:?} may {request:?}");
    }
}

/// Drives every function through its work, one after the other, on one database.
async fn drive(store: &Store, asked: &mut Asked) {
    let now = Timestamp::now();
    stock(store, now).await;
    let mut run = async |function, toggle, stream, payloads: Vec<Value>| {
        let requests = asks(store, function, toggle, stream, payloads).await;
        asked.entry((function, toggle)).or_default().extend(requests);
    };
    run(Function::StreamProcessor, Toggle::On, Stream::Takes, batches(now)).await;
    for ((key, toggle), stream) in KEYS.into_iter().flat_map(|key| [Stream::Takes, Stream::Refuses].map(|it| (key, it)))
    {
        let calls = (0..QUOTA + 2).map(|n| call(key, &format!("{stream:?}-{n}"))).collect();
        run(Function::ApiKeyAuthorizer, toggle, stream, calls).await;
    }
    run(Function::RealtimeAggregator, Toggle::On, Stream::Takes, vec![json!({}), json!({"close": true})]).await;
    run(Function::AnalyticsApi, Toggle::On, Stream::Takes, questions()).await;
    run(Function::DeadlinesApi, Toggle::On, Stream::Takes, vec![deadlines()]).await;
    run(Function::StreamScaler, Toggle::On, Stream::Takes, vec![json!({})]).await;
}

/// Keys, their users, who have few calls left, and a scaler that has been there for an hour.
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
    let change = json!([{"at": (now - SignedDuration::from_hours(1)).to_string(), "shards": 2, "counts": false, "changing": null}]);
    put(name::analytics_table(&env), STATE.into(), "SCALER", vec![("changes", text(change.to_string()))]).await;
}

/// What a function asks AWS for while it works.
async fn asks(store: &Store, function: Function, toggle: Toggle, stream: Stream, payloads: Vec<Value>) -> Vec<Request> {
    let binary = match function {
        Function::ApiKeyAuthorizer => env!("CARGO_BIN_EXE_api-key-authorizer"),
        Function::DeadlinesApi => env!("CARGO_BIN_EXE_deadlines-api"),
        Function::StreamProcessor => env!("CARGO_BIN_EXE_stream-processor"),
        Function::RealtimeAggregator => env!("CARGO_BIN_EXE_realtime-aggregator"),
        Function::AnalyticsApi => env!("CARGO_BIN_EXE_analytics-api"),
        Function::StreamScaler => env!("CARGO_BIN_EXE_stream-scaler"),
    };
    let (host, aws) = (Host::start().await, Aws::start(store.clone(), stream).await);
    let variables = [("AWS_ENDPOINT_URL", aws.endpoint_url.as_str()), (variable::HANDLER, function.handler(toggle))];
    let process = Process::start(Path::new(binary), &host, &variables).unwrap();
    for payload in payloads {
        let answer = host.invoke(payload.to_string()).await;
        let refused =
            matches!(&answer, Answer::Response(body) if body.windows(15).any(|part| part == b"\"statusCode\":40"));
        assert!(matches!(answer, Answer::Response(_)) && !refused, "{function:?} answers {answer:?} to {payload}");
    }
    process.kill().await.unwrap();
    aws.requests()
}

/// Calls of a day ago, of three minutes ago and of now, among them what cannot be counted, one too large for an item.
fn batches(now: Timestamp) -> Vec<Value> {
    let load = Load { name: "grants", calls: 30, users: 3, batch: 30, minutes: 1 };
    let ago = [SignedDuration::from_hours(26), SignedDuration::from_mins(4), SignedDuration::from_secs(60)];
    let mut events: Vec<Value> = ago.iter().flat_map(|ago| load.batches(now - *ago)).map(|batch| batch.event).collect();
    for (n, data) in ["not JSON".to_owned(), "x".repeat(700_000)].into_iter().enumerate() {
        let mut record = events[0]["Records"][0].clone();
        record["kinesis"]["sequenceNumber"] = json!(format!("{}", 1_000 + n));
        record["kinesis"]["data"] = json!(STANDARD.encode(data));
        events[0]["Records"].as_array_mut().unwrap().push(record);
    }
    events
}

/// A call of the API, as the gateway asks the authorizer about it.
fn call(key: &str, id: &str) -> Value {
    json!({
        "type": "REQUEST", "methodArn": format!("arn:aws:execute-api:{}:{}:api1/test/GET/v1/deadlines", name::DEFAULT_REGION, iam::ACCOUNT),
        "resource": "/v1/deadlines", "path": "/v1/deadlines", "httpMethod": "GET", "headers": {"x-api-key": key},
        "requestContext": {
            "requestId": id, "requestTimeEpoch": Timestamp::now().as_millisecond(), "stage": "test", "apiId": "api1",
            "accountId": iam::ACCOUNT, "resourcePath": "/v1/deadlines", "httpMethod": "GET",
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
        ("user-stats", json!({})),
    ];
    // Of whom a key is all there is.
    let other = [("user-stats", json!({"email": NEW_USER}))];
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
