//! Kinesis, as the authorizer speaks to it: one signed request and its answer.
//!
//! Invariant: `Ok` is what Kinesis said with a 200, and nothing else is.
//!
//! Every call of the API pays for one such request. The SDK's connection and signature serve here without its client,
//! which would cost more processor time than all the rest of the call (README, "What it takes").

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningError, SigningInstructions, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Deserialize;

/// The version of the API, which begins the name of every operation (Kinesis API reference, "PutRecord").
const API: &str = "Kinesis_20131202";
/// The service's name in a signature.
const SERVICE: &str = "kinesis";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Kinesis in a region, asked in the name of a role.
#[derive(Clone, Debug)]
pub struct Kinesis {
    connector: SharedHttpConnector,
    url: String,
    region: String,
    identity: Identity,
}

/// A request that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum KinesisError {
    /// Kinesis said no.
    #[error("Kinesis refused {operation} with {status} {code}: {message}")]
    Refused {
        /// The API's name of the operation.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// The API's name of the error, where the answer has one.
        code: String,
        /// What Kinesis says of it.
        message: String,
    },
    /// No whole answer came.
    #[error("Kinesis cannot be reached: {0}")]
    Unreachable(String),
    /// No answer came in time.
    #[error("Kinesis gave no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// The request cannot be written: its address is none, or its credentials are none.
    #[error("no request can be made to Kinesis: {0}")]
    Unwritable(String),
}

/// The body of a refusal.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    /// It may have the name of a module and a `#` before its own.
    #[serde(rename = "__type")]
    code: String,
    #[serde(alias = "Message")]
    message: String,
}

impl Kinesis {
    /// Kinesis at that address, or at the region's own.
    ///
    /// # Errors
    /// When this program was built without TLS.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials) -> Result<Self, KinesisError> {
        let settings = HttpConnectorSettings::builder().build();
        let connector = aws_smithy_http_client::default_connector(&settings, None);
        Ok(Self {
            connector: connector.ok_or_else(|| KinesisError::Unwritable("there is no TLS in this program".into()))?,
            url: endpoint_url.map_or_else(|| of_region(region), |url| format!("{}/", url.trim_end_matches('/'))),
            region: region.into(),
            identity: credentials.into(),
        })
    }

    /// Asks for an operation, and waits for its answer no longer than `patience`.
    ///
    /// # Errors
    /// When it was not done. It may have been, nonetheless, unless it was refused.
    pub async fn ask(
        &self,
        operation: &'static str,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<Vec<u8>, KinesisError> {
        let request = self.request(operation, body)?;
        let answer = tokio::time::timeout(patience, self.exchange(request)).await;
        let (status, body) = answer.map_err(|_| KinesisError::Late(patience))??;
        if status == 200 {
            return Ok(body);
        }
        let Refusal { code, message } = serde_json::from_slice(&body).unwrap_or_default();
        let code = code.rsplit('#').next().filter(|code| !code.is_empty()).unwrap_or("an unnamed error").to_owned();
        Err(KinesisError::Refused { operation, status, code, message })
    }

    async fn exchange(&self, request: Request) -> Result<(u16, Vec<u8>), KinesisError> {
        let answer: Response = self.connector.call(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.into_body()).collect().await.map_err(unreachable)?;
        Ok((status, body.to_vec()))
    }

    fn request(&self, operation: &str, body: Vec<u8>) -> Result<Request, KinesisError> {
        let target = format!("{API}.{operation}");
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", &target)];
        let signature = self.signature(&headers, &body).map_err(unwritable)?;
        let mut request = Request::new(SdkBody::from(body));
        request.set_method("POST").map_err(unwritable)?;
        request.set_uri(self.url.as_str()).map_err(unwritable)?;
        for (name, value) in headers.into_iter().chain(signature.headers()) {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned()).map_err(unwritable)?;
        }
        Ok(request)
    }

    fn signature(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<SigningInstructions, SigningError> {
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap_or_else(|error| unreachable!("every parameter is set: {error}"))
            .into();
        let request = SignableRequest::new("POST", &self.url, headers.iter().copied(), SignableBody::Bytes(body))?;
        Ok(sign(request, &parameters)?.into_parts().0)
    }
}

/// The region's address (AWS General Reference, "Amazon Kinesis Data Streams endpoints"; China has a domain of its own).
fn of_region(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://kinesis.{region}.{domain}/")
}

fn unreachable<E: std::error::Error>(error: E) -> KinesisError {
    KinesisError::Unreachable(DisplayErrorContext(error).to_string())
}

fn unwritable<E: std::error::Error>(error: E) -> KinesisError {
    KinesisError::Unwritable(DisplayErrorContext(error).to_string())
}

#[cfg(test)]
pub(crate) mod stand_in;
#[cfg(test)]
mod tests;
