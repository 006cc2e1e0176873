//! Kinesis, as the authorizer and the analytics API speak to it: one signed request and its answer.
//!
//! Invariant: `Ok` is what Kinesis said with a 200, and nothing else is.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;

use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// The version of the API, which begins the name of every operation (Kinesis API reference, "PutRecord").
const API: &str = "Kinesis_20131202";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// Kinesis in a region, asked in the name of a role.
#[derive(Clone, Debug)]
pub struct Kinesis {
    service: Service,
    url: String,
}

impl Kinesis {
    /// Kinesis at that address, or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials) -> Self {
        let service = Service::new("kinesis", region, credentials, PayloadChecksumKind::NoHeader);
        Self { url: service.root(endpoint_url), service }
    }

    /// Asks for an operation, and waits for its answer no longer than `patience`.
    ///
    /// # Errors
    /// When it was not done. It may have been, nonetheless, unless it was refused.
    pub async fn ask(&self, operation: &str, body: Vec<u8>, patience: Duration) -> Result<Vec<u8>, RequestError> {
        let target = format!("{API}.{operation}");
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", &target)];
        self.service.ask(Ask { operation, method: "POST", url: &self.url, headers: &headers, patience }, body).await
    }
}

#[cfg(test)]
mod tests;
