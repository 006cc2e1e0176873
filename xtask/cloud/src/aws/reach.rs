//! How requests get to AWS or to what stands in for it, and what is said where nothing is there to take them.
//!
//! Invariant: until something has answered, a request that got no answer is not made again: where nothing listens, a
//! second try finds nothing either and only keeps people waiting. After the first answer the SDK asks again, a few times
//! and for some seconds, and people hear of it.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector as SdkConnector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::console::retry_notice::RetryNotice;

/// How long it may take until a connection is made: a person hears within three seconds that none is.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(2_500);

/// How long the very first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// How often something is asked that answers with an error of its own, or breaks off.
const ATTEMPTS: u32 = 5;
/// The longest pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The SDK's rule for asking again.
pub(super) fn retries() -> RetryConfig {
    let config = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    config.with_initial_backoff(FIRST_PAUSE).with_max_backoff(LONGEST_PAUSE)
}

/// Nothing has answered at an address, for a reason that trying again does not change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing answers at {address}: {cause}")]
pub struct Unreachable {
    /// Scheme, host and port.
    pub address: String,
    /// What the operating system says of it.
    pub cause: String,
}

/// The SDK's client for HTTP with the rule above.
pub fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(Client { sdk: patient_http_client(), history: Arc::default() })
}

/// The same connections without the rule, for the SDK's look for credentials: what answers there says nothing of AWS.
pub fn patient_http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(connect)
}

/// The same connections without the rule, for requests that are no SDK's.
pub fn connector() -> SharedHttpConnector {
    SharedHttpConnector::new(connect(None, None))
}

fn connect(settings: Option<&HttpConnectorSettings>, components: Option<&RuntimeComponents>) -> SdkConnector {
    let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::Ring));
    connector.set_proxy_config(Some(ProxyConfig::from_env()));
    connector.set_connector_settings(settings.cloned());
    connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
    connector.build()
}

/// What an error of the SDK comes from, if it is that nothing answers.
pub fn unreachable<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Unreachable> {
    let mut chain = std::iter::successors(Some(error), |&error| error.source());
    chain.find_map(|error| error.downcast_ref())
}

#[derive(Clone, Debug)]
struct Client {
    sdk: SharedHttpClient,
    history: Arc<History>,
}

/// What came of the requests so far.
#[derive(Debug, Default)]
struct History {
    has_answered: AtomicBool,
    notice: RetryNotice,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let sdk = self.sdk.http_connector(settings, components);
        SharedHttpConnector::new(Connector { sdk, history: Arc::clone(&self.history) })
    }
}

#[derive(Debug)]
struct Connector {
    sdk: SharedHttpConnector,
    history: Arc<History>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (address, left) = (address(request.uri()), Left::of(&request));
        let (answer, history) = (self.sdk.call(request), Arc::clone(&self.history));
        HttpConnectorFuture::new(async move {
            let has_answered = || history.has_answered.load(Ordering::Relaxed);
            let answer =
                if has_answered() { Ok(answer.await) } else { tokio::time::timeout(FIRST_ANSWER, answer).await };
            let cause = match answer {
                Ok(Ok(answer)) => {
                    history.has_answered.store(true, Ordering::Relaxed);
                    left.note(&history.notice, &address, failure(&answer));
                    return Ok(answer);
                }
                // This request, or another meanwhile, has found somebody: it may be made again.
                Ok(Err(error)) if has_answered() => {
                    left.note(&history.notice, &address, Some(cause(&error)));
                    return Err(error);
                }
                Ok(Err(error)) => cause(&error),
                Err(_) => format!("no answer within {} s", FIRST_ANSWER.as_secs()),
            };
            Err(ConnectorError::other(Unreachable { address, cause }.into(), None))
        })
    }
}

/// Why the SDK asks again after an answer, as far as its status says.
fn failure(answer: &HttpResponse) -> Option<String> {
    let status = answer.status();
    (status.is_server_error() || status.as_u16() == 429).then(|| format!("HTTP {}", status.as_u16()))
}

/// The attempts that are left to a request, as the SDK writes it into its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    attempt: u32,
    max: u32,
}

impl Left {
    fn of(request: &HttpRequest) -> Self {
        Self::read(request.headers().get("amz-sdk-request").unwrap_or_default())
    }

    /// Of `attempt=2; max=5`; none are left of anything else.
    fn read(header: &str) -> Self {
        let number = |name: &str| {
            let part = header.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            part.and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        Self { attempt: number("attempt"), max: number("max") }
    }

    fn note(self, notice: &RetryNotice, address: &str, cause: Option<String>) {
        let (Some(cause), more @ 1..) = (cause, self.max.saturating_sub(self.attempt)) else { return };
        let pauses = (self.attempt..self.max).map(|attempt| pause_after(attempt).as_secs()).sum::<u64>();
        notice.note(&format!("{address}: {cause}; asking again up to {more} times, with {pauses} s of pauses at most"));
    }
}

/// The longest pause after an attempt.
fn pause_after(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(LONGEST_PAUSE)
}

fn address(uri: &str) -> String {
    let path = uri.find("://").and_then(|scheme| Some(scheme + 3 + uri[scheme + 3..].find(['/', '?'])?));
    uri[..path.unwrap_or(uri.len())].to_owned()
}

/// The innermost cause, which is the operating system's or the certificate's.
fn cause(error: &ConnectorError) -> String {
    if error.is_timeout() {
        return format!("no connection within {} s", CONNECT_TIMEOUT.as_secs_f32());
    }
    let innermost = std::iter::successors(error.source(), |error| (*error).source()).last();
    let text = innermost.map_or_else(|| error.to_string(), ToString::to_string);
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_where_the_path_begins() {
        for (uri, expected) in [
            ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
            ("https://sts.ap-south-1.amazonaws.com", "https://sts.ap-south-1.amazonaws.com"),
            ("http://[::1]:4571/bucket/key?tagging", "http://[::1]:4571"),
            ("http://host?list-type=2", "http://host"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(address(uri), expected);
        }
    }

    #[test]
    fn the_sdk_writes_how_many_attempts_are_left() {
        assert_eq!(Left::read("attempt=2; max=5"), Left { attempt: 2, max: 5 });
        assert_eq!(Left::read("ttl=20261126T101500Z; attempt=1; max=3"), Left { attempt: 1, max: 3 });
        assert_eq!(Left::read(""), Left { attempt: 0, max: 0 });
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        assert_eq!((1..ATTEMPTS).map(|attempt| pause_after(attempt).as_secs()).collect::<Vec<_>>(), [1, 2, 4, 4]);
    }
}
