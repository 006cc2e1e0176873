//! What is an event, what of it is cut or left out, and what is none.

use super::*;

const CALL: &str = r#"{"eventType":"API_CALL","requestId":"3f0c","timestamp":"2026-11-23T10:15:30.123Z",
    "userEmail":"a#b@example.com","apiKeyId":"k_01","method":"GET","path":"/v1/deadlines","latencyMs":3,"new":{"x":1}}"#;

/// A call's fields in the order in which they are declared, and no names.
const FIELDS: &str = r#"["API_CALL","3f0c","2026-11-23T10:15:30.123Z","a#b@example.com",null,null,null,null,null,null,null,
    null,null,3,null,null,null,null,null,null,null]"#;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rejected(data: &[u8]) -> Rejection {
    Event::parse(data, at("2026-11-23T10:15:31Z")).unwrap_err()
}

#[test]
fn the_contracts_event_is_read_and_unknown_fields_are_no_error() {
    let event = Event::parse(CALL.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
    assert_eq!(event.event_type, EventType::Call);
    assert_eq!(event.user_email.as_ref().map(Email::as_str), Some("a#b@example.com"));
    assert_eq!(event.latency_ms.map(Latency::as_millis), Some(3.0));
}

#[test]
fn what_is_written_is_read_back_as_it_was() {
    let event = Event::parse(CALL.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
    assert_eq!(Event::parse(&event.to_json(), at("2026-11-23T10:15:31Z")).unwrap(), event);
}

#[test]
fn what_is_no_event_is_rejected() {
    for data in [
        &b""[..],
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"{",
        format!(" {FIELDS}").as_bytes(),
        CALL.replace("API_CALL", "API_PARTY").as_bytes(),
        CALL.replace("\"API_CALL\"", "{\"API_CALL\":null}").as_bytes(),
        CALL.replace("\"new\"", "\"reason\":{\"invalid_api_key\":null},\"new\"").as_bytes(),
        CALL.replace("\"latencyMs\":3", "\"latencyMs\":\"3\"").as_bytes(),
        CALL.replace("2026-11-23T10", "2026-11-23T99").as_bytes(),
    ] {
        assert!(matches!(rejected(data), Rejection::Malformed(_)), "{}", String::from_utf8_lossy(data));
    }
}

#[test]
fn a_call_without_id_or_user_is_rejected() {
    assert_eq!(rejected(CALL.replace("3f0c", "").as_bytes()), Rejection::Missing("requestId"));
    assert_eq!(rejected(CALL.replace("a#b@example.com", "").as_bytes()), Rejection::Missing("userEmail"));
}

#[test]
fn a_failed_authentication_needs_no_user() {
    let failed = br#"{"eventType":"API_AUTH_FAILED","requestId":"r","timestamp":"2026-11-23T10:15:30Z","reason":"expired_api_key"}"#;
    let event = Event::parse(failed, at("2026-11-23T10:15:31Z")).unwrap();
    assert_eq!(event.reason, Some(Reason::ExpiredApiKey));
}

#[test]
fn a_timestamp_counts_from_eight_days_before_to_an_hour_after_its_arrival() {
    let event = |arrival| Event::parse(CALL.as_bytes(), at(arrival)).map(|_| ());
    assert_eq!(event("2026-11-23T09:15:30.123Z"), Ok(()));
    assert_eq!(event("2026-11-23T09:15:30.122Z"), Err(Rejection::FromTheFuture));
    assert_eq!(event("2026-12-01T10:15:30.123Z"), Ok(()));
    assert_eq!(event("2026-12-01T10:15:30.124Z"), Err(Rejection::TooOld));
    assert_eq!(rejected(CALL.replace("2026-11-23", "9999-11-23").as_bytes()), Rejection::FromTheFuture);
}

/// What is read of a call with one more field.
fn with(field: &str, value: &str) -> Result<Event, Rejection> {
    let json = CALL.replace("\"new\"", &format!("\"{field}\":{value},\"new\""));
    Event::parse(json.as_bytes(), at("2026-11-23T10:15:31Z"))
}

#[test]
fn what_names_a_call_is_refused_where_it_is_too_long() {
    let long = CALL.replace("a#b", &"x".repeat(400));
    assert!(matches!(rejected(long.as_bytes()), Rejection::TooLong { field: "userEmail", bytes: 412, .. }));
    let long = CALL.replace("3f0c", &"x".repeat(300));
    assert!(matches!(rejected(long.as_bytes()), Rejection::TooLong { field: "requestId", bytes: 300, limit: 256 }));
    assert!(Event::parse(CALL.replace("3f0c", &"x".repeat(256)).as_bytes(), at("2026-11-23T10:15:31Z")).is_ok());
}

#[test]
fn an_optional_text_that_is_too_long_is_cut_and_costs_no_call() {
    let fields = ["companyName", "apiKeyId", "apiKeyName", "method", "path", "stage", "sourceIp", "userAgent", "error"];
    let calls = CALL.replace("\"apiKeyId\":\"k_01\",\"method\":\"GET\",\"path\":\"/v1/deadlines\",", "");
    for (text, letters) in
        [("x", 1 << 20), ("\\u0000", 200_000), ("\\\"", 500_000), ("😀", 250_000), ("\\udfff", 90_000)]
    {
        let long = text.repeat(letters);
        let texts: String =
            fields.iter().chain(&["apiKeyPrefix"]).map(|field| format!("\"{field}\":\"{long}\",")).collect();
        let json = calls.replace("\"new\"", &format!("{texts}\"new\""));
        let event = Event::parse(json.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
        assert!(event.to_json().len() < 8 * 1_024, "{text}: {}", event.to_json().len());
        assert_eq!(event.api_key_prefix.as_ref().unwrap().as_str().chars().count(), 8, "{text}");
        assert!(event.path.as_ref().unwrap().len() >= limit::MAX_PATH_BYTES / 6, "{text}");
        assert_eq!(Event::parse(&event.to_json(), at("2026-11-23T10:15:31Z")).unwrap(), event, "{text}");
    }
}

#[test]
fn a_number_out_of_its_range_is_left_out_and_costs_no_call() {
    for number in ["-5", "1e308", "1e400", "-1e400", "86400000.1", &"9".repeat(400), "-0.0001"] {
        let json = CALL.replace("\"latencyMs\":3", &format!("\"latencyMs\":{number}"));
        let event = Event::parse(json.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
        assert_eq!(event.latency_ms, None, "{number}");
    }
    for (number, millis) in
        [("0", "0.0"), ("-0", "0.0"), ("1e-400", "0.0"), ("86400000", "86400000.0"), ("0.5e1", "5.0")]
    {
        let json = CALL.replace("\"latencyMs\":3", &format!("\"latencyMs\":{number}"));
        let event = Event::parse(json.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
        assert_eq!(serde_json::to_string(&event.latency_ms).unwrap(), millis, "{number}");
    }
    for field in ["currentUsage", "threshold", "usage", "limit"] {
        for number in ["-1", "0.5", "1e400", "9223372036854775808", "18446744073709551616", &"9".repeat(400)] {
            let event = with(field, number).unwrap();
            assert_eq!([event.current_usage, event.threshold, event.usage, event.limit], [None; 4], "{field} {number}");
        }
        let event = with(field, "9223372036854775807").unwrap();
        let counts = [event.current_usage, event.threshold, event.usage, event.limit];
        assert_eq!(counts.into_iter().flatten().collect::<Vec<_>>(), [i64::MAX.unsigned_abs()], "{field}");
    }
}

#[test]
fn a_field_of_another_type_is_refused() {
    for field in ["companyName", "userAgent", "error", "apiKeyPrefix"] {
        for other in ["3", "true", "{}", "[]", "[120]", "{\"x\":1}"] {
            assert!(matches!(with(field, other), Err(Rejection::Malformed(_))), "{field}: {other}");
        }
        assert!(with(field, "null").is_ok());
    }
    for field in ["currentUsage", "threshold", "usage", "limit"] {
        for other in ["\"3\"", "true", "{}", "[]", "[3]", "NaN", "Infinity", "01", "+1", ".5", "1e"] {
            assert!(matches!(with(field, other), Err(Rejection::Malformed(_))), "{field}: {other}");
        }
        assert!(with(field, "null").is_ok());
    }
}

#[test]
fn a_plan_is_read_where_one_is_named_and_anything_else_costs_no_call() {
    let plan = |value: &str| with("plan", value).unwrap().plan.map(|plan| plan.to_string());
    assert_eq!(plan("\"pro-2\"").as_deref(), Some("pro-2"));
    let (long, deep) = (format!("\"{}\"", "x".repeat(33)), format!("{}{}", "[".repeat(300_000), "]".repeat(300_000)));
    for none in ["null", "3", "1e400", "true", "{\"a\":1}", "\"\"", "\"Pro\"", "\"\\ud800\"", &long, &deep] {
        assert_eq!(plan(none), None, "{none:.40}");
    }
    let event = with("plan", "\"free\"").unwrap();
    assert_eq!(Event::parse(&event.to_json(), at("2026-11-23T10:15:31Z")).unwrap(), event);
    assert!(!String::from_utf8(with("plan", "7").unwrap().to_json()).unwrap().contains("plan"));
}

#[test]
fn whatever_a_record_holds_it_is_an_event_or_says_in_few_words_why_it_is_none() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(with("more", &deep(300_000)).is_ok());
    assert!(with("more", &format!("\"{}\"", "x".repeat(10 << 20))).is_ok());
    assert!(with("more", "1e400").is_ok());
    for (field, value) in [
        ("more", "[".repeat(1 << 20)),
        ("path", deep(300_000)),
        ("limit", deep(300_000)),
        ("eventType", "\"API_CALL\"".into()),
        ("companyName", "\"a\",\"companyName\":\"b\"".into()),
        ("reason", format!("\"{}\"", "\u{1b}".repeat(1 << 20))),
        ("reason", format!("\"{}\"", "x".repeat(1 << 20))),
        ("requestId", "\"again\"".into()),
    ] {
        let rejection = with(field, &value).unwrap_err();
        assert!(matches!(rejection, Rejection::Malformed(_)), "{field}");
        assert!(rejection.to_string().len() < 1_100, "{field}");
    }
    let unpaired = CALL.replace("3f0c", "\\ud800");
    let zeros = CALL.replace("3f0c", "a\\u0000b");
    for data in [format!("\u{feff}{CALL}"), format!("{CALL} x"), format!("{CALL}{CALL}"), format!("{CALL}\0"), unpaired]
    {
        assert!(matches!(rejected(data.as_bytes()), Rejection::Malformed(_)), "{data}");
    }
    let of_no_alphabet: Vec<_> = CALL.bytes().map(|byte| if byte == b'x' { 0xff } else { byte }).collect();
    assert!(matches!(rejected(&of_no_alphabet), Rejection::Malformed(_)));
    assert!(Event::parse(zeros.as_bytes(), at("2026-11-23T10:15:31Z")).is_ok());
    let event = Event::parse(CALL.replace("a#b", " \\tA#B").as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
    assert_eq!(event.user_email.as_ref().map(Email::as_str), Some("a#b@example.com"));
    assert_eq!(rejected(CALL.replace("a#b@example.com", " \\n").as_bytes()), Rejection::Missing("userEmail"));
}

#[test]
fn a_partition_key_is_never_longer_than_kinesis_takes() {
    let key = |user: &str| {
        let event = Event::parse(CALL.replace("a#b", user).as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
        event.partition_key().to_owned()
    };
    assert_eq!(key(&"é".repeat(154)).chars().count(), 154 + "@example.com".len());
    assert_eq!(key(&"x".repeat(300)).chars().count(), MAX_PARTITION_KEY_CHARS);
    assert_eq!(key("a"), "a@example.com");
}
