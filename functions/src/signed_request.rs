//! A signed request to an AWS service, and its answer.
//!
//! Invariant: `Ok` is what the service said with a 200; anything else is an error that says what was asked and what came.
//!
//! The SDK's connection and signature serve here without its clients: that of Kinesis would cost more processor time
//! than all the rest of a call, and that of S3 more than a processor's whole package (README, "What it takes").

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::error::DisplayErrorContext;
pub use aws_sigv4::http_request::PayloadChecksumKind;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningError, SigningInstructions, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::{form, https};

/// A service in a region, asked in the name of a role.
#[derive(Clone, Debug)]
pub struct Service {
    connector: SharedHttpConnector,
    name: &'static str,
    region: String,
    identity: Identity,
    checksum: PayloadChecksumKind,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The API's name of the operation, and what it is about, for errors.
    pub operation: &'a str,
    /// The HTTP method.
    pub method: &'static str,
    /// The address; its path needs no escapes.
    pub url: &'a str,
    /// Headers, which are signed.
    pub headers: &'a [(&'a str, &'a str)],
    /// How long to wait for the answer.
    pub patience: Duration,
}

/// A request that came to nothing. What was asked may have been done, nonetheless, unless it was refused.
#[derive(Debug, thiserror::Error)]
#[error("{service} {operation}: {cause}")]
pub struct RequestError {
    service: &'static str,
    operation: String,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    /// The service said no.
    #[error("refused with {status}: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        body: String,
    },
    /// No whole answer came.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// No answer came in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// The address or the credentials cannot be part of a request.
    #[error("cannot be asked: {0}")]
    Unwritable(String),
}

impl RequestError {
    /// Whether there is nothing at the address.
    pub const fn is_missing(&self) -> bool {
        matches!(&self.cause, Cause::Refused { status: 404, .. })
    }

    /// Whether the service refused it because too much is asked of it.
    pub fn is_throttled(&self) -> bool {
        matches!(&self.cause, Cause::Refused { body, .. } if body.contains("Throttling"))
    }
}

impl Service {
    /// The service that signatures call `name`.
    pub fn new(name: &'static str, region: &str, credentials: Credentials, checksum: PayloadChecksumKind) -> Self {
        let connector = SharedHttpConnector::new(https::connector());
        Self { connector, name, region: region.into(), identity: credentials.into(), checksum }
    }

    /// Where the service answers, ending in `/`: at that address, or at the region's own.
    pub fn root(&self, endpoint_url: Option<&str>) -> String {
        let Self { name, region, .. } = self;
        let of_region = || format!("https://{name}.{region}.{}/", Self::domain(region));
        endpoint_url.map_or_else(of_region, |url| format!("{}/", url.trim_end_matches('/')))
    }

    /// The domain of AWS in the region (AWS General Reference, "Service endpoints"; China has one of its own).
    pub fn domain(region: &str) -> &'static str {
        if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
    }

    /// Asks, once; returns the body of the answer.
    ///
    /// # Errors
    /// When the service refuses, or no answer came.
    pub async fn ask(&self, ask: Ask<'_>, body: impl Into<SdkBody>) -> Result<Vec<u8>, RequestError> {
        let answer = async {
            let request = self.request(ask, body.into())?;
            tokio::time::timeout(ask.patience, self.exchange(request)).await.map_err(|_| Cause::Late(ask.patience))?
        };
        let failed = |cause| RequestError { service: self.name, operation: ask.operation.to_owned(), cause };
        answer.await.map_err(failed)
    }

    /// An address at which whoever knows it may get what is there, for so long, or until the credentials end.
    ///
    /// # Errors
    /// When the address cannot be signed.
    pub fn link(&self, url: &str, good_for: Duration) -> Result<String, RequestError> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(good_for);
        let ask = Ask { operation: "link", method: "GET", url, headers: &[], patience: Duration::ZERO };
        let signed = self.signature(ask, SignableBody::UnsignedPayload, settings);
        let failed = |cause| RequestError { service: self.name, operation: format!("link to {url}"), cause };
        let signature = signed.map_err(unwritable).map_err(failed)?;
        let parameters = signature.params().iter().map(|(name, value)| format!("{name}={}", form::escaped(value)));
        Ok(format!("{url}?{}", parameters.collect::<Vec<_>>().join("&")))
    }

    async fn exchange(&self, request: Request) -> Result<Vec<u8>, Cause> {
        let answer: Response = self.connector.call(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.into_body()).collect().await.map_err(unreachable)?.to_vec();
        match status {
            200 => Ok(body),
            _ => Err(Cause::Refused { status, body: String::from_utf8_lossy(&body).into_owned() }),
        }
    }

    fn request(&self, ask: Ask<'_>, body: SdkBody) -> Result<Request, Cause> {
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = self.checksum;
        let bytes = SignableBody::Bytes(body.bytes().unwrap_or_default());
        let signature = self.signature(ask, bytes, settings).map_err(unwritable)?;
        let mut request = Request::new(body);
        request.set_method(ask.method).map_err(unwritable)?;
        request.set_uri(ask.url).map_err(unwritable)?;
        for (name, value) in ask.headers.iter().copied().chain(signature.headers()) {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned()).map_err(unwritable)?;
        }
        Ok(request)
    }

    fn signature(
        &self,
        ask: Ask<'_>,
        body: SignableBody<'_>,
        settings: SigningSettings,
    ) -> Result<SigningInstructions, SigningError> {
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(self.name)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .unwrap_or_else(|error| unreachable!("every parameter is set: {error}"))
            .into();
        let headers = ask.headers.iter().copied();
        let request = SignableRequest::new(ask.method, ask.url, headers, body)?;
        Ok(sign(request, &parameters)?.into_parts().0)
    }
}

fn unreachable<E: std::error::Error>(error: E) -> Cause {
    Cause::Unreachable(DisplayErrorContext(error).to_string())
}

fn unwritable<E: std::error::Error>(error: E) -> Cause {
    Cause::Unwritable(DisplayErrorContext(error).to_string())
}

#[cfg(test)]
pub(crate) mod fake;
