//! Requests that change what the event source runner has to do, so that it need not ask all the time.
//!
//! Invariant: every request that puts records on a stream, or changes shards or mappings, is one; that others may be
//! costs one look.

use hyper::Method;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

/// Operations of Kinesis that only look.
const LOOKS: [&str; 3] = ["Get", "List", "Describe"];

/// Whether a request is one.
pub fn is_one(request: &Parts) -> bool {
    let text = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = text("x-amz-target").split_once('.').filter(|(service, _)| service.starts_with("Kinesis_"));
    let puts = operation.is_some_and(|(_, operation)| !LOOKS.iter().any(|look| operation.starts_with(look)));
    let maps = request.method != Method::GET && request.uri.path().contains("/event-source-mappings");
    // A change set is carried out after its request: those who wait for it go on asking until it is.
    puts || maps || text(AUTHORIZATION.as_str()).contains("/cloudformation/aws4_request")
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn is_one_of(method: &str, path: &str, field: (&str, &str)) -> bool {
        is_one(&Request::builder().method(method).uri(path).header(field.0, field.1).body(()).unwrap().into_parts().0)
    }

    #[test]
    fn what_puts_records_or_changes_who_reads_them_is_one() {
        for operation in ["PutRecord", "PutRecords", "UpdateShardCount", "SplitShard", "MergeShards", "DeleteStream"] {
            assert!(is_one_of("POST", "/", ("x-amz-target", &format!("Kinesis_20131202.{operation}"))), "{operation}");
        }
        assert!(is_one_of("PUT", "/2015-03-31/event-source-mappings/1", ("host", "localhost")));
        let signed = "AWS4-HMAC-SHA256 Credential=test/20261126/ap-south-1/cloudformation/aws4_request, Signature=0";
        assert!(is_one_of("POST", "/", ("authorization", signed)));
    }

    #[test]
    fn what_only_looks_or_is_for_another_service_is_none() {
        for target in ["Kinesis_20131202.GetRecords", "Kinesis_20131202.ListShards", "DynamoDB_20120810.PutItem", ""] {
            assert!(!is_one_of("POST", "/", ("x-amz-target", target)), "{target}");
        }
        assert!(!is_one_of("GET", "/2015-03-31/event-source-mappings", ("host", "localhost")));
    }
}
