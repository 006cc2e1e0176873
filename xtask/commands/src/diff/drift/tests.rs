use std::sync::Mutex;

use super::*;
use runtime_fixture::fake::{self, Answer};

fn status(detection: &str, rest: &str) -> Answer {
    let ids = "<StackId>arn</StackId><StackDriftDetectionId>1</StackDriftDetectionId>";
    let time = "<Timestamp>2026-11-24T10:00:00Z</Timestamp>";
    let body = format!("{ids}<DetectionStatus>{detection}</DetectionStatus>{rest}{time}");
    Answer::query("DescribeStackDriftDetectionStatus", &body)
}

/// A resource as CloudFormation describes it.
fn drifted(id: &str, resource_type: &str, status: &str, differences: &str) -> String {
    format!(
        "<member><StackId>arn</StackId><LogicalResourceId>{id}</LogicalResourceId><ResourceType>{resource_type}</ResourceType>\
         <PropertyDifferences>{differences}</PropertyDifferences>\
         <StackResourceDriftStatus>{status}</StackResourceDriftStatus><Timestamp>2026-11-24T10:00:00Z</Timestamp></member>"
    )
}

fn difference(path: &str, expected: &str, actual: &str) -> String {
    format!(
        "<member><PropertyPath>{path}</PropertyPath><ExpectedValue>{expected}</ExpectedValue>\
         <ActualValue>{actual}</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member>"
    )
}

#[tokio::test]
async fn what_drifted_is_told_in_the_words_of_the_stack_once_it_has_been_looked_for() {
    let looks = Mutex::new(0);
    let connection = Connection::to_fake(&fake::start(move |operation, body| match operation {
        "DetectStackDrift" => Answer::query(operation, "<StackDriftDetectionId>1</StackDriftDetectionId>"),
        "DescribeStackDriftDetectionStatus" => {
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            match *looks {
                1 => status("DETECTION_IN_PROGRESS", ""),
                _ => status("DETECTION_COMPLETE", "<StackDriftStatus>DRIFTED</StackDriftStatus>"),
            }
        }
        // Two pages, and on the second a resource that the filter should have left out.
        _ if body.contains("NextToken=more") => {
            let gone = drifted("Rule", "AWS::Events::Rule", "DELETED", "");
            let same = drifted("Role", "AWS::IAM::Role", "IN_SYNC", "");
            Answer::query(operation, &format!("<StackResourceDrifts>{gone}{same}</StackResourceDrifts>"))
        }
        _ => {
            let differences =
                [difference("/ShardCount", "2", "4"), difference("/Tags/0/Value", "complical", "null")].concat();
            let stream = drifted("UsageStream", "AWS::Kinesis::Stream", "MODIFIED", &differences);
            let page = format!("<StackResourceDrifts>{stream}</StackResourceDrifts><NextToken>more</NextToken>");
            Answer::query(operation, &page)
        }
    }));
    let drift = detect(&connection, "S", None).await.unwrap();
    let stream = "UsageStream AWS::Kinesis::Stream Properties";
    assert_eq!(
        drift.lines(),
        [
            "S: drift of 2 resources".to_owned(),
            format!("  ~ {stream}.ShardCount: expected 2 -> actual 4"),
            format!("  ~ {stream}.Tags[0].Value: expected \"complical\" -> actual -"),
            "  - Rule AWS::Events::Rule: deleted".to_owned(),
        ]
    );
    assert_eq!(drift.to_json()["resources"][0]["differences"][1]["actual"], Value::Null);
    assert_eq!(drift.to_json()["resources"][1]["status"], "DELETED");
}

/// What has become of a stream of two shards, which a scaler keeps between two and ten.
async fn scaled(differences: &str) -> Drift {
    let resources = drifted("UsageStream", "AWS::Kinesis::Stream", "MODIFIED", differences);
    let connection = Connection::to_fake(&fake::start(move |operation, _| match operation {
        "DetectStackDrift" => Answer::query(operation, "<StackDriftDetectionId>1</StackDriftDetectionId>"),
        "DescribeStackDriftDetectionStatus" => {
            status("DETECTION_COMPLETE", "<StackDriftStatus>DRIFTED</StackDriftStatus>")
        }
        _ => Answer::query(operation, &format!("<StackResourceDrifts>{resources}</StackResourceDrifts>")),
    }));
    let template = json!({"Resources": {
        "Scaler": {"Properties": {"Environment": {"Variables": {"MIN_SHARDS": "2", "MAX_SHARDS": "10"}}}},
        "UsageStream": {"Properties": {"Name": "stream", "ShardCount": 2}}
    }});
    detect(&connection, "S", Some(&template)).await.unwrap()
}

#[tokio::test]
async fn what_the_scaler_chooses_within_its_bounds_is_no_drift() {
    let drift = scaled(&difference("/ShardCount", "2", "4")).await;
    assert_eq!(drift.verdict, Verdict::InSync);
    let line = "  = UsageStream: 2 -> 4 shards, as the scaler may choose between 2 and 10: no drift";
    assert_eq!(drift.lines(), ["S: no drift", line]);
    assert_eq!(drift.to_json()["scaling"]["to"], 4);
    let with_more = [difference("/ShardCount", "2", "4"), difference("/RetentionPeriodHours", "168", "24")].concat();
    let drift = scaled(&with_more).await;
    assert_eq!((drift.verdict, drift.resources[0].differences.len()), (Verdict::Drifted, 1));
}

#[tokio::test]
async fn what_the_scaler_would_not_choose_is_drift() {
    let mode = difference("/StreamModeDetails/StreamMode", "PROVISIONED", "ON_DEMAND");
    for differences in [
        difference("/ShardCount", "2", "12"),
        difference("/ShardCount", "2", "1"),
        [difference("/ShardCount", "2", "4"), mode].concat(),
    ] {
        let drift = scaled(&differences).await;
        assert_eq!((drift.verdict, drift.scaling), (Verdict::Drifted, None), "{differences}");
    }
}

#[tokio::test]
async fn a_look_that_fails_says_why_and_what_it_found() {
    let connection = Connection::to_fake(&fake::start(|operation, _| match operation {
        "DetectStackDrift" => Answer::query(operation, "<StackDriftDetectionId>1</StackDriftDetectionId>"),
        "DescribeStackDriftDetectionStatus" => {
            let reason = "<DetectionStatusReason>Access denied for dynamodb:DescribeTable</DetectionStatusReason>";
            status("DETECTION_FAILED", reason)
        }
        _ => {
            let gone = drifted("Rule", "AWS::Events::Rule", "DELETED", "");
            Answer::query(operation, &format!("<StackResourceDrifts>{gone}</StackResourceDrifts>"))
        }
    }));
    let lines = detect(&connection, "S", None).await.unwrap().lines();
    assert_eq!(lines[0], "S: whether it drifted is not known: Access denied for dynamodb:DescribeTable");
    assert_eq!(lines[1], "  - Rule AWS::Events::Rule: deleted");
}

#[tokio::test]
async fn an_endpoint_that_cannot_look_says_so() {
    let connection = Connection::to_fake(&fake::start(|_, _| {
        Answer::refusal("InvalidAction", "The action DetectStackDrift is not valid")
    }));
    let drift = detect(&connection, "S", None).await.unwrap();
    assert_eq!(drift.verdict, Verdict::NotSupported);
    assert_eq!(drift.lines(), ["S: looking for drift is not supported by this endpoint"]);
    assert_eq!(drift.to_json()["status"], "NOT_SUPPORTED");
}

#[tokio::test]
async fn a_stack_that_is_not_there_has_not_drifted() {
    let connection =
        Connection::to_fake(&fake::start(|_, _| Answer::refusal("ValidationError", "Stack with id S does not exist")));
    assert_eq!(detect(&connection, "S", None).await.unwrap().verdict, Verdict::NotDeployed);
}

#[tokio::test]
async fn another_refusal_is_an_error() {
    let connection = Connection::to_fake(&fake::start(|_, _| Answer::refusal("AccessDenied", "not authorized")));
    assert!(detect(&connection, "S", None).await.is_err());
}
