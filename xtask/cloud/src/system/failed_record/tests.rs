use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb_fixture::Fixture;

use super::*;

fn failed(data: &[u8], data_length: usize) -> StoredFailure {
    StoredFailure {
        id: "2026-11-24T10:15:31.000Z#shardId-000000000000#49".into(),
        reason: "not an event: expected value".into(),
        data: data.into(),
        data_length,
        arrived_at: "2026-11-24T10:15:31.000Z".into(),
        ..StoredFailure::default()
    }
}

#[test]
fn a_record_is_shown_with_its_bytes() {
    let failed = failed(b"hello", 5);
    assert_eq!((&to_json(&failed)["text"], &to_json(&failed)["isCut"]), (&"hello".into(), &false.into()));
    assert!(line(&failed).ends_with("not an event: expected value (5 bytes)"), "{}", line(&failed));
    assert!(lines(&Completed { record: failed, lost: None }).contains(&"hello".to_owned()));
}

#[test]
fn a_cut_record_says_so() {
    let failed = failed(b"hello", 1_000_000);
    assert!(line(&failed).contains("1000000 bytes, cut"), "{}", line(&failed));
    assert_eq!(to_json(&failed)["isCut"], true);
}

#[test]
fn bytes_that_are_no_text_are_dumped_and_cannot_reach_the_terminal() {
    assert_eq!(shown(b"\xff\x00A "), ["00000000  ff 00 41 20                                      ..A "]);
    assert_eq!(shown("é\n{}".as_bytes()), ["é", "{}"]);
    assert!(shown(b"\x1b[2Jgone").iter().all(|line| !line.contains('\u{1b}')));
    assert_eq!(shown(&[b'x'; 40]).len(), 1);
    assert_eq!(shown(&[0; 40]).len(), 3);
    assert!(shown(b"").is_empty());
    assert_eq!(printable("unknown variant `\u{1b}[2J`"), "unknown variant `\\u{1b}[2J`");
}

/// An item as the processor writes it, spelled once more: an oracle for what the store reads.
async fn put(fixture: &Fixture, id: &str) {
    let text = |value: &str| AttributeValue::S(value.into());
    let put = fixture.client.put_item().table_name(fixture.analytics_table());
    let put = put.item("PK", text("ERRORS")).item("SK", text(id)).item("reason", text("not an event: expected value"));
    let put = put.item("data", text("aGVsbG8=")).item("dataLength", AttributeValue::N("5".into()));
    put.item("arrivedAt", text("2026-11-24T10:15:31.000Z")).send().await.unwrap();
}

#[tokio::test]
async fn records_come_newest_first_and_no_more_than_asked_for() {
    let fixture = Fixture::start().await;
    let (connection, env) = (Connection::to_local(&fixture.endpoint_url), Environment::default());
    let records = Records::new(&connection, &env);
    assert_eq!(records.newest(10).await.unwrap(), []);
    for id in ["2026-11-24T10:00:00.000Z#s#1", "2026-11-24T10:00:01.000Z#s#2", "2026-11-24T10:00:02.000Z#s#3"] {
        put(&fixture, id).await;
    }
    let ids: Vec<String> = records.newest(2).await.unwrap().into_iter().map(|failed| failed.id).collect();
    assert_eq!(ids, ["2026-11-24T10:00:02.000Z#s#3", "2026-11-24T10:00:01.000Z#s#2"]);
}

#[tokio::test]
async fn a_replay_is_noted_on_the_record_and_never_makes_one() {
    let fixture = Fixture::start().await;
    let (connection, env) = (Connection::to_local(&fixture.endpoint_url), Environment::default());
    let records = Records::new(&connection, &env);
    put(&fixture, "known").await;
    records.note_replay("known").await.unwrap();
    let known = records.get("known").await.unwrap().unwrap();
    assert_eq!((&known.data[..], known.data_length), (&b"hello"[..], 5));
    assert!(known.replayed_at.is_some());
    records.note_replay("expired").await.unwrap();
    assert_eq!(records.get("expired").await.unwrap(), None);
}

#[tokio::test]
async fn without_the_table_the_error_says_what_makes_it() {
    let fixture = Fixture::start().await;
    let connection = Connection::to_local(&fixture.endpoint_url);
    let error = Records::new(&connection, &"other".parse().unwrap()).newest(1).await.unwrap_err();
    assert!(error.to_string().contains("there is no table complical-analytics-other"), "{error}");
}
