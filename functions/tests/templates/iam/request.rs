//! What a request asks IAM for: an action on a resource, and the values that conditions look at.
//!
//! Invariant: a request that does several things is several of these, as AWS judges it.

use std::collections::BTreeMap;

use contract::name::DEFAULT_REGION;
use contract::table::PK;
use serde_json::Value;

use super::ACCOUNT;

/// One action on one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// The partitions of its items.
    pub(crate) partitions: Vec<String>,
    /// Where it publishes.
    pub(crate) namespace: Option<String>,
}

impl Request {
    /// A request to Kinesis.
    pub(crate) fn kinesis(operation: &str, body: &Value) -> Self {
        let stream = format!("stream/{}", body["StreamName"].as_str().unwrap());
        Self { action: format!("kinesis:{operation}"), resource: arn("kinesis", &stream), ..Self::default() }
    }

    /// A request to CloudWatch Logs, which asks of a log group for any of its streams (Service Authorization Reference).
    pub(crate) fn logs(operation: &str, body: &Value) -> Self {
        let group = format!("log-group:{}:log-stream:", body["logGroupName"].as_str().unwrap());
        Self { action: format!("logs:{operation}"), resource: arn("logs", &group), ..Self::default() }
    }

    /// A request to CloudWatch. Its body is CBOR, in which a text stands as it is.
    pub(crate) fn cloudwatch(operation: &str, body: &[u8]) -> Self {
        let named = |namespace: &&&str| body.windows(namespace.len()).any(|window| window == namespace.as_bytes());
        let ours = [contract::metric::KINESIS_NAMESPACE, contract::metric::ANALYTICS_NAMESPACE];
        let namespace = ours.iter().find(named).map(|namespace| (*namespace).to_owned());
        Self { action: format!("cloudwatch:{operation}"), resource: "*".into(), namespace, ..Self::default() }
    }

    /// A request to SNS: its form, in which only colons of the values that are looked at are escaped.
    pub(crate) fn sns(form: &str) -> Self {
        let fields = form.split('&').filter_map(|field| field.split_once('='));
        let fields: BTreeMap<_, _> = fields.map(|(name, value)| (name, value.replace("%3A", ":"))).collect();
        let action = format!("sns:{}", fields["Action"]);
        Self { action, resource: fields["TopicArn"].clone(), ..Self::default() }
    }

    /// An object put into a bucket: its path.
    pub(crate) fn put_object(path: &str) -> Self {
        let resource = format!("arn:aws:s3:::{}", path.trim_start_matches('/'));
        Self { action: "s3:PutObject".into(), resource, ..Self::default() }
    }

    /// An object that is not in a bucket: that it is not, S3 says only to those who may list the bucket (S3 API reference,
    /// "GetObject").
    pub(crate) fn missing_object(path: &str) -> Vec<Self> {
        let path = path.trim_start_matches('/');
        let bucket = path.split('/').next().unwrap_or_default();
        let request = |action: &str, of: &str| {
            let (action, resource) = (action.to_owned(), format!("arn:aws:s3:::{of}"));
            Self { action, resource, ..Self::default() }
        };
        vec![request("s3:GetObject", path), request("s3:ListBucket", bucket)]
    }

    /// A request to DynamoDB. A transaction asks for the permissions of what is in it (Developer Guide, "Using IAM with
    /// DynamoDB transactions"); a batch for one of its own, on each of its tables.
    pub(crate) fn dynamodb(operation: &str, body: &Value) -> Vec<Self> {
        match operation {
            "GetItem" | "UpdateItem" | "DeleteItem" | "ConditionCheckItem" => vec![Self::item(operation, body, "Key")],
            "PutItem" => vec![Self::item(operation, body, "Item")],
            "Query" => vec![Self::query(body)],
            "BatchGetItem" => batch(operation, body, |wanted| wanted["Keys"].as_array().unwrap().iter().collect()),
            "BatchWriteItem" => {
                batch(operation, body, |writes| writes.as_array().unwrap().iter().map(written).collect())
            }
            "TransactWriteItems" => body["TransactItems"].as_array().unwrap().iter().map(part).collect(),
            other => panic!("what {other} asks for is not known"),
        }
    }

    fn item(operation: &str, body: &Value, keys: &str) -> Self {
        Self::on_table(operation, body["TableName"].as_str().unwrap(), vec![partition(&body[keys])])
    }

    /// A query names its one partition first: `#p = :p …`.
    fn query(body: &Value) -> Self {
        let condition: Vec<&str> = body["KeyConditionExpression"].as_str().unwrap().split(' ').collect();
        assert_eq!(condition[1], "=", "{body}");
        let value = body["ExpressionAttributeValues"][condition[2]]["S"].as_str().unwrap();
        let table = body["TableName"].as_str().unwrap();
        let index = body["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
        Self::on_table("Query", &format!("{table}{index}"), vec![value.to_owned()])
    }

    fn on_table(operation: &str, table: &str, mut partitions: Vec<String>) -> Self {
        partitions.sort();
        partitions.dedup();
        let resource = arn("dynamodb", &format!("table/{table}"));
        Self { action: format!("dynamodb:{operation}"), resource, partitions, namespace: None }
    }
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{DEFAULT_REGION}:{ACCOUNT}:{resource}")
}

fn partition(keys: &Value) -> String {
    keys[PK]["S"].as_str().unwrap_or_else(|| panic!("{keys} has no partition")).to_owned()
}

fn batch(operation: &str, body: &Value, items: impl Fn(&Value) -> Vec<&Value>) -> Vec<Request> {
    let tables = body["RequestItems"].as_object().unwrap().iter();
    tables
        .map(|(table, of)| Request::on_table(operation, table, items(of).into_iter().map(partition).collect()))
        .collect()
}

/// The keys of a write of a batch.
fn written(write: &Value) -> &Value {
    if write["PutRequest"].is_null() { &write["DeleteRequest"]["Key"] } else { &write["PutRequest"]["Item"] }
}

/// What a part of a transaction asks for.
fn part(part: &Value) -> Request {
    let (kind, body) = part.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "Put" => Request::item("PutItem", body, "Item"),
        "Update" => Request::item("UpdateItem", body, "Key"),
        "Delete" => Request::item("DeleteItem", body, "Key"),
        "ConditionCheck" => Request::item("ConditionCheckItem", body, "Key"),
        other => panic!("what {other} in a transaction asks for is not known"),
    }
}
