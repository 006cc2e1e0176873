//! A bucket of S3, asked without the SDK's client.
//!
//! Invariant: `Ok` is that S3 has the object, or has none; keys need no escapes in an address.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;

use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// How long one request may take: 10 MB, the largest record of a stream, at a megabyte a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests for one object.
const ATTEMPTS: u32 = 3;
/// Before the second; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    service: Service,
    name: String,
    url: String,
}

impl Bucket {
    /// A bucket at that address, or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials, name: String) -> Self {
        let url = match endpoint_url {
            Some(url) => format!("{}/{name}", url.trim_end_matches('/')),
            None => format!("https://{name}.s3.{region}.{}", Service::domain(region)),
        };
        let service = Service::new("s3", region, credentials, PayloadChecksumKind::XAmzSha256);
        Self { service, name, url }
    }

    /// Where an object is.
    pub fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// Puts an object; returns where it is.
    ///
    /// # Errors
    /// When S3 does not take it in a few tries. It may be there then; putting it again is right.
    pub async fn put(&self, key: &str, media_type: &str, data: &[u8]) -> Result<String, RequestError> {
        let headers = [("content-type", media_type)];
        self.ask("PutObject of", "PUT", key, &headers, data).await.map(|_| self.place(key))
    }

    /// An object, if there is one. Where there is none, S3 says so only to those who may list the bucket.
    ///
    /// # Errors
    /// When S3 does not say in a few tries.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, RequestError> {
        match self.ask("GetObject of", "GET", key, &[], &[]).await {
            Err(error) if error.is_missing() => Ok(None),
            found => found.map(Some),
        }
    }

    /// An address at which whoever knows it may get an object, for so long, or until the credentials end.
    ///
    /// # Errors
    /// When the address cannot be signed.
    pub fn link(&self, key: &str, good_for: Duration) -> Result<String, RequestError> {
        self.service.link(&format!("{}/{key}", self.url), good_for)
    }

    async fn ask(
        &self,
        operation: &str,
        method: &'static str,
        key: &str,
        headers: &[(&str, &str)],
        data: &[u8],
    ) -> Result<Vec<u8>, RequestError> {
        let (url, operation) = (format!("{}/{key}", self.url), format!("{operation} {}", self.place(key)));
        let ask = Ask { operation: &operation, method, url: &url, headers, patience: PATIENCE };
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.service.ask(ask, data).await {
                Err(cause) if !cause.is_missing() => tracing::warn!(%cause, "trying again"),
                done => return done,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.service.ask(ask, data).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed_request::fake::Fake;

    fn bucket(endpoint_url: Option<&str>, region: &str) -> Bucket {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("to/ken".into()), None, "test");
        Bucket::new(endpoint_url, region, credentials, "b".into())
    }

    #[test]
    fn a_region_has_its_address() {
        let url = |region| bucket(None, region).url;
        assert_eq!(url("ap-south-1"), "https://b.s3.ap-south-1.amazonaws.com");
        assert_eq!(url("cn-north-1"), "https://b.s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_link_is_signed_in_its_query_and_says_how_long_it_is_good() {
        let link = bucket(None, "ap-south-1").link("day/x.html", Duration::from_secs(3_600)).unwrap();
        let (url, query) = link.split_once('?').unwrap();
        assert_eq!(url, "https://b.s3.ap-south-1.amazonaws.com/day/x.html");
        let names: Vec<_> = query.split('&').map(|field| field.split_once('=').unwrap().0).collect();
        for name in ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Security-Token", "Signature"] {
            assert!(names.contains(&format!("X-Amz-{name}").as_str()), "{link}");
        }
        assert!(query.contains("X-Amz-Expires=3600") && query.contains("X-Amz-SignedHeaders=host"), "{link}");
        assert!(query.contains("X-Amz-Security-Token=to%2Fken"), "{link}");
    }

    #[tokio::test]
    async fn an_object_that_is_not_there_is_none_and_one_that_cannot_be_had_is_an_error() {
        let (missing, url) = Fake::start([(404, "<Error><Code>NoSuchKey</Code></Error>")]).await;
        assert_eq!(bucket(Some(&url), "ap-south-1").get("k").await.unwrap(), None);
        assert_eq!(missing.requests().len(), 1);
        let (_, url) = Fake::start([(403, "<Error><Code>AccessDenied</Code></Error>")]).await;
        assert!(bucket(Some(&url), "ap-south-1").get("k").await.is_err());
    }
}
