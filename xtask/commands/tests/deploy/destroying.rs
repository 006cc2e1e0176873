//! Going back to synchronous counting, and what stands in its way.

use crate::aws::Aws;
use crate::command::Workshop;

const API: &str = "CompliCal-API-test";
const KINESIS: &str = "CompliCal-Kinesis-test";
const AUTHORIZER: &str = "lambda GET /2015-03-31/functions/CompliCal-API-test-ApiKeyAuthorizerFunction/configuration";

#[test]
fn where_the_api_never_came_up_the_rest_goes_without_it() {
    for status in ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"] {
        let (aws, workshop) = (Aws::standing(&[(API, status), (KINESIS, "CREATE_COMPLETE")]), Workshop::new());
        let ended = workshop.run(&aws, &["destroy", "--yes"]);
        assert!(
            ended.expect(0, &["removing CompliCal-Kinesis-test"]).stdout.contains("removed CompliCal-Kinesis-test")
        );
        let aws = aws.cloudformation();
        assert_eq!((aws.n_calls("CreateChangeSet"), aws.n_calls("DeleteStack")), (0, 1), "{status}");
    }
}

#[test]
fn a_failed_api_whose_authorizer_still_writes_to_the_stream_has_to_go_first() {
    let (aws, workshop) = (Aws::standing(&[(API, "DELETE_FAILED"), (KINESIS, "CREATE_COMPLETE")]), Workshop::new());
    aws.answer(AUTHORIZER, 200, r#"{"Handler": "handlers/auth/api-key-authorizer-kinesis.handler"}"#);
    let said = [
        "error: CompliCal-API-test is DELETE_FAILED, and its authorizer still has the handler `handlers/auth/api-key-auth",
        "hint: remove it as well: cargo xtask destroy CompliCal-API-test CompliCal-Kinesis-test",
    ];
    workshop.run(&aws, &["destroy", "--yes"]).expect(1, &said);
    assert_eq!(aws.cloudformation().n_calls("DeleteStack"), 0);
    let ended = workshop.run(&aws, &["destroy", "--yes", API, KINESIS]);
    assert!(ended.expect(0, &[]).stdout.contains("removed CompliCal-Kinesis-test"));
}

/// What S3 says of a bucket that CloudFormation has made for a stack.
fn tagging(stack: &str) -> String {
    let id = format!("arn:aws:cloudformation:ap-south-1:123456789012:stack/{stack}/1f2e3d4c");
    let tags = [("stack-id", id.as_str()), ("stack-name", stack), ("logical-id", "FailedBatches")];
    let tags = tags.map(|(key, value)| format!("<Tag><Key>aws:cloudformation:{key}</Key><Value>{value}</Value></Tag>"));
    format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.concat())
}

#[test]
fn a_bucket_that_an_interrupted_run_left_is_found_and_no_other_goes_with_it() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    let buckets =
        ["complical-kinesis-test-failedbatches-1a2b", "complical-kinesis-test-failedbatches-by-hand", "other"];
    let [ours, by_hand, other] = buckets;
    let listed = buckets.map(|name| format!("<Bucket><Name>{name}</Name></Bucket>")).concat();
    let listed = format!("<ListAllMyBucketsResult><Buckets>{listed}</Buckets></ListAllMyBucketsResult>");
    aws.answer("s3 GET ", 200, &listed);
    aws.answer(&format!("s3 GET /{ours}?tagging"), 200, &tagging(KINESIS));
    let untagged = "<Error><Code>NoSuchTagSet</Code><Message>The TagSet does not exist</Message></Error>";
    aws.answer(&format!("s3 GET /{by_hand}?tagging"), 404, untagged);
    aws.answer(&format!("s3 GET /{other}?tagging"), 200, &tagging(KINESIS));
    aws.answer(&format!("s3 GET /{ours}"), 200, "<ListBucketResult/>");
    aws.answer(&format!("s3 HEAD /{ours}"), 404, "");

    let without_data = workshop.run(&aws, &["destroy", "--yes"]);
    without_data.expect(0, &["nothing to remove", "kept from before: complical-kinesis-test-failedbatches-1a2b"]);
    assert_eq!(aws.calls("s3 DELETE"), [""; 0]);
    let ended = workshop.run(&aws, &["destroy", "--delete-data", "--confirm", "test", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&ended.expect(0, &["DELETE WITH ITS DATA"]).stdout).unwrap();
    assert_eq!(document["deleted"], serde_json::json!([ours]));
    assert_eq!(aws.calls("s3 DELETE"), [format!("s3 DELETE /{ours}")]);
}

#[test]
fn who_may_not_list_buckets_is_told_that_they_were_not_looked_for() {
    let (aws, workshop) = (Aws::standing(&[(KINESIS, "CREATE_COMPLETE")]), Workshop::new());
    aws.answer("s3 GET ", 403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
    let said = ["not looked for: buckets that earlier stacks left (AccessDenied)", "removing CompliCal-Kinesis-test"];
    workshop.run(&aws, &["destroy", "--yes"]).expect(0, &said);
}

#[test]
fn a_deletion_that_goes_on_after_ctrl_c_is_followed_by_the_next_run() {
    let (aws, workshop) = (Aws::standing(&[(KINESIS, "CREATE_COMPLETE")]), Workshop::new());
    aws.cloudformation().holds = true;
    let mut destroy = workshop.start(&aws, &["destroy", "--yes"]);
    destroy.wait_for(" DELETE_IN_PROGRESS");
    destroy.signal("INT");
    let said = ["error: interrupted: nothing further is begun", "hint: run the same command again: it picks up where"];
    destroy.end().expect(1, &said);

    let mut again = workshop.start(&aws, &["destroy", "--yes"]);
    again.wait_for("CompliCal-Kinesis-test is DELETE_IN_PROGRESS: it is being removed already; following it");
    // What happened before this run came is part of the story.
    again.wait_for(" DELETE_IN_PROGRESS           CompliCal-Kinesis-test");
    aws.cloudformation().holds = false;
    assert!(again.end().expect(0, &[]).stdout.contains("removed CompliCal-Kinesis-test"));
    assert_eq!(aws.cloudformation().n_calls("DeleteStack"), 1);
}
