//! The way to AWS: HTTP/1.1 over rustls, which trusts what the system trusts.
//!
//! Invariant: every request that a function makes goes through what is made here, and one that was not answered says
//! whether another try may be.
//!
//! The SDK's own client speaks HTTP/2 too, which no service here is asked by: a tenth of a megabyte of each package.

use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::client::legacy::{Client, Error as Unanswered};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// As long as the SDK's clients have it: a second connection is better than a longer wait for one.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);
/// A connection that nothing was asked on for longer may be closed by the other side just as it is asked again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Read once for the process: the certificates of a system are some hundred.
static TLS: LazyLock<std::io::Result<HttpsConnector<Tcp>>> = LazyLock::new(|| {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let tls = HttpsConnectorBuilder::new().with_native_roots()?;
    Ok(tls.https_or_http().enable_http1().wrap_connector(tcp))
});

/// Connections, kept between requests.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Option<Client<HttpsConnector<Tcp>, SdkBody>>);

/// For clients of the SDK, which share its connections.
pub(crate) fn client() -> SharedHttpClient {
    let connections = connector();
    http_client_fn(move |_, _| SharedHttpConnector::new(connections.clone()))
}

/// For requests without one.
pub(crate) fn connector() -> Connections {
    let mut client = Client::builder(TokioExecutor::new());
    client.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT);
    Connections(TLS.as_ref().ok().map(|tls| client.build(tls.clone())))
}

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(client) = &self.0 else {
            return HttpConnectorFuture::ready(Err(ConnectorError::user("the system trusts no certificate".into())));
        };
        let answer = match request.try_into_http1x() {
            Ok(request) => client.request(request),
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(unanswered)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Whoever asks tries again after a time-out or a lost connection, and after nothing else.
fn unanswered(error: Unanswered) -> ConnectorError {
    let mut causes = std::iter::successors(Some(&error as &(dyn Error + 'static)), |&error| error.source());
    let is_lost = error.is_connect()
        || causes.any(|cause| {
            let of_hyper = cause.downcast_ref::<hyper::Error>();
            cause.is::<std::io::Error>()
                || of_hyper.is_some_and(|of| of.is_closed() || of.is_canceled() || of.is_incomplete_message())
        });
    if is_lost { ConnectorError::io(error.into()) } else { ConnectorError::other(error.into(), None) }
}
