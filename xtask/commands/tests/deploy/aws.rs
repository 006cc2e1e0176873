//! What stands in for AWS: CloudFormation as recorded, and the least of the other services that a deploy asks.
//!
//! Invariant: a service says only what a test gave it to say; everything else is empty, allowed and enough.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::cloudformation::CloudFormation;
use crate::http::{Request, Response, Server};
use crate::scenario::Scenario;

#[derive(Debug)]
pub(crate) struct Aws {
    server: Server,
    cloudformation: Arc<Mutex<CloudFormation>>,
    answers: Arc<Mutex<BTreeMap<String, Response>>>,
    /// The calls to the other services, in order.
    calls: Arc<Mutex<Vec<String>>>,
}

impl Aws {
    pub(crate) fn play(scenario: &str) -> Self {
        Self::of(Scenario::read(scenario))
    }

    /// An account with these stacks, by name and status.
    pub(crate) fn standing(stacks: &[(&str, &str)]) -> Self {
        Self::of(Scenario::standing(stacks))
    }

    /// An account with nothing in it.
    pub(crate) fn empty() -> Self {
        Self::of(Scenario::default())
    }

    fn of(scenario: Scenario) -> Self {
        let cloudformation = Arc::new(Mutex::new(CloudFormation::of(scenario)));
        let answers: Arc<Mutex<BTreeMap<String, Response>>> = Arc::default();
        let calls: Arc<Mutex<Vec<String>>> = Arc::default();
        let (formation, given, noted) = (Arc::clone(&cloudformation), Arc::clone(&answers), Arc::clone(&calls));
        let server = Server::start(Arc::new(move |request: &Request| match request.service() {
            "cloudformation" => formation.lock().unwrap().answer(&request.body),
            service => {
                let call = name(service, request);
                noted.lock().unwrap().push(call.clone());
                let given = given.lock().unwrap().get(&call).cloned();
                given.unwrap_or_else(|| default(service, &call))
            }
        }));
        Self { server, cloudformation, answers, calls }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn cloudformation(&self) -> MutexGuard<'_, CloudFormation> {
        self.cloudformation.lock().unwrap()
    }

    /// The calls to a service but CloudFormation that begin so, such as `s3 DELETE`.
    pub(crate) fn calls(&self, beginning: &str) -> Vec<String> {
        self.calls.lock().unwrap().iter().filter(|call| call.starts_with(beginning)).cloned().collect()
    }

    /// Every connection breaks from now on, or works again.
    pub(crate) fn be_gone(&self, gone: bool) {
        self.server.be_gone(gone);
    }

    /// Has a call answered so, such as `kinesis DescribeLimits`.
    pub(crate) fn answer(&self, call: &str, status: u16, body: &str) {
        self.answers.lock().unwrap().insert(call.to_owned(), Response(status, body.to_owned()));
    }
}

/// The service and the call: what the target header names, else method and path, such as `s3 GET /bucket?tagging`.
fn name(service: &str, request: &Request) -> String {
    let target = request.header("x-amz-target").rsplit('.').next().unwrap_or_default();
    match (service, target) {
        ("sts", _) => "sts GetCallerIdentity".to_owned(),
        (_, "") => {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            // Of a query only what makes another call of it.
            let part = if query.starts_with("tagging") { "?tagging" } else { "" };
            format!("{service} {} {}{part}", request.method, path.trim_end_matches('/'))
        }
        (_, target) => format!("{service} {target}"),
    }
}

fn default(service: &str, call: &str) -> Response {
    let missing = r#"{"__type": "ResourceNotFoundException", "message": "not found"}"#.to_owned();
    match (service, call) {
        ("sts", _) => Response(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>"
                .to_owned(),
        ),
        ("s3", "s3 GET ") => Response(200, "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>".to_owned()),
        ("s3", _) => Response(200, String::new()),
        (_, "dynamodb Scan") => Response(200, r#"{"Items": [], "Count": 0}"#.to_owned()),
        (_, "dynamodb BatchWriteItem") => Response(200, r#"{"UnprocessedItems": {}}"#.to_owned()),
        (_, "kinesis DescribeLimits") => Response(
            200,
            r#"{"ShardLimit": 200, "OpenShardCount": 0, "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 50}"#
                .to_owned(),
        ),
        (_, "lambda GET /2016-08-19/account-settings") => Response(
            200,
            r#"{"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}}"#.to_owned(),
        ),
        (_, "logs DescribeLogGroups") => Response(200, r#"{"logGroups": []}"#.to_owned()),
        ("lambda", _) => Response(404, missing),
        _ => Response(400, missing),
    }
}
