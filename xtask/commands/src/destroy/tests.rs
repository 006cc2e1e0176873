use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use runtime_fixture::fake::{self, Answer};

const STREAM: &str = "complical-usage-stream-test";
const MISSING: &str = r#"{"__type": "ResourceNotFoundException", "message": "not found"}"#;

fn env() -> Environment {
    Environment::default()
}

#[test]
fn with_the_toggle_off_and_no_name_the_api_stays() {
    let stacks = wanted(&env(), Toggle::Off, &[]).unwrap();
    assert_eq!(stacks, ["CompliCal-Dashboard-test", "CompliCal-Kinesis-test"]);
}

#[test]
fn with_the_toggle_on_a_stack_has_to_be_named() {
    let error = wanted(&env(), Toggle::On, &[]).unwrap_err();
    assert_eq!(xtask::failure::exit_status(&error), 2);
    let named = ["CompliCal-API-test".to_owned()];
    assert_eq!(wanted(&env(), Toggle::On, &named).unwrap(), named);
}

#[test]
fn an_unknown_stack_is_wrong_usage_and_removes_nothing() {
    let error = wanted(&env(), Toggle::Off, &["CompliCal-API-prod".to_owned()]).unwrap_err();
    assert_eq!(xtask::failure::exit_status(&error), 2);
}

fn stream() -> DataResource {
    DataResource {
        logical_id: "Stream".to_owned(),
        resource_type: resource_type::STREAM.to_owned(),
        name: STREAM.to_owned(),
    }
}

fn args() -> cli::Destroy {
    let cloud =
        cli::Cloud { env: cli::Env { env: env() }, region: None, profile: None, endpoint_url: None, local: false };
    cli::Destroy { cloud, stacks: Vec::new(), yes: true, delete_data: false, confirm: None, wait: 1, json: None }
}

fn app() -> App {
    workspace::app(&env(), Toggle::On, stacks::Target::Aws, stacks::Architecture::Arm64).unwrap()
}

fn plan<'a>(
    connection: &'a Connection,
    env: &'a Environment,
    args: &'a cli::Destroy,
    reporter: &'a Reporter,
) -> DestroyPlan<'a> {
    DestroyPlan { connection, env, args, stacks: Vec::new(), data: vec![stream()], reporter }
}

fn hints(failure: &Failure) -> String {
    failure.hints().join("; ")
}

/// An account without stacks and with a stream of these records, none of which is counted. Each call is noted; the
/// stream is still there for two looks after it is deleted.
async fn account(records: Value, calls: &Arc<Mutex<Vec<String>>>) -> Connection {
    let noted = Arc::clone(calls);
    let looks = AtomicUsize::new(0);
    Connection::to_fake(&fake::start(move |operation, body| {
        noted.lock().unwrap().push(operation.to_owned());
        let answer = match operation {
            "DescribeStacks" => return Answer::refusal("ValidationError", "Stack with id x does not exist"),
            "ListShards" => json!({"Shards": [{"ShardId": "shardId-0", "HashKeyRange": {"StartingHashKey": "0",
                "EndingHashKey": "1"}, "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]}),
            "GetShardIterator" => json!({"ShardIterator": "here"}),
            "GetRecords" => json!({"MillisBehindLatest": 0, "Records": records}),
            "DescribeStreamSummary" if looks.fetch_add(1, Ordering::Relaxed) < 2 => {
                json!({"StreamDescriptionSummary": {"StreamName": STREAM, "StreamARN": "arn", "StreamStatus": "DELETING",
                    "RetentionPeriodHours": 168, "StreamCreationTimestamp": 0, "EnhancedMonitoring": [],
                    "OpenShardCount": 0}})
            }
            "DescribeStreamSummary" => return Answer(400, MISSING.to_owned()),
            // The aggregator went with its stack.
            _ if body.contains("close") => return Answer(404, MISSING.to_owned()),
            "DeleteStream" | "GetItem" => json!({}),
            _ => json!({"LastModified": "2026-01-01T00:00:00.000+0000"}),
        };
        Answer(200, answer.to_string())
    }))
}

#[tokio::test]
async fn a_stream_that_an_interrupted_run_left_is_drained_and_deleted_and_waited_for() {
    let calls = Arc::default();
    let connection = account(json!([]), &calls).await;
    let (env, args, reporter) = (env(), args(), Reporter::brief(&Printer));
    let plan = plan(&connection, &env, &args, &reporter);
    assert!(!plan.is_done());
    let drained = plan.release_stream(Toggle::Off, app()).await.unwrap();
    assert_eq!(drained, Some(true));
    assert_eq!(plan.remove_data(drained).await.unwrap(), [stream()]);
    let calls = calls.lock().unwrap();
    assert_eq!(calls.iter().filter(|call| *call == "DeleteStream").count(), 1);
    assert_eq!(calls.iter().filter(|call| *call == "DescribeStreamSummary").count(), 3, "until it is gone");
}

#[tokio::test]
async fn a_stream_without_a_processor_that_is_not_drained_stays_and_the_way_on_is_told() {
    let calls = Arc::default();
    let record = json!([{"Data": "e30=", "PartitionKey": "a@b.au", "SequenceNumber": "7",
        "ApproximateArrivalTimestamp": 0}]);
    let connection = account(record, &calls).await;
    let (env, args, reporter) = (env(), args(), Reporter::brief(&Printer));
    let plan = plan(&connection, &env, &args, &reporter);
    let error = plan.release_stream(Toggle::Off, app()).await.unwrap_err();
    let hints = hints(error.downcast_ref().unwrap());
    assert!(hints.contains("deploy with ENABLE_KINESIS_ANALYTICS=true, which adopts the stream"), "{hints}");
    assert!(!calls.lock().unwrap().iter().any(|call| call == "DeleteStream"));
}

#[tokio::test]
async fn where_batches_were_given_up_it_says_that_waiting_does_not_help() {
    for (objects, expected) in [
        ("<Contents><Key>aws/lambda/x</Key><Size>1</Size></Contents>", "`cargo xtask errors replay` puts them on"),
        ("", "where it is only slow, add --wait"),
    ] {
        let bucket = "<StackResourceSummaries><member><ResourceType>AWS::S3::Bucket</ResourceType>\
                      <PhysicalResourceId>failed</PhysicalResourceId></member></StackResourceSummaries>";
        let connection = Connection::to_fake(&fake::start(move |operation, _| match operation {
            "ListStackResources" => Answer::query(operation, bucket),
            _ => Answer(200, format!("<ListBucketResult>{objects}</ListBucketResult>")),
        }));
        let (connection, env, args, reporter) = (connection, env(), args(), Reporter::brief(&Printer));
        let stacks = vec![name::kinesis_stack(&env)];
        let plan = DestroyPlan { stacks, ..plan(&connection, &env, &args, &reporter) };
        let hints = hints(&plan.not_drained("1 record").await);
        assert!(hints.contains(expected), "{hints}");
    }
}
