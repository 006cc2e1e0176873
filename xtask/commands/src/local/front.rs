//! The front of the local system: what listens on its port, before the emulator, which answers whoever asks it.
//!
//! Invariant: a request that is not admitted never reaches the emulator, and no answer invites another site's page.

pub mod admission;
pub mod authority;
pub mod refusal;
pub mod stream_change;

use std::convert::Infallible;
use std::future::ready;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::future::Either as Now;
use http_body_util::Either;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::uri::PathAndQuery;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use xtask::Failure;

use authority::{Authority, Here};
use refusal::{Refusal, RefusalBody};

/// How long a connection to the emulator is kept without a request, which the emulator itself does for 75 s: a
/// connection that it closes at that moment would lose a request.
const IDLE: Duration = Duration::from_secs(30);
/// Between two tries to take a connection where there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(50);
/// Fields that are about one connection (RFC 9110, section 7.6.1), and `Expect`, which the front itself answers.
const OF_A_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    EXPECT,
];
/// How the names begin of the fields by which a service invites pages of other sites.
const INVITATION: &str = "access-control-";

/// The port of the local system, taken: what connects waits until the front serves.
#[derive(Debug)]
pub struct Front {
    listener: TcpListener,
    port: u16,
}

/// A front that serves. It ends with the value.
#[derive(Debug)]
pub struct Serving {
    endpoint: String,
    task: JoinHandle<()>,
    stream_changes: watch::Receiver<()>,
}

/// What the requests of all connections share.
struct Shared {
    here: Here,
    emulator: Uri,
    client: Client<HttpConnector, Incoming>,
    stream_changes: watch::Sender<()>,
}

type Answer = Response<Either<Incoming, RefusalBody>>;

impl Front {
    /// Takes a port of this machine's own address; any free one for 0.
    ///
    /// # Errors
    /// When something else has it.
    pub async fn take(port: u16) -> Result<Self> {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => Ok(Self { port: listener.local_addr()?.port(), listener }),
            Err(error) => Err(Failure::new(format!("cannot listen on 127.0.0.1:{port}: {error}"))
                .hint("end what uses the port, or choose another with --port (0 takes any)")
                .into()),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address that everybody is told, such as `http://127.0.0.1:4571`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Serves from now on, for an emulator whose paths begin at an address such as `http://127.0.0.1:40123/secret`.
    /// Functions may be told another address than the front's, from which their requests come to it.
    pub fn serve(self, emulator: Uri, functions: &str) -> Serving {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        let (changed, stream_changes) = watch::channel(());
        let here = Here { port: self.port, of_functions: Authority::of_origin(functions) };
        let shared = Shared { here, emulator, client, stream_changes: changed };
        Serving {
            endpoint: self.endpoint(),
            task: tokio::spawn(take_connections(self.listener, Arc::new(shared))),
            stream_changes,
        }
    }
}

impl Serving {
    /// Where it answers, such as `http://127.0.0.1:4571`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Changes when a request has been answered that may have put records on the stream, or changed who reads it.
    pub fn stream_changes(&self) -> watch::Receiver<()> {
        self.stream_changes.clone()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take_connections(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this future, it ends the connections.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((connection, _)) => drop(connections.spawn(serve(connection, Arc::clone(&shared)))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(connection: TcpStream, shared: Arc<Shared>) {
    // Without it an answer in two parts waits for the first to be acknowledged.
    let _ = connection.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| match admission::admit(&request, &shared.here) {
        Ok(()) => Now::Left(pass_on(Arc::clone(&shared), request)),
        Err(refusal) => Now::Right(ready(Ok::<_, Infallible>(refusal.answer().map(Either::Right)))),
    });
    // A connection that breaks is its client's matter.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

/// Passes a request on, and its answer back, as they come.
async fn pass_on(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (mut head, body) = request.into_parts();
    let changes_stream = stream_change::is_one(&head);
    let Some(uri) = at(&shared.emulator, &head.uri) else {
        return Ok(Refusal::Target.answer().map(Either::Right));
    };
    head.uri = uri;
    head.version = Version::HTTP_11;
    if head.headers.contains_key(TRANSFER_ENCODING) {
        // It says how long the body is; a length beside it would be believed by some (RFC 9112, section 6.3).
        head.headers.remove(CONTENT_LENGTH);
    }
    drop_fields_of_a_connection(&mut head.headers);
    let answer = shared.client.request(Request::from_parts(head, body)).await;
    if changes_stream {
        shared.stream_changes.send_replace(());
    }
    Ok(match answer {
        Ok(answer) => {
            let (mut head, body) = answer.into_parts();
            drop_fields_of_a_connection(&mut head.headers);
            drop_invitations(&mut head.headers);
            Response::from_parts(head, Either::Left(body))
        }
        Err(error) => Refusal::NoAnswer(error.to_string()).answer().map(Either::Right),
    })
}

/// The same path and query below another address.
fn at(address: &Uri, asked: &Uri) -> Option<Uri> {
    let asked = asked.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = address.clone().into_parts();
    parts.path_and_query = Some(format!("{}{asked}", address.path().trim_end_matches('/')).parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn drop_fields_of_a_connection(fields: &mut HeaderMap) {
    let named =
        fields.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let named: Vec<HeaderName> = named.filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().chain(&OF_A_CONNECTION) {
        fields.remove(name);
    }
}

fn drop_invitations(fields: &mut HeaderMap) {
    let names: Vec<HeaderName> = fields.keys().filter(|name| name.as_str().starts_with(INVITATION)).cloned().collect();
    for name in names {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests;
