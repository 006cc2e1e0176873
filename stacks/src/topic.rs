//! `AWS::SNS::Topic`, its key, its policy and its subscription.
//!
//! Invariant: a topic is encrypted by a key that CloudWatch may use: alarms to a topic under the key that AWS manages
//! are lost without a word.

use serde_json::json;

use crate::policy::document;
use crate::resource::{Properties, Resource};
use crate::settings::Email;
use crate::value::{Expression, Value, kind};

/// A key by which alarms are encrypted.
#[derive(Clone, Copy, Debug)]
pub struct AlarmKey;

/// A topic that alarms are published to.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name for readers of its messages.
    pub display_name: String,
    /// Its key.
    pub key: Value<kind::KeyId>,
}

/// Lets alarms of this account publish, and nobody without TLS.
#[derive(Clone, Debug)]
pub struct AlarmsOnly {
    pub topic: TopicHandle,
}

/// Sends what is published to an address.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub topic: TopicHandle,
    /// The address, whose owner is asked first.
    pub email: Email,
}

/// A topic that can be referred to.
#[derive(Clone, Debug)]
pub struct TopicHandle {
    arn: Value<kind::TopicArn>,
}

impl Resource for AlarmKey {
    const TYPE: &'static str = "AWS::KMS::Key";
    type Handle = Value<kind::KeyId>;

    fn properties(&self) -> Properties {
        let Self = self;
        let account = Expression::text("arn:")
            .then(&Expression::reference("AWS::Partition"))
            .and(":iam::")
            .then(&Expression::reference("AWS::AccountId"))
            .and(":root");
        // In the policy of a key, `*` is the key itself.
        let administer = json!({
            "Sid": "Account", "Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*",
        });
        let publish = json!({
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        });
        Properties::of(json!({
            "Description": "Encrypts alarms on their way",
            "EnableKeyRotation": true,
            "PendingWindowInDays": 7,
            "KeyPolicy": document(vec![administer, publish]),
        }))
    }

    fn handle(&self, logical_id: &str) -> Self::Handle {
        Value::reference(logical_id)
    }

    fn summary(&self) -> String {
        "rotated, for alarms".into()
    }
}

impl Resource for Topic {
    const TYPE: &'static str = "AWS::SNS::Topic";
    type Handle = TopicHandle;

    fn properties(&self) -> Properties {
        let Self { display_name, key } = self;
        Properties::of(json!({"DisplayName": display_name, "KmsMasterKeyId": key}))
    }

    fn handle(&self, logical_id: &str) -> TopicHandle {
        TopicHandle { arn: Value::reference(logical_id) }
    }

    fn summary(&self) -> String {
        format!("{}, encrypted", self.display_name)
    }
}

impl Resource for AlarmsOnly {
    const TYPE: &'static str = "AWS::SNS::TopicPolicy";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { topic } = self;
        let alarms = json!({
            "Sid": "AlarmsOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic.arn(),
            "Condition": {"StringEquals": {"aws:SourceAccount": Expression::reference("AWS::AccountId")}},
        });
        let tls = json!({
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic.arn(),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        });
        Properties::of(json!({"Topics": [topic.arn()], "PolicyDocument": document(vec![alarms, tls])}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        "alarms of this account, TLS only".into()
    }
}

impl Resource for Subscription {
    const TYPE: &'static str = "AWS::SNS::Subscription";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { topic, email } = self;
        Properties::of(json!({"TopicArn": topic.arn(), "Protocol": "email", "Endpoint": email.as_str()}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        self.email.as_str().into()
    }
}

impl TopicHandle {
    pub const fn arn(&self) -> &Value<kind::TopicArn> {
        &self.arn
    }
}
