use aws_sdk_dynamodb::config::Credentials;
use sha2::{Digest, Sha256};

use super::*;
use crate::signed_request::fake::{Asked, Fake, HANG_UP, SILENCE};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const PATIENCE: Duration = Duration::from_secs(10);

async fn asked(answer: (u16, &'static str), patience: Duration) -> (Vec<Asked>, Result<Vec<u8>, RequestError>) {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some("a session's token".into()), None, "test");
    let (fake, url) = Fake::start([answer]).await;
    let kinesis = Kinesis::new(Some(&url), "ap-south-1", credentials);
    let answer = kinesis.ask("PutRecord", br#"{"Data":"MA=="}"#.to_vec(), patience).await;
    (fake.requests(), answer)
}

/// HMAC with SHA-256 (RFC 2104), for keys up to a block.
fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What AWS computes from what came (IAM User Guide, "Create a signed AWS API request").
fn signature(Asked { headers, body, .. }: &Asked, signed: &str) -> String {
    let named: String = signed.split(';').map(|name| format!("{name}:{}\n", headers[name])).collect();
    let canonical = format!("POST\n/\n\n{named}\n{signed}\n{}", hex(&Sha256::digest(body)));
    let (time, day) = (&headers["x-amz-date"], &headers["x-amz-date"][..8]);
    let scope = format!("{day}/ap-south-1/kinesis/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| hmac(&key, part));
    hex(&hmac(&key, &text))
}

#[tokio::test]
async fn a_request_bears_the_signature_that_aws_computes_from_it() {
    let (requests, answer) = asked((200, "{}"), PATIENCE).await;
    assert_eq!(answer.unwrap(), b"{}");
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(request.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(request.headers["x-amz-target"], "Kinesis_20131202.PutRecord");
    assert_eq!(request.headers["x-amz-security-token"], "a session's token");
    let signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
    let day = &request.headers["x-amz-date"][..8];
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}/ap-south-1/kinesis/aws4_request, SignedHeaders={signed}, \
         Signature={}",
        signature(request, signed)
    );
    assert_eq!(request.headers["authorization"], expected);
}

#[tokio::test]
async fn what_is_no_answer_says_what_it_is() {
    let refused = (400, r#"{"__type":"com.amazonaws#LimitExceededException","message":"no"}"#);
    for (answer, patience, expected) in [
        (
            refused,
            PATIENCE,
            r#"kinesis PutRecord: refused with 400: {"__type":"com.amazonaws#LimitExceededException","message":"no"}"#,
        ),
        ((503, "<html>"), PATIENCE, "kinesis PutRecord: refused with 503: <html>"),
        (HANG_UP, PATIENCE, "kinesis PutRecord: cannot be reached: "),
        (SILENCE, Duration::from_millis(20), "kinesis PutRecord: no answer within 20 ms"),
    ] {
        let error = asked(answer, patience).await.1.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_region_has_its_address_and_a_local_one_its_slash() {
    let url = |endpoint, region| Kinesis::new(endpoint, region, Credentials::new("a", "b", None, None, "test")).url;
    assert_eq!(url(None, "ap-south-1"), "https://kinesis.ap-south-1.amazonaws.com/");
    assert_eq!(url(None, "cn-north-1"), "https://kinesis.cn-north-1.amazonaws.com.cn/");
    assert_eq!(url(Some("http://127.0.0.1:4566"), "ap-south-1"), "http://127.0.0.1:4566/");
}
