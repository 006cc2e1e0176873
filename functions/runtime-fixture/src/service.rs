//! A DynamoDB and a Kinesis that take whatever they are sent after a set time: for figures that their own work would
//! blur. They hold the items that they began with and nothing else; a test of what is written uses a real one.
//!
//! Invariant: every request is answered, no sooner than the set time, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName};
use contract::table::{PK, SK};
use serde_json::{Value, json};
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
    items: Vec<Value>,
    requests: AtomicU64,
}

impl Service {
    /// Starts it on a free port, with items in DynamoDB's JSON to be got by their keys.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "a benchmark without its service has nothing to say")]
    pub async fn start(latency: Duration, items: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let endpoint_url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let shared = Arc::new(Shared { latency, items, requests: AtomicU64::default() });
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
    request: Bytes,
) -> ([(HeaderName, &'static str); 1], String) {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let answer = match operation.rsplit('.').next().unwrap_or_default() {
        "PutRecord" => json!({ "SequenceNumber": "1", "ShardId": "shardId-000000000000" }),
        "BatchWriteItem" => json!({ "UnprocessedItems": {} }),
        "GetItem" => shared.item(&request).map_or_else(|| json!({}), |item| json!({ "Item": item })),
        "Query" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
        _ => json!({}),
    };
    ([(CONTENT_TYPE, "application/x-amz-json-1.0")], answer.to_string())
}

impl Shared {
    fn item(&self, request: &[u8]) -> Option<&Value> {
        let request: Value = serde_json::from_slice(request).ok()?;
        let key = &request["Key"];
        self.items.iter().find(|item| item[PK] == key[PK] && item[SK] == key[SK])
    }
}
