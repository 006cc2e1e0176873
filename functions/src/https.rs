//! The way to AWS: HTTP over rustls, which trusts what the system trusts.
//!
//! Invariant: every request that a function makes goes through what is made here.

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// For clients of the SDK.
pub(crate) fn client() -> SharedHttpClient {
    Builder::new().tls_provider(TLS).build_https()
}

/// For requests without one.
pub(crate) fn connector() -> Connector {
    Connector::builder().tls_provider(TLS).build()
}
