//! Lambda's Runtime API on a loopback port: a function polls it for invocations and posts its answers.
//!
//! Invariant: an invocation is handed out once. Whether it was answered is known to who made it and to nobody else, so
//! a function that dies with one loses nothing that its caller does not learn of.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Room for an answer as large as Lambda's own limit of 6 MB.
const MAX_ANSWER_BYTES: usize = 6 << 20;
/// What a function is told of its time, in milliseconds since 1970: enough for any run.
const DEADLINE: &str = "4102444800000";

/// What came of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The function's answer.
    Response(Bytes),
    /// The function's error.
    Error(Bytes),
    /// Nothing more will come: the invocation was given up.
    Lost,
}

/// The Runtime API of one function. It ends with the value.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    polls: watch::Receiver<usize>,
    server: JoinHandle<()>,
}

struct Invocation {
    payload: Bytes,
    answer: oneshot::Sender<Answer>,
}

struct Shared {
    queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    open: Mutex<BTreeMap<String, oneshot::Sender<Answer>>>,
    polls: watch::Sender<usize>,
}

impl Host {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[expect(clippy::expect_used, reason = "a test without its Runtime API has nothing to say")]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (invocations, queue) = mpsc::unbounded_channel();
        let (polls, polled) = watch::channel(0);
        let shared = Arc::new(Shared { queue: tokio::sync::Mutex::new(queue), open: Mutex::default(), polls });
        let invocation = "/2018-06-01/runtime/invocation";
        let router = Router::new()
            .route(&format!("{invocation}/next"), get(next))
            .route(&format!("{invocation}/{{id}}/response"), post(response))
            .route(&format!("{invocation}/{{id}}/error"), post(error))
            .layer(axum::extract::DefaultBodyLimit::max(MAX_ANSWER_BYTES))
            .with_state(shared);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { address, invocations, polls: polled, server }
    }

    /// Where it listens, as `AWS_LAMBDA_RUNTIME_API` names it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Invokes the function, once it polls, and waits for what comes of it. It waits for ever where the function dies:
    /// who kills it drops the invocation.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation { payload: payload.into(), answer };
        if self.invocations.send(invocation).is_err() {
            return Answer::Lost;
        }
        answered.await.unwrap_or(Answer::Lost)
    }

    /// Waits until the function has polled more than `polls` times; returns how often it has.
    pub async fn polled(&self, polls: usize) -> usize {
        let mut polled = self.polls.clone();
        polled.wait_for(|n| *n > polls).await.map_or(polls, |n| *n)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<String, oneshot::Sender<Answer>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, id: &str, answer: Answer) -> StatusCode {
        match self.open().remove(id).map(|caller| caller.send(answer)) {
            Some(_) => StatusCode::ACCEPTED,
            None => StatusCode::NOT_FOUND,
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let mut poll = 0;
    shared.polls.send_modify(|n| {
        *n += 1;
        poll = *n;
    });
    // An invocation that nobody waits for any more is not worth a function's time.
    let invocation = loop {
        match shared.queue.lock().await.recv().await {
            Some(invocation) if invocation.answer.is_closed() => {}
            Some(invocation) => break invocation,
            None => return status(StatusCode::GONE),
        }
    };
    let id = poll.to_string();
    shared.open().insert(id.clone(), invocation.answer);
    let answer = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", id)
        .header("lambda-runtime-deadline-ms", DEADLINE)
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:ap-south-1:000000000000:function:fixture")
        .body(Body::from(invocation.payload));
    answer.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, answer: Bytes) -> StatusCode {
    shared.settle(&id, Answer::Response(answer))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, answer: Bytes) -> StatusCode {
    shared.settle(&id, Answer::Error(answer))
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = code;
    response
}
