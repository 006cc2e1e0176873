//! Settings that the repository's environment leaves out: `status = "subscription"`, with which the gateway's lines are
//! sent to the aggregator and read by no one, and a plan.
//!
//! Invariant: the environment is the one of the repository in all but these settings.

use base64::engine::general_purpose::STANDARD;
use base64::prelude::*;
use serde_json::json;

use super::*;

/// Calls that are answered, of which every fifth asks for something that does not exist.
const CALLS: usize = 20;
/// The plan, whose first threshold the calls pass; they would pass half of the quota too, of which others are told.
const PLAN: &str = "gold";
const THRESHOLD: u64 = 40;
const QUOTA: &str = "38";

#[test]
fn answers_are_known_of_every_call_where_the_log_is_sent_and_a_plan_is_told_apart() {
    let settings = binaries().join(format!("../tmp/settings-{}", std::process::id()));
    std::fs::create_dir_all(&settings).unwrap();
    let test = std::fs::read_to_string("stacks/environments/test.toml").unwrap();
    let subscribed = test.replace("status = \"poll\"", "status = \"subscription\"");
    assert_ne!(subscribed, test);
    let plan = format!("\n[plans.{PLAN}]\nthresholds = [{THRESHOLD}, 100]\n");
    std::fs::write(settings.join("test.toml"), subscribed + &plan).unwrap();
    let local = Local::up_with(&[], || (0, vec![("COMPLICAL_SETTINGS_DIR", settings.display().to_string())]));
    let customer = customer_of_the_plan(&local);
    let mut answered = std::collections::BTreeMap::<String, u64>::new();
    for call in 0..CALLS {
        let country = if call % 5 == 4 { "XX" } else { "AU" };
        let answer = local.send(&format!("/v1/deadlines?country={country}"), &[("x-api-key", &customer.key)]);
        *answered.entry(answer.status.to_string()).or_default() += 1;
    }
    assert!(answered.len() > 1 && !answered.contains_key("500"), "{answered:?}");
    let began = Instant::now();
    loop {
        let series = local.analytics("/v1/analytics/timeseries?granularity=day&duration=2d");
        let points = series["timeSeries"].as_array().unwrap();
        let known: u64 = points.iter().map(|point| point["statusKnown"].as_u64().unwrap()).sum();
        if known == CALLS as u64 {
            let mut statuses = std::collections::BTreeMap::<String, u64>::new();
            for (status, calls) in points.iter().flat_map(|point| point["statuses"].as_object().unwrap()) {
                *statuses.entry(status.clone()).or_default() += calls.as_u64().unwrap();
            }
            assert_eq!(statuses, answered);
            break;
        }
        assert!(known < CALLS as u64 && began.elapsed() < COUNTED, "{series:#}");
        std::thread::sleep(Duration::from_millis(500));
    }
    events_carry_the_plan(&local);
    its_calls_are_a_metric(&local);
    its_thresholds_are_told_of_and_no_others(&local, &customer);
    std::fs::remove_dir_all(&settings).unwrap();
}

fn customer_of_the_plan(local: &Local) -> Customer {
    let email = "one@example.com";
    let create = ["users", "create", "--local", "--json", "--email", email, "--quota", QUOTA, "--plan"];
    let (_, story) = local.ends("on", &[&create[..], &["silver"]].concat(), 1);
    assert!(story.contains("there are: gold"), "{story}");
    assert_eq!(local.json(&[&create[..], &[PLAN]].concat())["plan"], PLAN);
    let made = local.json(&["keys", "create", "--local", "--json", "--email", email]);
    Customer { email, key: made["apiKey"].as_str().unwrap().to_owned() }
}

fn events_carry_the_plan(local: &Local) {
    let ask = |action: &str, body: Value| -> Value {
        let answer = local.aws("POST", "kinesis", "/", &format!("Kinesis_20131202.{action}"), &body.to_string());
        serde_json::from_str(&answer).unwrap()
    };
    let stream = "complical-usage-stream-test";
    let mut calls = 0;
    for shard in ask("ListShards", json!({ "StreamName": stream }))["Shards"].as_array().unwrap() {
        let from = json!({"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = ask("GetShardIterator", from)["ShardIterator"].clone();
        let records = ask("GetRecords", json!({ "ShardIterator": iterator }));
        for record in records["Records"].as_array().unwrap() {
            let data = STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
            let event: Value = serde_json::from_slice(&data).unwrap();
            assert_eq!(event["plan"], PLAN, "{event}");
            calls += usize::from(event["eventType"] == "API_CALL");
        }
    }
    assert_eq!(calls, CALLS);
}

fn its_calls_are_a_metric(local: &Local) {
    let now = jiff::Timestamp::now();
    let span = [-2, 1].map(|hours| now + jiff::SignedDuration::from_hours(hours));
    let asked = [
        ("Action", "GetMetricStatistics"),
        ("Namespace", "CompliCal%2FAnalytics"),
        ("MetricName", "TotalAPICalls"),
        ("Dimensions.member.1.Name", "Environment"),
        ("Dimensions.member.1.Value", "test"),
        ("Dimensions.member.2.Name", "Plan"),
        ("Dimensions.member.2.Value", PLAN),
        ("Period", "86400"),
        ("Statistics.member.1", "Sum"),
    ];
    let mut asked: Vec<_> = asked.iter().map(|(name, value)| format!("{name}={value}")).collect();
    asked.extend(["StartTime", "EndTime"].iter().zip(span).map(|(name, at)| format!("{name}={at:.0}")));
    let began = Instant::now();
    loop {
        let answer = local.aws("POST", "monitoring", "/", "", &asked.join("&"));
        let sums = answer.split("<Sum>").skip(1).map(|rest| rest.split('<').next().unwrap().parse::<f64>().unwrap());
        let sum: f64 = sums.sum();
        if sum == CALLS as f64 {
            return;
        }
        assert!(sum < CALLS as f64 && began.elapsed() < COUNTED, "{answer}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn its_thresholds_are_told_of_and_no_others(local: &Local, customer: &Customer) {
    let alerts = local.analytics(&format!("/v1/analytics/alerts?email={}", customer.email));
    let thresholds = |list: &str| -> Vec<u64> {
        alerts[list].as_array().unwrap().iter().map(|alert| alert["threshold"].as_u64().unwrap()).collect()
    };
    assert_eq!((thresholds("alerts"), thresholds("toCome")), (vec![THRESHOLD], vec![100]), "{alerts:#}");
    let set = ["users", "set", "--local", "--json", "--email", customer.email, "--no-plan"];
    assert_eq!(local.json(&set)["plan"], Value::Null);
}
