//! `AWS::S3::Bucket` and its policy.
//!
//! Invariant: a bucket is private, encrypted, spoken to by TLS only, emptied by age, and outlives its stack.

use serde_json::json;

use crate::bounded::ExpiryDays;
use crate::policy::document;
use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::value::{Value, kind};

/// A bucket. It has no name of its own: names of buckets are the whole world's.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// After how many days an object goes.
    pub expiry: ExpiryDays,
}

/// The policy that refuses whoever does not use TLS.
#[derive(Clone, Debug)]
pub struct TlsOnly {
    pub bucket: BucketHandle,
}

/// A bucket that can be referred to.
#[derive(Clone, Debug)]
pub struct BucketHandle {
    name: Value<kind::BucketName>,
    arn: Value<kind::BucketArn>,
    readable: String,
}

impl Resource for Bucket {
    const TYPE: &'static str = "AWS::S3::Bucket";
    type Handle = BucketHandle;

    fn properties(&self) -> Properties {
        let Self { expiry } = self;
        Properties::of(json!({
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true,
                "BlockPublicPolicy": true,
                "IgnorePublicAcls": true,
                "RestrictPublicBuckets": true,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {
                "Rules": [{
                    "Id": "expire",
                    "Status": "Enabled",
                    "ExpirationInDays": expiry,
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                }],
            },
        }))
    }

    fn handle(&self, logical_id: &str) -> BucketHandle {
        BucketHandle {
            name: Value::reference(logical_id),
            arn: Value::attribute(logical_id, "Arn"),
            readable: logical_id.into(),
        }
    }

    fn deletion_policy(&self) -> DeletionPolicy {
        DeletionPolicy::Retain
    }

    fn summary(&self) -> String {
        format!("private, encrypted, objects go after {} days", self.expiry)
    }
}

impl Resource for TlsOnly {
    const TYPE: &'static str = "AWS::S3::BucketPolicy";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { bucket } = self;
        let arn = bucket.arn().expression();
        let statement = json!({
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, arn.clone().and("/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        });
        Properties::of(json!({"Bucket": bucket.name(), "PolicyDocument": document(vec![statement])}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        format!("{}, TLS only", self.bucket.readable())
    }
}

impl BucketHandle {
    pub const fn name(&self) -> &Value<kind::BucketName> {
        &self.name
    }

    pub const fn arn(&self) -> &Value<kind::BucketArn> {
        &self.arn
    }

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
