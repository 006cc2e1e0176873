//! Kinesis, as the authorizer speaks to it: one signed request and its answer.
//!
//! Invariant: `Ok` is what Kinesis said with a 200, and nothing else is.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use serde::Deserialize;

use crate::signed_request::{Ask, PayloadChecksumKind, Service, Unanswered};

/// The version of the API, which begins the name of every operation (Kinesis API reference, "PutRecord").
const API: &str = "Kinesis_20131202";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Kinesis in a region, asked in the name of a role.
#[derive(Clone, Debug)]
pub struct Kinesis {
    service: Service,
    url: String,
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
    /// Kinesis said nothing.
    #[error("Kinesis {0}")]
    Unanswered(#[from] Unanswered),
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
        let service = Service::new("kinesis", region, credentials, PayloadChecksumKind::NoHeader)?;
        Ok(Self { url: service.root(endpoint_url), service })
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
        let target = format!("{API}.{operation}");
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", &target)];
        let ask = Ask { method: "POST", url: &self.url, headers: &headers, patience };
        let answer = self.service.ask(ask, body).await?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        let Refusal { code, message } = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = code.rsplit('#').next().filter(|code| !code.is_empty()).unwrap_or("an unnamed error").to_owned();
        Err(KinesisError::Refused { operation, status: answer.status, code, message })
    }
}

#[cfg(test)]
mod tests;
