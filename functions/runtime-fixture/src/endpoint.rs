//! What `AWS_ENDPOINT_URL` leads a function to: a real DynamoDB with a meter, and a Kinesis and a CloudWatch that take
//! whatever they are sent.
//!
//! Invariant: the database pages, refuses and charges as [`Store`] does; what the others are sent costs nothing.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use dynamodb_fixture::Store;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest request of any of them is DynamoDB's 16 MB `BatchWriteItem`.
const MAX_REQUEST_BYTES: usize = 16 << 20;
/// The protocol that the SDK's CloudWatch speaks (smithy.io, "Smithy RPC v2 CBOR protocol"), and its empty answer.
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const CBOR: HeaderValue = HeaderValue::from_static("rpc-v2-cbor");
const EMPTY_MAP: &[u8] = &[0xa0];

type Answer = (StatusCode, [(HeaderName, HeaderValue); 2], Bytes);

/// A running endpoint. It ends with the value.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub endpoint_url: String,
    /// Its database.
    pub store: Store,
    server: JoinHandle<()>,
}

impl Endpoint {
    /// Starts it on a free port, with an empty database.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "a benchmark without its database has nothing to say")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let endpoint_url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let store = Store::new().await;
        let limit = DefaultBodyLimit::max(MAX_REQUEST_BYTES);
        let router = Router::new().fallback(answer).layer(limit).with_state(store.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { endpoint_url, store, server }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(store): State<Store>, headers: HeaderMap, request: Bytes) -> Answer {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let content = |kind| [(CONTENT_TYPE, HeaderValue::from_static(kind)), (SMITHY_PROTOCOL, CBOR)];
    match target.split_once('.') {
        Some((service, operation)) if service.starts_with("DynamoDB") => {
            let (status, answer) = match serde_json::from_slice(&request) {
                Ok(request) => store.metered(operation, request),
                Err(error) => (400, json!({ "__type": "SerializationException", "message": error.to_string() })),
            };
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, content("application/x-amz-json-1.0"), answer.to_string().into())
        }
        Some(_) => {
            let taken = json!({ "SequenceNumber": "1", "ShardId": "shardId-000000000000" });
            (StatusCode::OK, content("application/x-amz-json-1.1"), taken.to_string().into())
        }
        None => (StatusCode::OK, content("application/cbor"), Bytes::from_static(EMPTY_MAP)),
    }
}
