//! `AWS::Kinesis::StreamConsumer`: enhanced fan-out.
//!
//! Invariant: it is declared only where it is paid for and understood: by setting, and never on the local target.

use serde_json::json;

use crate::resource::{Properties, Resource};
use crate::stream::StreamHandle;
use crate::value::{Value, kind};

/// A consumer that a stream sends its records to, instead of being asked for them once a second.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// Its name, unique among the stream's consumers.
    pub name: String,
    pub stream: StreamHandle,
}

/// A consumer that can be referred to.
#[derive(Clone, Debug)]
pub struct ConsumerHandle {
    arn: Value<kind::ConsumerArn>,
    readable: String,
}

impl Resource for Consumer {
    const TYPE: &'static str = "AWS::Kinesis::StreamConsumer";
    const REFUSED_LOCALLY: Option<&'static str> = Some("records are read from the shards instead of being sent");
    type Handle = ConsumerHandle;

    fn properties(&self) -> Properties {
        let Self { name, stream } = self;
        Properties::of(json!({"ConsumerName": name, "StreamARN": stream.arn()}))
    }

    fn handle(&self, logical_id: &str) -> ConsumerHandle {
        ConsumerHandle { arn: Value::attribute(logical_id, "ConsumerARN"), readable: self.path() }
    }

    fn summary(&self) -> String {
        self.path()
    }
}

impl Consumer {
    fn path(&self) -> String {
        format!("{}/consumer/{}", self.stream.readable(), self.name)
    }
}

impl ConsumerHandle {
    pub const fn arn(&self) -> &Value<kind::ConsumerArn> {
        &self.arn
    }

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
