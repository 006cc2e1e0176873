//! An S3 of a few lines: it keeps what is put and gives it back, and refuses as often as it is told.
//!
//! Invariant: what it keeps was acknowledged, and what it refused is not kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Room for the largest record of a stream, 10 MiB, and more.
const MAX_OBJECT_BYTES: usize = 16 << 20;

/// A running S3. It ends with the value.
#[derive(Debug)]
pub struct Bucket {
    /// Where it listens.
    pub endpoint_url: String,
    held: Arc<Mutex<Held>>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Held {
    objects: BTreeMap<String, Bytes>,
    refusals: u32,
}

impl Bucket {
    /// Starts it on a free port, empty.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "a test without its bucket has nothing to say")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let endpoint_url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let held = Arc::default();
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(MAX_OBJECT_BYTES));
        let router = router.with_state(Arc::clone(&held));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { endpoint_url, held, server }
    }

    /// Has it refuse the next requests.
    pub fn refuse(&self, requests: u32) {
        lock(&self.held).refusals = requests;
    }

    /// Has it hold an object, by bucket and key.
    pub fn put(&self, place: &str, data: &'static [u8]) {
        lock(&self.held).objects.insert(place.to_owned(), data.into());
    }

    /// What it holds, by bucket and key.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        lock(&self.held).objects.clone()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(held): State<Arc<Mutex<Held>>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Result<Bytes, (StatusCode, &'static str)> {
    let mut held = lock(&held);
    if held.refusals > 0 {
        held.refusals -= 1;
        return Err((StatusCode::SERVICE_UNAVAILABLE, "<Error><Code>SlowDown</Code></Error>"));
    }
    let place = uri.path().trim_start_matches('/');
    if method == Method::PUT {
        held.objects.insert(place.to_owned(), body);
        return Ok(Bytes::new());
    }
    held.objects.get(place).cloned().ok_or((StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>"))
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
