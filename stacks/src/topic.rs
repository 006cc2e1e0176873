//! `AWS::SNS::Topic`, its key, its policy and its subscription.
//!
//! Invariant: a topic is encrypted. One that alarms go to has a key that CloudWatch may use: alarms to a topic under the
//! key that AWS manages are lost without a word.

use serde_json::{Value as Json, json};

use crate::policy::document;
use crate::resource::{Properties, Resource};
use crate::settings::Email;
use crate::value::{Expression, Value, kind};

/// A key by which alarms are encrypted.
#[derive(Clone, Copy, Debug)]
pub struct AlarmKey;

/// A topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name, where others find it by that.
    pub name: Option<String>,
    /// Its name for readers of its messages.
    pub display_name: String,
    /// Its key.
    pub key: TopicKey,
}

/// By what a topic is encrypted.
#[derive(Clone, Debug)]
pub enum TopicKey {
    /// A key that CloudWatch may use.
    Alarms(Value<kind::KeyId>),
    /// The key that AWS manages, which every role of the account may use that may publish, and which costs nothing.
    OfAws,
}

/// Lets alarms of this account publish, and nobody without TLS.
#[derive(Clone, Debug)]
pub struct AlarmsOnly {
    pub topic: TopicHandle,
}

/// Lets whoever has a grant for it publish, and nobody without TLS.
#[derive(Clone, Debug)]
pub struct TlsOnly {
    /// The topic.
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
    readable: String,
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
        let Self { name, display_name, key } = self;
        let key = match key {
            TopicKey::Alarms(key) => json!(key),
            TopicKey::OfAws => json!("alias/aws/sns"),
        };
        Properties::of(json!({"TopicName": name, "DisplayName": display_name, "KmsMasterKeyId": key}))
    }

    fn handle(&self, logical_id: &str) -> TopicHandle {
        let readable = self.name.clone().unwrap_or_else(|| logical_id.into());
        TopicHandle { arn: Value::reference(logical_id), readable }
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
        Properties::of(json!({"Topics": [topic.arn()], "PolicyDocument": document(vec![alarms, tls_only(topic)])}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        "alarms of this account, TLS only".into()
    }
}

impl Resource for TlsOnly {
    const TYPE: &'static str = "AWS::SNS::TopicPolicy";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { topic } = self;
        Properties::of(json!({"Topics": [topic.arn()], "PolicyDocument": document(vec![tls_only(topic)])}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        "TLS only".into()
    }
}

fn tls_only(topic: &TopicHandle) -> Json {
    json!({
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic.arn(),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
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

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
