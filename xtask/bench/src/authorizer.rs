//! The authorizer, warm: processor time of a call, and what it asks of AWS.
//!
//! Invariant: the calls come one after the other, each with an id of its own, from one user with much of the quota
//! left, and everything is on one core.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use contract::function::AUTHORIZER_KINESIS_HANDLER;
use contract::table::{PK, SK};
use contract::variable::HANDLER;
use metering::key;
use runtime_fixture::{Answer, Host, Process, Service};
use serde_json::{Value, json};
use xtask::Printer;

use crate::core::OneCore;
use crate::exchange;
use crate::figure::{Figure, median, short};

/// The caller's key.
pub(crate) const KEY: &str = "ck_benchmark_of_a_warm_authorizer";
/// Another's.
pub(crate) const OTHER_KEY: &str = "ck_benchmark_of_another_caller";
/// Calls before the first that counts, and calls of a round.
const CALLS: usize = 2_000;
/// Rounds; the median counts.
const ROUNDS: usize = 5;

/// Measures everything.
pub(crate) async fn measure(binary: &Path, printer: &Printer) -> Result<Vec<Figure>> {
    printer.say("the authorizer");
    let _one = OneCore::hold();
    let host = Host::start().await;
    let service = Service::start(Duration::ZERO, items()).await;
    // The first time makes the connections warm.
    exchange::measure(&host, &service, CALLS).await?;
    let bare = exchange::measure(&host, &service, CALLS).await?;
    let more = [("AWS_ENDPOINT_URL", service.endpoint_url.as_str()), (HANDLER, AUTHORIZER_KINESIS_HANDLER)];
    let process = Process::start(binary, &host, &more)?;
    let (mut times, mut requests) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (before, asked) = (process.cpu().unwrap_or_default(), service.requests());
        for call in 0..CALLS {
            let answer = host.invoke(request(KEY, round * CALLS + call).to_string()).await;
            let is_allowed = matches!(&answer, Answer::Response(body) if body.windows(5).any(|word| word == b"Allow"));
            ensure!(is_allowed, "the authorizer answered {answer:?}");
        }
        if round > 0 {
            times.push((process.cpu()? - before).as_secs_f64() * 1e6 / CALLS as f64);
            requests.push((service.requests() - asked) as f64 / CALLS as f64);
        }
    }
    Ok(vec![
        Figure {
            name: "authorizer CPU, µs a call, warm".into(),
            original: "719 to 2,583",
            goal: 70.0,
            value: median(times),
            bound: format!("the kernel: its three exchanges over bare sockets take {} µs", short(bare)).into(),
        },
        Figure {
            name: "requests on the authorizer's hot path".into(),
            original: "3 and more",
            goal: 1.0,
            value: median(requests).round(),
            bound: "the record itself".into(),
        },
    ])
}

/// Two keys and their users, as the keys table has them.
pub(crate) fn items() -> Vec<Value> {
    let text = |value: &str| json!({ "S": value });
    let item = |(key, email): (&str, &str)| {
        [
            json!({ PK: text(&format!("KEY#{}", key::hash(key))), SK: text("KEY"), "apiKeyId": text("k_1"),
                    "apiKeyName": text("production"), "userEmail": text(email), "createdAt": text("2026-11-24") }),
            json!({ PK: text(&format!("USER#{email}")), SK: text("USER"), "companyName": text("Example Pty Ltd"),
                    "monthlyQuota": { "N": "1000000000" } }),
        ]
    };
    [(KEY, "user0@example.com"), (OTHER_KEY, "user@example.com")].into_iter().flat_map(item).collect()
}

/// What the gateway asks, as it asks it.
pub(crate) fn request(key: &str, n: usize) -> Value {
    let arn = "arn:aws:execute-api:ap-south-1:000000000000:a1b2c3d4e5/test/GET/v1/deadlines";
    json!({
        "type": "REQUEST", "methodArn": arn, "resource": "/v1/deadlines", "path": "/v1/deadlines", "httpMethod": "GET",
        "headers": { "x-api-key": key, "User-Agent": "curl/8.5.0", "Accept": "*/*", "Host": "api.complical.com" },
        "multiValueHeaders": { "x-api-key": [key], "User-Agent": ["curl/8.5.0"], "Accept": ["*/*"] },
        "queryStringParameters": { "country": "AU" }, "multiValueQueryStringParameters": { "country": ["AU"] },
        "requestContext": {
            "accountId": "000000000000", "apiId": "a1b2c3d4e5", "stage": "test", "httpMethod": "GET",
            "requestId": format!("5f0c1b2a-2b1c-4f6e-9d3a-{n:012x}"), "path": "/test/v1/deadlines",
            "identity": { "sourceIp": "203.0.113.9", "userAgent": "curl/8.5.0" }
        }
    })
}
