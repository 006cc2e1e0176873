//! Every permission there is, as verbs on what it is for.
//!
//! Invariant: each verb holds the actions that its one kind of caller makes, and no more: `functions/tests/templates`
//! fails where one is missing and where one is not used. No verb scans a table, and none deletes a key or a user.

use contract::metric::{ANALYTICS_NAMESPACE, KINESIS_NAMESPACE};
use contract::name;
use contract::table::{BLOCKS, ERRORS, FAILED, LATE, SIGNING_KEYS, STATE, USER};

use crate::bucket::BucketHandle;
use crate::consumer::ConsumerHandle;
use crate::log_group::LogGroupHandle;
use crate::policy::{Condition, Grant, NAMESPACE};
use crate::stream::StreamHandle;
use crate::table::{Index, TableHandle};
use crate::topic::TopicHandle;

impl StreamHandle {
    /// Put the events of one call: the authorizer.
    pub fn produce(&self) -> Grant {
        self.grant(&["kinesis:PutRecord", "kinesis:PutRecords"])
    }

    /// Read the records of every shard: the event source mapping, which acts as the processor.
    pub fn consume(&self) -> Grant {
        self.grant(&[
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        ])
    }

    /// See how many shards there are, and change that: the scaler.
    pub fn scale(&self) -> Grant {
        self.grant(&["kinesis:DescribeStreamSummary", "kinesis:UpdateShardCount"])
    }

    /// See how many shards there are: the analytics API.
    pub fn describe(&self) -> Grant {
        self.grant(&["kinesis:DescribeStreamSummary"])
    }

    fn grant(&self, actions: &'static [&'static str]) -> Grant {
        Grant::on(self.arn().expression(), self.readable(), actions)
    }
}

impl ConsumerHandle {
    /// Be sent the records of every shard: the event source mapping, which acts as the processor.
    pub fn subscribe(&self) -> Grant {
        const ACTIONS: &[&str] = &["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"];
        Grant::on(self.arn().expression(), self.readable(), ACTIONS)
    }
}

impl TableHandle {
    /// Find an item by its key: the authorizer, among the keys.
    pub fn look_up(&self) -> Grant {
        self.grant(&["dynamodb:GetItem"])
    }

    /// Read windows and blocks: the authorizer, the analytics API and the reports.
    pub fn read(&self) -> Grant {
        self.grant(&["dynamodb:GetItem", "dynamodb:Query"])
    }

    /// Make the keys that cursors are signed with: the analytics API.
    pub fn sign(&self) -> Grant {
        self.grant(&["dynamodb:UpdateItem"]).in_partitions(&[SIGNING_KEYS.into()])
    }

    /// Know a user and the ids of their keys, and no key by its hash: the analytics API.
    pub fn know_users(&self, by_user: &Index) -> Grant {
        self.grant(&["dynamodb:GetItem"]).in_partitions(&[any(USER)]).and(self.search(by_user))
    }

    /// Know what is set of a user: the reports.
    pub fn know_settings_of_users(&self) -> Grant {
        self.grant(&["dynamodb:GetItem"]).in_partitions(&[any(USER)])
    }

    /// Page through the items of a partition: the deadlines API, and the analytics API and the reports among
    /// days.
    pub fn browse(&self) -> Grant {
        self.grant(&["dynamodb:Query"])
    }

    /// Count a call against its quota and keep its event: the authorizer. A transaction asks for the permissions of
    /// the writes in it.
    pub fn meter(&self) -> Grant {
        self.grant(&["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"])
    }

    /// Write blocks, failed records and marks, and begin the watermark: the processor. Who may write a batch may also
    /// delete by it (AWS has one permission for both), so that it may do neither to windows and totals.
    pub fn record(&self) -> Grant {
        let batches =
            self.grant(&["dynamodb:BatchWriteItem"]).in_partitions(&[any(BLOCKS), ERRORS.into(), LATE.into()]);
        batches.and(self.grant(&["dynamodb:UpdateItem"]).in_partitions(&[STATE.into()]))
    }

    /// Remember something in an item: the scaler, its last changes.
    pub fn remember(&self) -> Grant {
        self.grant(&["dynamodb:GetItem", "dynamodb:UpdateItem"]).in_partitions(&[STATE.into()])
    }

    /// Fold blocks into windows, and clear the marks that asked for it: the aggregator.
    pub fn aggregate(&self) -> Grant {
        let fold =
            self.grant(&["dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]);
        fold.and(self.grant(&["dynamodb:DeleteItem"]).in_partitions(&[FAILED.into(), LATE.into()]))
    }

    /// Move journals into blocks and set days: the aggregator, which finds the journals by `pending`.
    pub fn settle(&self, pending: &Index) -> Grant {
        let settle =
            self.grant(&["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"]);
        settle.and(self.search(pending))
    }

    fn search(&self, index: &Index) -> Grant {
        let path = format!("/index/{}", index.name);
        let arn = self.arn().expression().clone().and(&path);
        Grant::on(&arn, &format!("{}{path}", self.readable()), &["dynamodb:Query"])
    }

    fn grant(&self, actions: &'static [&'static str]) -> Grant {
        Grant::on(self.arn().expression(), self.readable(), actions)
    }
}

impl BucketHandle {
    /// Keep batches that could not be processed: the event source mapping, which acts as the processor.
    pub fn keep_batches(&self) -> Grant {
        let list = Grant::on(self.arn().expression(), self.readable(), &["s3:ListBucket"]);
        list.and(self.put_under(name::FAILED_BATCHES))
    }

    /// Keep the bytes of failed records that are too large for an item: the processor.
    pub fn keep_records(&self) -> Grant {
        self.put_under(name::LARGE_RECORDS)
    }

    /// Keep reports, read the earlier edition of one, and learn that there is none: the reports.
    pub fn keep_reports(&self) -> Grant {
        let list = Grant::on(self.arn().expression(), self.readable(), &["s3:ListBucket"]);
        let arn = self.arn().expression().clone().and("/*");
        list.and(Grant::on(&arn, &format!("{}/*", self.readable()), &["s3:GetObject", "s3:PutObject"]))
    }

    fn put_under(&self, prefix: &str) -> Grant {
        let objects = format!("/{prefix}*");
        let arn = self.arn().expression().clone().and(&objects);
        Grant::on(&arn, &format!("{}{objects}", self.readable()), &["s3:PutObject"])
    }
}

impl TopicHandle {
    /// Publish to the topic: the aggregator, which sends alerts.
    pub fn publish(&self) -> Grant {
        Grant::on(self.arn().expression(), self.readable(), &["sns:Publish"])
    }

    /// Publish to the topic if anybody has subscribed: the reports.
    pub fn announce(&self) -> Grant {
        Grant::on(self.arn().expression(), self.readable(), &["sns:GetTopicAttributes", "sns:Publish"])
    }
}

impl LogGroupHandle {
    /// Read what is in it: the aggregator, in the access log.
    pub fn search(&self) -> Grant {
        Grant::on(self.arn().expression(), self.readable(), &["logs:FilterLogEvents"])
    }

    /// Write to this log group and no other: the function it belongs to.
    pub(crate) fn write(&self) -> Grant {
        let actions = &["logs:CreateLogStream", "logs:PutLogEvents"];
        Grant::on(self.arn().expression(), self.readable(), actions)
    }
}

/// The partitions whose keys begin so.
fn any(prefix: &str) -> String {
    format!("{prefix}*")
}

/// Publish the metrics of the system: the aggregator.
pub fn publish_metrics() -> Grant {
    publish_in(vec![KINESIS_NAMESPACE, ANALYTICS_NAMESPACE])
}

/// Publish the metrics of the stream: the scaler.
pub fn publish_stream_metrics() -> Grant {
    publish_in(vec![KINESIS_NAMESPACE])
}

/// Read what AWS's own metrics say: the scaler and the analytics API.
pub fn read_metrics() -> Grant {
    Grant::on_everything("metrics have no ARN", &["cloudwatch:GetMetricStatistics"], None)
}

fn publish_in(namespaces: Vec<&'static str>) -> Grant {
    let only_if = Condition::Namespaces(namespaces);
    Grant::on_everything("metrics have no ARN", &["cloudwatch:PutMetricData"], Some(only_if))
}

/// Send traces: every function, where tracing is on.
pub(crate) fn trace() -> Grant {
    Grant::on_everything("traces have no ARN", &["xray:PutTelemetryRecords", "xray:PutTraceSegments"], None)
}

/// The actions for which AWS has no narrower resource than everything, and the key of the condition each must have.
pub(crate) const WITHOUT_RESOURCE: [(&str, Option<&str>); 4] = [
    ("cloudwatch:GetMetricStatistics", None),
    ("cloudwatch:PutMetricData", Some(NAMESPACE)),
    ("xray:PutTelemetryRecords", None),
    ("xray:PutTraceSegments", None),
];
