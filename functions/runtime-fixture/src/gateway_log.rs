//! A gateway's access log in a CloudWatch Logs of a few lines: it keeps what is put, and gives it by the page.
//!
//! Invariant: a page holds only lines of the asked time, in order, and all pages together hold each once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use contract::access_log::{CALL_ID, RESPONSE_LATENCY, RESPONSE_TYPE, STATUS, TIME};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Lines of a page; AWS's have up to 10,000.
const PAGE: usize = 1_000;

/// Lines with their times in milliseconds since 1970, in order.
type Lines = Arc<Mutex<Vec<(i64, String)>>>;

/// A running log. It ends with the value.
#[derive(Debug)]
pub struct GatewayLog {
    /// Where it listens.
    pub endpoint_url: String,
    lines: Lines,
    server: JoinHandle<()>,
}

impl GatewayLog {
    /// Starts it on a free port, empty.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "a test without its log has nothing to say")]
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket need not block");
        let endpoint_url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let listener = TcpListener::from_std(listener).expect("a runtime runs the test");
        let lines = Lines::default();
        let router = Router::new().fallback(page).with_state(Arc::clone(&lines));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { endpoint_url, lines, server }
    }

    /// Has it hold the line of a call that was made at an instant and took so many milliseconds.
    pub fn answered(&self, call_id: &str, made: Timestamp, status: u16, millis: u64) {
        self.put(made, &[(CALL_ID, call_id), (STATUS, &status.to_string()), (RESPONSE_LATENCY, &millis.to_string())]);
    }

    /// Has it hold the line of a request that the gateway refused by itself.
    pub fn refused(&self, made: Timestamp, status: u16, response_type: &str) {
        self.put(made, &[(CALL_ID, "-"), (STATUS, &status.to_string()), (RESPONSE_TYPE, response_type)]);
    }

    /// Has it forget every line.
    pub fn clear(&self) {
        lock(&self.lines).clear();
    }

    fn put(&self, made: Timestamp, fields: &[(&str, &str)]) {
        let millis = made.as_millisecond();
        let time = [(TIME.to_owned(), json!(millis.to_string()))];
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        let line: Value = time.into_iter().chain(fields).collect::<serde_json::Map<_, _>>().into();
        let mut lines = lock(&self.lines);
        let place = lines.partition_point(|(at, _)| *at <= millis);
        lines.insert(place, (millis, line.to_string()));
    }
}

impl Drop for GatewayLog {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn page(State(lines): State<Lines>, request: Bytes) -> String {
    let asked: Value = serde_json::from_slice(&request).unwrap_or_default();
    let time = |name: &str| asked[name].as_i64().unwrap_or_default();
    let begin: usize = asked["nextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or_default();
    let lines = lock(&lines);
    let within = lines.iter().filter(|(at, _)| (time("startTime")..=time("endTime")).contains(at));
    let mut rest = within.skip(begin).map(|(at, line)| json!({"timestamp": at, "message": line})).peekable();
    let events: Vec<Value> = rest.by_ref().take(PAGE).collect();
    let next = rest.peek().map(|_| (begin + PAGE).to_string());
    json!({ "events": events, "nextToken": next }).to_string()
}

fn lock(lines: &Mutex<Vec<(i64, String)>>) -> MutexGuard<'_, Vec<(i64, String)>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
