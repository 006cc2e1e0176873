use dynamodb_fixture::Fixture;

use super::*;

fn item(data: &str, length: usize) -> Item {
    let text = |value: &str| AttributeValue::S(value.into());
    Item::from([
        ("SK".into(), text("2026-11-24T10:15:31.000Z#shardId-000000000000#49")),
        ("reason".into(), text("not an event: expected value")),
        ("data".into(), text(data)),
        ("dataLength".into(), AttributeValue::N(length.to_string())),
        ("arrivedAt".into(), text("2026-11-24T10:15:31.000Z")),
    ])
}

#[test]
fn a_record_is_read_with_its_bytes() {
    let failed = Failed::read(&item("aGVsbG8=", 5)).unwrap();
    assert_eq!(failed.data, b"hello");
    assert!(!failed.is_cut());
    assert_eq!(failed.to_json()["text"], "hello");
    assert!(failed.lines().contains(&"hello".to_owned()));
    assert!(failed.line().ends_with("not an event: expected value (5 bytes)"), "{}", failed.line());
}

#[test]
fn a_cut_record_says_so() {
    let failed = Failed::read(&item("aGVsbG8=", 1_000_000)).unwrap();
    assert!(failed.is_cut());
    assert!(failed.line().contains("1000000 bytes, cut"), "{}", failed.line());
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

async fn put(fixture: &Fixture, id: &str) {
    let put = fixture.client.put_item().table_name(fixture.analytics_table()).set_item(Some(item("aGVsbG8=", 5)));
    let put = put.item(table::PK, AttributeValue::S(ERRORS.into())).item(table::SK, AttributeValue::S(id.into()));
    put.send().await.unwrap();
}

#[tokio::test]
async fn records_come_newest_first_and_no_more_than_asked_for() {
    let fixture = Fixture::start().await;
    let (connection, env) = (Connection::to_local(&fixture.endpoint_url), Environment::default());
    let records = Records::of(&connection, &env);
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
    let records = Records::of(&connection, &env);
    put(&fixture, "known").await;
    records.note_replay("known").await.unwrap();
    assert!(records.get("known").await.unwrap().unwrap().replayed_at.is_some());
    records.note_replay("expired").await.unwrap();
    assert_eq!(records.get("expired").await.unwrap(), None);
}

#[tokio::test]
async fn without_the_table_the_error_says_what_makes_it() {
    let fixture = Fixture::start().await;
    let connection = Connection::to_local(&fixture.endpoint_url);
    let error = Records::of(&connection, &"other".parse().unwrap()).newest(1).await.unwrap_err();
    assert!(error.to_string().contains("there is no table complical-analytics-other"), "{error}");
}
