//! Reports of a history that was played: made by the function, announced on the topic, read by its links.
//!
//! Invariant: what a report says is what the API answers, and what `report` writes here.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;

const FUNCTION: &str = "/2015-03-31/functions/CompliCal-Kinesis-test-UsageReports/invocations";
const CUSTOMER: &str = "user@example.com";

#[test]
fn a_history_that_was_played_is_reported_to_those_who_have_subscribed() {
    let mut local = demo::up();
    demo::up_again(&mut local);
    let [from, to] = [27, 0].map(midnight);
    exports::one_that_is_killed_goes_on_where_it_was(&local, [&from, &to]);
    local.json(&["play", "--local", "--json", "--calls", "1500", "--days", "62", "--seed", "3"]);
    let (everybodys, own) = (Inbox::open(&local, &[]), Inbox::open(&local, &["--user", CUSTOMER]));
    let now = Timestamp::now();
    let outcome = run(&local, now);
    assert!(outcome["failed"] == 0 && outcome["written"].as_u64().unwrap() > 8, "{outcome}");

    let yesterday = (now - SignedDuration::from_hours(24)).to_string()[..10].to_owned();
    let message = everybodys.of(&yesterday);
    assert_eq!((&message["type"], &message["data"]["corrections"]), (&json!("com.complical.usage.report"), &json!([])));
    agrees(&local, &message, "--day", &[]);
    let message = own.of(&yesterday);
    assert_eq!(message["data"]["userEmail"], CUSTOMER);
    agrees(&local, &message, "--day", &["--email", CUSTOMER]);
    let page = fetched(&local, message["data"]["html"].as_str().unwrap());
    assert!(page.contains(CUSTOMER) && page.contains("<h2>Quota</h2>") && page.contains("<svg"), "{page}");

    let again = run(&local, now);
    assert_eq!((&again["written"], &again["failed"]), (&json!(0), &json!(0)), "{again}");
    a_month_is_reported_when_it_is_over(&local, now, &everybodys, &own);
}

/// What the schedule's run on the first of this month would have sent.
fn a_month_is_reported_when_it_is_over(local: &Local, now: Timestamp, everybodys: &Inbox, own: &Inbox) {
    let first = TimeZone::UTC.to_datetime(now).date().first_of_month();
    let month = first.yesterday().unwrap().to_string()[..7].to_owned();
    let outcome = run(local, TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).unwrap());
    assert_eq!(outcome["failed"], 0, "{outcome}");
    agrees(local, &everybodys.of(&month), "--month", &[]);
    agrees(local, &own.of(&month), "--month", &["--email", CUSTOMER]);
}

/// When a day began, so many days ago.
fn midnight(days: i64) -> String {
    format!("{}T00:00:00.000Z", &(Timestamp::now() - SignedDuration::from_hours(24 * days)).to_string()[..10])
}

fn run(local: &Local, at: Timestamp) -> Value {
    let event = json!({"time": at.to_string()}).to_string();
    serde_json::from_str(&local.aws("POST", "lambda", FUNCTION, "", &event)).unwrap()
}

/// Whether an announced report, one that is made by hand and the API say the same of a period.
fn agrees(local: &Local, message: &Value, kind: &str, whose: &[&str]) {
    let out = local.folder.join("reports");
    let period = message["data"]["period"].as_str().unwrap();
    let made = ["report", "--local", "--json", kind, period, "--out", out.to_str().unwrap()];
    let made = local.json(&[&made[..], whose].concat());
    let data = &message["data"];
    for field in ["apiCalls", "errors", "rateLimited"] {
        assert_eq!(data[field], made[field], "{field}: {message:#} {made:#}");
    }
    assert!(data["apiCalls"].as_u64().unwrap() > 0, "{message:#}");
    let table = std::fs::read_to_string(made["csv"].as_str().unwrap()).unwrap();
    assert_eq!(fetched(local, data["csv"].as_str().unwrap()), table);
    if whose.is_empty() {
        let (from, to) = (made["from"].as_str().unwrap(), made["to"].as_str().unwrap());
        let days = local.analytics(&format!("/v1/analytics/timeseries?granularity=day&from={from}&to={to}"));
        let of_days = days["timeSeries"].as_array().unwrap().iter().map(|day| day["apiCalls"].as_u64().unwrap());
        assert_eq!(of_days.sum::<u64>(), data["apiCalls"]);
    }
}

/// What is at a link.
fn fetched(local: &Local, link: &str) -> String {
    let mut answer = local.agent.get(link).call().unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{link}");
    answer.body_mut().read_to_string().unwrap()
}

/// An endpoint to which the topic posts, subscribed and confirmed.
struct Inbox {
    posts: Receiver<Value>,
}

impl Inbox {
    fn open(local: &Local, whose: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/reports", listener.local_addr().unwrap());
        let (sender, posts) = channel();
        // It ends when nobody listens any more, or with the test.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = BufReader::new(connection.unwrap());
                let post = body(&mut connection);
                let _ = connection.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                if sender.send(serde_json::from_slice(&post).unwrap()).is_err() {
                    return;
                }
            }
        });
        let subscribe = ["alerts", "subscribe", "--local", "--json", "--reports", "--https", &url];
        local.json(&[&subscribe[..], whose].concat());
        let inbox = Self { posts };
        let asked = inbox.next();
        let form = |field: &str| asked[field].as_str().unwrap().replace(':', "%3A");
        let confirm = format!(
            "Action=ConfirmSubscription&Version=2010-03-31&TopicArn={}&Token={}",
            form("TopicArn"),
            form("Token")
        );
        local.aws("POST", "sns", "/", "", &confirm);
        inbox
    }

    fn next(&self) -> Value {
        self.posts.recv_timeout(COUNTED).expect("nothing is posted")
    }

    /// The announcement of a period.
    fn of(&self, period: &str) -> Value {
        loop {
            let post = self.next();
            // Where the endpoint is posted the message itself, there is nothing around it.
            let message = post["Message"].as_str().map_or(post.clone(), |text| serde_json::from_str(text).unwrap());
            if message["data"]["period"] == period {
                return message;
            }
        }
    }
}

/// The body of a request.
fn body(connection: &mut impl std::io::BufRead) -> Vec<u8> {
    let (mut length, mut line) = (0, String::new());
    while connection.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    body
}
