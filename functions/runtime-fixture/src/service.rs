//! A DynamoDB and a Kinesis that take whatever they are sent after a set time: for figures that their own work would
//! blur. What they hold is nothing; a test of what is written uses a real one.
//!
//! Invariant: every request is answered, no sooner than the set time, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest request of either service is DynamoDB's 16 MB `BatchWriteItem`.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// A running service. It ends with the value.
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub endpoint_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    latency: Duration,
    requests: AtomicU64,
}

impl Service {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "a benchmark without its service has nothing to say")]
    pub async fn start(latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let endpoint_url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let shared = Arc::new(Shared { latency, requests: AtomicU64::default() });
        let limit = axum::extract::DefaultBodyLimit::max(MAX_REQUEST_BYTES);
        let router = Router::new().fallback(answer).layer(limit).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { endpoint_url, shared, server }
    }

    /// How many requests there were so far.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    _request: Bytes,
) -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    match operation.rsplit('.').next().unwrap_or_default() {
        "PutRecord" => ([(CONTENT_TYPE, "application/x-amz-json-1.1")], r#"{"SequenceNumber":"1","ShardId":"shard"}"#),
        "BatchWriteItem" => ([(CONTENT_TYPE, "application/x-amz-json-1.0")], r#"{"UnprocessedItems":{}}"#),
        _ => ([(CONTENT_TYPE, "application/x-amz-json-1.0")], "{}"),
    }
}
