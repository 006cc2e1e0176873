//! Where the processor keeps the bytes of records that cannot be counted and are too large for an item: as objects in
//! the bucket of failed batches.
//!
//! Invariant: an object is named by what it holds, so that it can be written twice and is never written over.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use contract::name::LARGE_RECORDS;

use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// How long one request may take: 10 MB, the largest record of a stream, at a megabyte a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests for one object.
const ATTEMPTS: u32 = 3;
/// Before the second; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
pub struct LargeRecords {
    service: Service,
    bucket: String,
    url: String,
}

impl LargeRecords {
    /// A bucket at that address, or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials, bucket: String) -> Self {
        let url = match endpoint_url {
            Some(url) => format!("{}/{bucket}", url.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{region}.{}", Service::domain(region)),
        };
        let service = Service::new("s3", region, credentials, PayloadChecksumKind::XAmzSha256);
        Self { service, bucket, url }
    }

    /// Keeps the bytes of that SHA-256; returns where they are.
    ///
    /// # Errors
    /// When S3 does not take them in a few tries. They may be kept then; keeping them again is right.
    pub async fn keep(&self, data: &[u8], sha256: &str) -> Result<String, RequestError> {
        let key = format!("{LARGE_RECORDS}{sha256}");
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.put(&key, data).await {
                Ok(()) => return Ok(self.place(&key)),
                Err(cause) => tracing::warn!(%cause, "trying again"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.put(&key, data).await.map(|()| self.place(&key))
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    async fn put(&self, key: &str, data: &[u8]) -> Result<(), RequestError> {
        let url = format!("{}/{key}", self.url);
        let headers = [("content-type", "application/octet-stream")];
        let operation = format!("PutObject of {}", self.place(key));
        let ask = Ask { operation: &operation, method: "PUT", url: &url, headers: &headers, patience: PATIENCE };
        self.service.ask(ask, data).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
