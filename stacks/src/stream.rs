//! `AWS::Kinesis::Stream`.
//!
//! Invariant: a stream is encrypted and outlives its stack.

use serde_json::json;

use crate::bounded::{RetentionHours, Shards};
use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::value::{Expression, Value, kind};

/// A Kinesis stream.
#[derive(Clone, Debug)]
pub struct Stream {
    pub name: String,
    /// How much it takes.
    pub capacity: Capacity,
    /// How long it keeps a record.
    pub retention: RetentionHours,
}

/// How much a stream takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// This many shards, each of 1,000 records and 1 MB a second.
    Provisioned(Shards),
    /// What comes, up to twice the peak of the last 30 days.
    OnDemand,
}

/// A stream that can be referred to.
#[derive(Clone, Debug)]
pub struct StreamHandle {
    name: Value<kind::StreamName>,
    arn: Value<kind::StreamArn>,
    readable: String,
}

impl Resource for Stream {
    const TYPE: &'static str = "AWS::Kinesis::Stream";
    type Handle = StreamHandle;

    fn properties(&self) -> Properties {
        let Self { name, capacity, retention } = self;
        let (mode, shards) = match capacity {
            Capacity::Provisioned(shards) => ("PROVISIONED", Some(shards)),
            Capacity::OnDemand => ("ON_DEMAND", None),
        };
        Properties::of(json!({
            "Name": name,
            "StreamModeDetails": {"StreamMode": mode},
            "ShardCount": shards,
            "RetentionPeriodHours": retention,
            "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        }))
    }

    fn handle(&self, logical_id: &str) -> StreamHandle {
        StreamHandle {
            name: Value::reference(logical_id),
            arn: Value::attribute(logical_id, "Arn"),
            readable: self.name.clone(),
        }
    }

    fn deletion_policy(&self) -> DeletionPolicy {
        DeletionPolicy::Retain
    }

    fn summary(&self) -> String {
        let capacity = match self.capacity {
            Capacity::Provisioned(shards) => format!("{shards} shards"),
            Capacity::OnDemand => "on demand".into(),
        };
        format!("{}, {capacity}, {} h, KMS", self.name, self.retention)
    }
}

impl StreamHandle {
    /// The stream of this name, which another stack declares.
    pub fn elsewhere(name: String) -> Self {
        let arn = Expression::arn("kinesis", format!("stream/{name}")).into();
        Self { name: Value::literal(name.clone()), arn, readable: name }
    }

    pub const fn name(&self) -> &Value<kind::StreamName> {
        &self.name
    }

    pub const fn arn(&self) -> &Value<kind::StreamArn> {
        &self.arn
    }

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
