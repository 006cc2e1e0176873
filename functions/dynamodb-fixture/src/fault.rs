//! What goes wrong with requests, and what DynamoDB answers then.
//!
//! Invariant: what a fault does to a request is what DynamoDB or the network can do to it, and nothing else.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is throttled, and not carried out.
    Throttle,
    /// It is carried out, and its answer is lost.
    LoseAnswer,
    /// Of a batch only the first half is carried out; the rest comes back unprocessed.
    Halve,
    /// The caller is killed before it: neither it nor any later one is carried out, until [`Store::revive`](crate::Store::revive).
    Die,
}

/// How writes are refused, each time they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They are throttled for good.
    Throttled,
    /// They break a rule of DynamoDB, such as an item's largest size.
    Invalid,
}

/// The faults to come, and how many requests there were.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) faults: BTreeMap<u64, Fault>,
    pub(crate) requests: u64,
    pub(crate) dead: bool,
}

impl Plan {
    pub(crate) fn next(&mut self) -> Option<Fault> {
        let number = self.requests;
        self.requests += 1;
        let fault = if self.dead { Some(Fault::Die) } else { self.faults.get(&number).copied() };
        self.dead |= fault == Some(Fault::Die);
        fault
    }
}

/// Takes the second half out of each table's writes of a batch; returns what was taken.
pub(crate) fn halve(body: &mut Value) -> Option<Value> {
    let tables = body["RequestItems"].as_object_mut()?;
    let mut left = serde_json::Map::new();
    for (table, writes) in tables {
        if let Some(writes) = writes.as_array_mut().filter(|writes| writes.len() > 1) {
            left.insert(table.clone(), Value::Array(writes.split_off(writes.len().div_ceil(2))));
        }
    }
    (!left.is_empty()).then_some(Value::Object(left))
}

impl Refusal {
    pub(crate) fn response(self) -> HttpResponse {
        match self {
            Self::Throttled => throttled(),
            Self::Invalid => response(
                400,
                &json!({
                    "__type": "com.amazon.coral.validate#ValidationException",
                    "message": "Item size to update has exceeded the maximum allowed size"
                }),
            ),
        }
    }
}

pub(crate) fn throttled() -> HttpResponse {
    let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
    response(400, &json!({ "__type": kind, "message": "throttled by the test" }))
}

#[expect(clippy::expect_used, reason = "the status codes are our own")]
pub(crate) fn response(status: u16, body: &Value) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status code of HTTP");
    let mut response = HttpResponse::new(status, SdkBody::from(body.to_string()));
    response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    response
}
