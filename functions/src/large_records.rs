//! Where the processor keeps the bytes of records that cannot be counted and are too large for an item: as objects in
//! the bucket of failed batches.
//!
//! Invariant: an object is named by what it holds, so that it can be written twice and is never written over.

use aws_sdk_dynamodb::config::Credentials;
use contract::name::LARGE_RECORDS;

use crate::bucket::Bucket;
use crate::signed_request::RequestError;

/// The objects of that bucket.
#[derive(Clone, Debug)]
pub struct LargeRecords {
    bucket: Bucket,
}

impl LargeRecords {
    /// In a bucket at that address, or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials, bucket: String) -> Self {
        Self { bucket: Bucket::new(endpoint_url, region, credentials, bucket) }
    }

    /// Keeps the bytes of that SHA-256; returns where they are.
    ///
    /// # Errors
    /// When S3 does not take them in a few tries. They may be kept then; keeping them again is right.
    pub async fn keep(&self, data: &[u8], sha256: &str) -> Result<String, RequestError> {
        self.bucket.put(&format!("{LARGE_RECORDS}{sha256}"), "application/octet-stream", data).await
    }
}

#[cfg(test)]
mod tests;
