//! AWS for one function: a real DynamoDB, a Kinesis, a CloudWatch, an SNS and an S3 of a few lines, all on one address.
//!
//! Invariant: every request is kept, as what it asks IAM for, before it is answered.

use std::io::Read as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use dynamodb_fixture::Store;
use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Request;

/// The account that everything is in.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The bucket of failed batches.
pub(crate) const BUCKET: &str = "failed-batches";

/// What AWS does with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It takes them.
    Takes,
    /// The stream refuses them.
    StreamFull,
    /// The stream refuses them, and tables take no item.
    KeepsNothing,
}

/// The services. They end with the value.
pub(crate) struct Aws {
    pub(crate) endpoint_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    store: Store,
    conduct: Conduct,
    requests: Mutex<Vec<Request>>,
    published: Mutex<Vec<Vec<u8>>>,
}

impl Aws {
    pub(crate) async fn start(store: Store, conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint_url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { store, conduct, requests: Mutex::default(), published: Mutex::default() });
        let limit = axum::extract::DefaultBodyLimit::max(16 << 20);
        let router = Router::new().fallback(answer).layer(limit).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint_url, shared, server }
    }

    /// What has been asked for so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The metrics that were published so far, as they came.
    pub(crate) fn published(&self) -> Vec<Vec<u8>> {
        self.shared.published.lock().unwrap().clone()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = headers.get("x-amz-target").map(|target| target.to_str().unwrap().to_owned()).unwrap_or_default();
    let parsed = || serde_json::from_slice::<Value>(&body).unwrap();
    let keep = |requests: Vec<Request>| shared.requests.lock().unwrap().extend(requests);
    if let Some(operation) = target.strip_prefix("DynamoDB_20120810.") {
        keep(Request::dynamodb(operation, &parsed()));
        if operation == "PutItem" && shared.conduct == Conduct::KeepsNothing {
            let refusal = json!({"__type": "AccessDeniedException", "message": "no"});
            return respond(400, "x-amz-json-1.0", refusal.to_string().into());
        }
        let (status, answer) = shared.store.carry_out(operation, std::str::from_utf8(&body).unwrap());
        return respond(status, "x-amz-json-1.0", answer.to_string().into());
    }
    if let Some(operation) = target.strip_prefix("Kinesis_20131202.") {
        keep(vec![Request::kinesis(operation, &parsed())]);
        let (status, answer) = kinesis(operation, &parsed(), shared.conduct);
        return respond(status, "x-amz-json-1.1", answer.to_string().into());
    }
    if let Some(operation) = target.strip_prefix("Logs_20140328.") {
        keep(vec![Request::logs(operation, &parsed())]);
        return respond(200, "x-amz-json-1.1", json!({"events": []}).to_string().into());
    }
    if let Some(operation) = target.strip_prefix("GraniteServiceVersion20100801.") {
        keep(vec![Request::cloudwatch(operation, &body)]);
        return respond(200, "x-amz-json-1.0", json!({"Datapoints": []}).to_string().into());
    }
    if let Some((_, operation)) = uri.path().split_once("/operation/") {
        let body = unzipped(&headers, &body);
        keep(vec![Request::cloudwatch(operation, &body)]);
        if operation == "PutMetricData" {
            shared.published.lock().unwrap().push(body);
        }
        return respond(200, "cbor", if operation == "GetMetricStatistics" { busy() } else { vec![0xa0] });
    }
    if method == Method::POST && uri.path() == "/" {
        keep(vec![Request::sns(std::str::from_utf8(&body).unwrap())]);
        let attributes = "<entry><key>SubscriptionsConfirmed</key><value>1</value></entry>";
        return respond(200, "xml", attributes.into());
    }
    if method == Method::GET {
        keep(Request::missing_object(uri.path()));
        return respond(404, "xml", Vec::new());
    }
    assert_eq!(method, Method::PUT, "{uri} {headers:?}");
    keep(vec![Request::put_object(uri.path())]);
    respond(200, "xml", Vec::new())
}

/// What a request says: the SDK zips a long one where the service takes that.
fn unzipped(headers: &HeaderMap, mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match headers.get("content-encoding") {
        Some(_) => GzDecoder::new(body).read_to_end(&mut bytes).unwrap(),
        None => body.read_to_end(&mut bytes).unwrap(),
    };
    bytes
}

fn kinesis(operation: &str, body: &Value, conduct: Conduct) -> (u16, Value) {
    let place = json!({"ShardId": "shardId-000000000000", "SequenceNumber": "1"});
    match operation {
        "PutRecord" | "PutRecords" if conduct != Conduct::Takes => {
            (400, json!({"__type": "ProvisionedThroughputExceededException", "message": "full"}))
        }
        "PutRecord" => (200, place),
        "PutRecords" => {
            let records: Vec<_> = body["Records"].as_array().unwrap().iter().map(|_| place.clone()).collect();
            (200, json!({"FailedRecordCount": 0, "Records": records}))
        }
        "DescribeStreamSummary" => {
            let summary = json!({
                "StreamName": body["StreamName"], "StreamARN": "arn", "StreamStatus": "ACTIVE", "OpenShardCount": 2,
                "StreamModeDetails": {"StreamMode": "PROVISIONED"}, "RetentionPeriodHours": 168,
                "StreamCreationTimestamp": 1_700_000_000.0, "EnhancedMonitoring": [],
            });
            (200, json!({"StreamDescriptionSummary": summary}))
        }
        "UpdateShardCount" => (200, json!({})),
        other => panic!("{other} was not expected"),
    }
}

/// Ten minutes of a metric that ask for more shards: `{"Datapoints": [{"Timestamp": 1(second), "Sum": sum}, …]}` in
/// CBOR (RFC 8949).
fn busy() -> Vec<u8> {
    let text = |text: &str| [&[0x60 + text.len() as u8], text.as_bytes()].concat();
    let float = |value: f64| [&[0xfb][..], &value.to_be_bytes()].concat();
    let mut bytes = [vec![0xa1], text("Datapoints"), vec![0x9f]].concat();
    for minutes in 1..=10 {
        let second = (Timestamp::now() - SignedDuration::from_mins(minutes)).as_second().div_euclid(60) * 60;
        let point = [vec![0xa2], text("Timestamp"), vec![0xc1], float(second as f64), text("Sum"), float(108_000.0)];
        bytes.extend(point.concat());
    }
    bytes.push(0xff);
    bytes
}

fn respond(status: u16, kind: &str, body: Vec<u8>) -> Response<Body> {
    let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    let response = response.header("content-type", format!("application/{kind}"));
    response.header("smithy-protocol", "rpc-v2-cbor").body(Body::from(body)).unwrap()
}
