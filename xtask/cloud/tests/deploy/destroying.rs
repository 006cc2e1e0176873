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
