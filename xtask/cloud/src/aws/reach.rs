//! How requests get to AWS or to what stands in for it, and what is said where nothing is there to take them.
//!
//! Invariant: until something has answered, a request that got no answer is not made again: where nothing listens, a
//! second try finds nothing either and only keeps people waiting. After the first answer the SDK tries again as ever.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// How long it may take until a connection is made.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the very first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

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
    let sdk = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    });
    SharedHttpClient::new(Client { sdk, has_answered: Arc::default() })
}

/// The same connections without the rule, for requests that are no SDK's.
pub fn connector() -> SharedHttpConnector {
    let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    connector.set_proxy_config(Some(ProxyConfig::from_env()));
    SharedHttpConnector::new(connector.build())
}

/// What an error of the SDK comes from, if it is that nothing answers.
pub fn unreachable<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Unreachable> {
    let mut chain = std::iter::successors(Some(error), |&error| error.source());
    chain.find_map(|error| error.downcast_ref())
}

#[derive(Clone, Debug)]
struct Client {
    sdk: SharedHttpClient,
    has_answered: Arc<AtomicBool>,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let sdk = self.sdk.http_connector(settings, components);
        SharedHttpConnector::new(Connector { sdk, has_answered: Arc::clone(&self.has_answered) })
    }
}

#[derive(Debug)]
struct Connector {
    sdk: SharedHttpConnector,
    has_answered: Arc<AtomicBool>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.has_answered.load(Ordering::Relaxed) {
            return self.sdk.call(request);
        }
        let address = address(request.uri());
        let (answer, has_answered) = (self.sdk.call(request), Arc::clone(&self.has_answered));
        HttpConnectorFuture::new(async move {
            let cause = match tokio::time::timeout(FIRST_ANSWER, answer).await {
                Ok(Ok(answer)) => {
                    has_answered.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                // Another request has found somebody meanwhile: this one may be made again.
                Ok(Err(error)) if has_answered.load(Ordering::Relaxed) => return Err(error),
                Ok(Err(error)) => cause(&error),
                Err(_) => format!("no answer within {} s", FIRST_ANSWER.as_secs()),
            };
            Err(ConnectorError::other(Unreachable { address, cause }.into(), None))
        })
    }
}

fn address(uri: &str) -> String {
    let path = uri.find("://").and_then(|scheme| Some(scheme + 3 + uri[scheme + 3..].find(['/', '?'])?));
    uri[..path.unwrap_or(uri.len())].to_owned()
}

/// The innermost cause, which is the operating system's or the certificate's.
fn cause(error: &ConnectorError) -> String {
    if error.is_timeout() {
        return format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
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
}
