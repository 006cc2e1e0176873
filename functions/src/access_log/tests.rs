use serde_json::Value;

use super::*;
use crate::signed_request::fake::{Asked, Fake, HANG_UP};

const THROTTLED: (u16, &str) = (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
/// A line of 2026-11-24T10:15:00Z, and a page that is not the last.
const FIRST: (u16, &str) = (
    200,
    r#"{"events":[{"message":"{\"callId\":\"r-1\",\"time\":\"1795515300000\",\"status\":\"200\",\"responseLatency\":\"12\"}"}],"nextToken":"t"}"#,
);
const LAST: (u16, &str) = (
    200,
    r#"{"events":[{"message":"{\"callId\":\"r-2\",\"time\":\"1795515300000\",\"status\":\"404\"}"}],"searchedLogStreams":[]}"#,
);

async fn read(pages: &[(u16, &'static str)]) -> (Vec<Asked>, Answers, Budget) {
    let (fake, url) = Fake::start(pages.iter().copied()).await;
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let log = AccessLog::new(Some(&url), "ap-south-1", credentials, "/the/log".into());
    let mut budget = Budget::default();
    let answers = log.answers("2026-11-24T10:15".parse().unwrap(), &mut budget).await;
    (fake.requests(), answers, budget)
}

fn statuses(answers: &Answers) -> [Option<u16>; 2] {
    ["r-1", "r-2"].map(|id| answers.to(id).map(|answer| answer.status))
}

#[tokio::test]
async fn a_minute_is_read_page_by_page_with_the_longest_call_behind_it() {
    let (requests, answers, _) = read(&[FIRST, LAST]).await;
    assert_eq!(statuses(&answers), [Some(200), Some(404)]);
    let [first, second] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(first.operation(), "Logs_20140328.FilterLogEvents");
    let asked = first.json();
    assert_eq!((&asked["logGroupName"], &asked["nextToken"]), (&"/the/log".into(), &Value::Null));
    assert_eq!(
        (&asked["startTime"], &asked["endTime"]),
        (&1_795_515_300_000_i64.into(), &1_795_515_390_000_i64.into())
    );
    assert_eq!(second.json()["nextToken"], "t");
}

#[tokio::test]
async fn who_is_asked_to_wait_asks_again() {
    let (requests, answers, _) = read(&[THROTTLED, FIRST, LAST]).await;
    assert_eq!((requests.len(), statuses(&answers)), (3, [Some(200), Some(404)]));
}

#[tokio::test]
async fn what_cannot_be_read_is_not_known_and_fails_nothing() {
    for end in [HANG_UP, (200, "no page"), (400, r#"{"__type":"ResourceNotFoundException"}"#)] {
        let (_, answers, _) = read(&[FIRST, end]).await;
        assert_eq!(statuses(&answers), [Some(200), None]);
    }
}

#[tokio::test]
async fn a_log_without_end_is_read_as_far_as_a_run_may() {
    let (requests, answers, mut budget) = read(&[FIRST]).await;
    assert_eq!((requests.len(), statuses(&answers)), (REQUESTS_OF_A_RUN as usize, [Some(200), None]));
    assert!(!budget.spend());
}
