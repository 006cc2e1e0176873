//! What S3 is asked, and what comes of its answers.

use metering::hex;
use sha2::{Digest, Sha256};

use super::*;
use crate::signed_request::fake::{Asked, Fake, HANG_UP};

const REFUSED: (u16, &str) = (503, "<Error><Code>SlowDown</Code></Error>");
const TAKEN: (u16, &str) = (200, "");

async fn kept(answers: &[(u16, &'static str)]) -> (Vec<Asked>, Result<String, RequestError>) {
    let (fake, url) = Fake::start(answers.iter().copied()).await;
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".into()), None, "test");
    let records = LargeRecords::new(Some(&url), "ap-south-1", credentials, "bucket".into());
    let kept = records.keep(b"a record", &hex::encode(&Sha256::digest(b"a record"))).await;
    (fake.requests(), kept)
}

#[tokio::test]
async fn bytes_are_put_under_their_hash_by_a_signed_request() {
    let (requests, kept) = kept(&[TAKEN]).await;
    let sha256 = hex::encode(&Sha256::digest(b"a record"));
    assert_eq!(kept.unwrap(), format!("s3://bucket/records/{sha256}"));
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(request.line, format!("PUT /bucket/records/{sha256} HTTP/1.1"));
    assert_eq!((request.body.as_slice(), &request.headers["x-amz-content-sha256"]), (&b"a record"[..], &sha256));
    let signed = "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
    let day = &request.headers["x-amz-date"][..8];
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}/ap-south-1/s3/aws4_request, SignedHeaders={signed}, Signature="
    );
    assert!(request.headers["authorization"].starts_with(&expected), "{}", request.headers["authorization"]);
}

#[tokio::test]
async fn what_s3_does_not_take_at_once_is_tried_again_and_not_for_ever() {
    let (requests, done) = kept(&[REFUSED, HANG_UP, TAKEN]).await;
    assert_eq!((requests.len(), done.is_ok()), (3, true));
    let (requests, refused) = kept(&[REFUSED]).await;
    assert_eq!(requests.len(), 3);
    let error = refused.unwrap_err().to_string();
    assert!(error.starts_with("s3 PutObject of s3://bucket/records/") && error.contains("503"), "{error}");
}
