//! Who is let in, and what the others leave behind.

use std::io::{self, Write};

use super::*;
use crate::log;

#[tokio::test]
async fn a_good_key_lets_the_call_on_and_tells_who_calls() {
    let world = World::new().await;
    world.quota(500).await;
    let allowed = call(&world.streaming(), "r-1", now()).await.unwrap();
    let answer = serde_json::to_value(&allowed).unwrap();
    assert_eq!(answer["principalId"], USER);
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    let expected = json!({
        "userEmail": USER, "companyName": "Example Pty Ltd", "apiKeyId": "k_1", "callId": "r-1",
        "quota": "within",
        "quotaLimit": "500", "quotaUsed": "1",
    });
    assert_eq!(answer["context"], expected);
}

#[tokio::test]
async fn the_company_of_the_key_goes_before_the_users() {
    let world = World::new().await;
    world.quota(500).await;
    world.key(KEY, json!({ "companyName": "Subsidiary" })).await;
    let allowed = call(&world.streaming(), "r-1", now()).await.unwrap();
    assert_eq!(allowed.context["companyName"], "Subsidiary");
}

#[tokio::test]
async fn each_kind_of_bad_key_is_unauthorized_and_an_event_that_names_no_user() {
    let world = World::new().await;
    world.key("ck_expired_secret", json!({ "expiresAt": NOW })).await;
    world.key("ck_revoked_secret", json!({ "revokedAt": "2026-11-24T10:00:00.000Z" })).await;
    let authorizer = world.streaming();
    let keys = [None, Some("ck_unknown_secret"), Some("ck_expired_secret"), Some("ck_revoked_secret")];
    for (n, key) in keys.into_iter().enumerate() {
        let answer = authorizer.answer(&request(&format!("r-{n}"), key), now).await;
        assert_eq!(answer, Err(Refused::Unauthorized));
    }
    let events = world.stream.of_type("API_AUTH_FAILED");
    let seen: Vec<_> =
        events.iter().map(|event| (&event["reason"], &event["apiKeyPrefix"], &event["apiKeyId"])).collect();
    let null = &Value::Null;
    assert_eq!(
        seen,
        [
            (&json!("missing_api_key"), null, null),
            (&json!("invalid_api_key"), &json!("ck_unkno"), null),
            (&json!("expired_api_key"), &json!("ck_expir"), &json!("k_1")),
            (&json!("revoked_api_key"), &json!("ck_revok"), &json!("k_1")),
        ]
    );
    assert!(events.iter().all(|event| event["userEmail"] == *null && event["sourceIp"] == "203.0.113.9"));
    assert_eq!(world.stream.partition_keys(), ["r-0", "r-1", "r-2", "r-3"]);
}

#[tokio::test]
async fn a_failure_with_a_known_key_says_whose_key_it_is_and_no_other_does() {
    let world = World::new().await;
    world.key("ck_expired_secret", json!({ "expiresAt": NOW, "userEmail": "A#B@Example.com" })).await;
    let authorizer = world.streaming();
    for (id, key) in [("1", None), ("2", Some("ck_unknown_secret")), ("3", Some("ck_expired_secret"))] {
        let _ = authorizer.answer(&request(id, key), now).await;
    }
    let events = world.stream.of_type("API_AUTH_FAILED");
    let owners: Vec<_> = events.iter().map(|event| &event["keyOwner"]).collect();
    assert_eq!(owners, [&Value::Null, &Value::Null, &json!(USER)]);
    assert!(events.iter().all(|event| event["userEmail"].is_null()));
}

#[tokio::test]
async fn nothing_but_a_method_of_the_call_s_own_api_is_allowed() {
    let world = World::new().await;
    let foreign = [
        json!("*"),
        json!(null),
        json!("arn:aws:execute-api:ap-south-1:123456789012:abc/test"),
        json!("arn:aws:execute-api:ap-south-1:123456789012:abc/*/GET/v1/deadlines"),
        json!("arn:aws:lambda:ap-south-1:123456789012:function:x"),
        json!("arn:aws:execute-api:ap-south-1:123456789012:abc/prod/GET/v1/deadlines"),
        json!("arn:aws:execute-api:ap-south-1:123456789012:other/test/GET/v1/deadlines"),
    ];
    for arn in foreign {
        let json = json!({
            "methodArn": arn, "headers": { "x-api-key": KEY },
            "requestContext": { "requestId": "r-1", "apiId": "abc", "stage": "test" },
        });
        let request: Request = serde_json::from_value(json).unwrap();
        assert_eq!(world.streaming().answer(&request, now).await, Err(Refused::Foreign), "{arn}");
    }
    assert_eq!((world.stream.requests(), world.wire.requests()), (0, 0));
}

#[tokio::test]
async fn a_quota_that_cannot_be_read_is_the_default_one() {
    let world = World::new().await;
    for (quota, limit) in [("9223372036854775808", "1000000000000000"), ("2.5", "10000")] {
        let item = [(PK, format!("USER#{USER}")), (SK, "USER".into())].map(|(name, value)| (name.into(), text(value)));
        let mut item = Item::from(item);
        item.insert("monthlyQuota".into(), aws_sdk_dynamodb::types::AttributeValue::N(quota.into()));
        world.put(world.fixture.keys_table(), item).await;
        assert_eq!(call(&world.streaming(), "r-1", now()).await.unwrap().context["quotaLimit"], limit);
    }
}

#[tokio::test]
async fn calls_under_every_spelling_of_a_name_share_one_quota() {
    for mode in [Mode::Stream, Mode::Synchronous] {
        let world = World::new().await;
        world.key("ck_other", json!({ "userEmail": "A#B@Example.com" })).await;
        world.quota(5).await;
        let keys = Keys::new(Table::new(world.fixture.client.clone(), world.fixture.keys_table()));
        let windows = Windows::new(world.table(world.fixture.analytics_table()), world.usage());
        store::migration::migrate(&keys, &world.usage(), &windows).await.unwrap();
        world.used_by("A#B@Example.com", 2).await;
        let instance = if mode == Mode::Stream { world.streaming() } else { world.synchronous() };
        let mut passed = 0;
        for (n, key) in [KEY, "ck_other", KEY, "ck_other"].into_iter().enumerate() {
            let answer = instance.answer(&request(&format!("r-{n}"), Some(key)), || after(n as i64)).await;
            assert_eq!(answer.as_ref().unwrap().context["userEmail"], USER);
            passed += usize::from(is_within(&answer));
        }
        assert_eq!(passed, 3, "{mode:?}");
    }
}

#[tokio::test]
async fn a_key_whose_look_up_fails_twice_at_once_is_found_at_the_third_try() {
    let world = World::new().await;
    world.wire.fail("GetItem", Fault::Unheard, 2);
    assert!(is_within(&call(&world.streaming(), "r-1", now()).await));
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_seconds_and_an_expired_one_at_once() {
    let world = World::new().await;
    world.key(KEY, json!({ "expiresAt": "2026-11-24T10:15:33.000Z" })).await;
    let authorizer = world.streaming();
    assert!(is_within(&call(&authorizer, "r-1", now()).await));
    assert_eq!(call(&authorizer, "r-2", after(3_000)).await, Err(Refused::Unauthorized));
    world.key("ck_other", json!({})).await;
    let other = async |now: Timestamp| authorizer.answer(&request("r-3", Some("ck_other")), || now).await;
    assert!(is_within(&other(now()).await));
    world.key("ck_other", json!({ "revokedAt": NOW })).await;
    assert_eq!(other(after(KEY_FRESH.as_millis() as i64)).await, Err(Refused::Unauthorized));
}

#[tokio::test]
async fn guesses_of_one_key_cost_one_read_and_no_scan() {
    let world = World::new().await;
    let authorizer = world.streaming();
    for n in 0..20 {
        let answer = authorizer.answer(&request(&n.to_string(), Some("ck_guess")), now).await;
        assert_eq!(answer, Err(Refused::Unauthorized));
    }
    assert_eq!(world.wire.requests(), 1);
    world.key("ck_guess", json!({})).await;
    let later = after(KEY_FRESH.as_millis() as i64);
    assert!(is_within(&authorizer.answer(&request("good", Some("ck_guess")), || later).await));
}

#[tokio::test]
async fn an_unreachable_keys_table_is_our_fault_and_not_the_callers() {
    let world = World::new().await;
    world.wire.fail("GetItem", Fault::Lost, 100);
    let answer = call(&world.streaming(), "r-1", now()).await;
    assert_eq!(answer, Err(Refused::Unavailable));
    let events = world.stream.of_type("API_AUTH_ERROR");
    assert_eq!((events.len(), &events[0]["requestId"]), (1, &json!("r-1")));
    assert!(events[0]["error"].as_str().unwrap().contains("GetItem"));
}

/// A writer that tests can read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_and_no_event_holds_a_key_or_a_cookie() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = log::lines(log::targets("trace"), move || writer.clone());
    // While there is but one subscriber, a line that another test meets first is off for good. Hence a second.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    world.quota(1).await;
    // What other tests had met by then is looked at again.
    tracing::callsite::rebuild_interest_cache();
    for authorizer in [world.streaming(), world.synchronous()] {
        world.stream.conduct(Conduct::Throttles);
        for (n, key) in [Some(KEY), Some("ck_unknown_secret"), None, Some(KEY)].into_iter().enumerate() {
            world.wire.fail("PutItem", Fault::Lost, 100);
            let _ = authorizer.answer(&request(&format!("r-{n}"), key), now).await;
        }
    }
    world.wire.fail("GetItem", Fault::Lost, 100);
    let _ = call(&world.streaming(), "r-9", now()).await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for expected in ["kept in this line alone", "InvalidApiKey", "over quota", "cannot be looked up", "r-1"] {
        assert!(log.contains(expected), "no `{expected}` in {log}");
    }
    for secret in [KEY, "ck_unknown_secret", "session=1", &key::hash(KEY)] {
        assert!(!log.contains(secret), "`{secret}` in {log}");
    }
}
