//! The bucket of packages and large templates, made by the first deploy.
//!
//! Invariant: private, encrypted, TLS only; a package is uploaded once, because its key is its content.

use anyhow::{Context as _, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use futures::future::try_join_all;
use serde_json::json;
use xtask::package::Package;

use super::error::{failed_to, found};
use crate::Connection;
use crate::console::observer::Observer;

/// After how many days a template that was too large to send goes.
const TEMPLATES_DAYS: i32 = 7;
/// After how many days without a deploy a package goes. A function keeps a copy of its own, so only a roll-back
/// to a template this old would miss it; each deploy that still uses a package begins the time anew.
const PACKAGES_DAYS: i32 = 365;
/// A package older than this is put again when it is deployed, so that it does not expire while in use, in days.
const REFRESH_DAYS: i64 = 180;

/// The name of the bucket of an account and region.
pub fn name(account: &str, region: &str) -> String {
    format!("complical-packages-{account}-{region}")
}

/// Makes the bucket unless it is there; returns its name.
///
/// # Errors
/// When it cannot be made, or somebody else owns the name.
pub async fn ensure(connection: &Connection, observer: &dyn Observer) -> Result<String> {
    let account = connection.account().await?;
    let bucket = name(&account, connection.region());
    let s3 = connection.s3();
    let asked = s3.head_bucket().bucket(&bucket).expected_bucket_owner(&account).send().await;
    match found(asked, format!("look at the bucket {bucket}"))? {
        Some(_) if is_protected(&s3, &bucket).await => return Ok(bucket),
        Some(_) => {}
        None => {
            observer.note(&format!("creating the bucket {bucket} for packages"));
            create(&s3, &bucket, connection.region()).await?;
        }
    }
    protect(&s3, &bucket).await?;
    Ok(bucket)
}

/// Uploads the packages that are not there yet, all at once.
///
/// # Errors
/// When one cannot be read or uploaded.
pub async fn upload(
    connection: &Connection,
    bucket: &str,
    packages: &[&Package],
    observer: &dyn Observer,
) -> Result<()> {
    let s3 = connection.s3();
    try_join_all(packages.iter().map(|package| upload_one(&s3, bucket, package, observer))).await?;
    Ok(())
}

/// Puts a template that is too large to send with the request; returns its URL.
///
/// # Errors
/// When it cannot be uploaded.
pub async fn put_template(connection: &Connection, bucket: &str, key: &str, template: &str) -> Result<String> {
    let body = ByteStream::from(template.as_bytes().to_vec());
    let put = connection.s3().put_object().bucket(bucket).key(key).content_type("application/json").body(body);
    put.send().await.map_err(failed_to(format!("upload {key}")))?;
    Ok(match connection.endpoint() {
        Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
        None => format!("https://{bucket}.s3.{}.amazonaws.com/{key}", connection.region()),
    })
}

async fn upload_one(s3: &Client, bucket: &str, package: &Package, observer: &dyn Observer) -> Result<()> {
    let key = package.key();
    let asked = s3.head_object().bucket(bucket).key(&key).send().await;
    if found(asked, format!("look for {key} in {bucket}"))?.is_some_and(|head| !is_old(&head)) {
        return Ok(());
    }
    let bytes = std::fs::read(&package.zip).with_context(|| package.zip.display().to_string())?;
    observer.note(&format!("uploading {} ({:.1} MB)", package.function.binary(), bytes.len() as f64 / 1e6));
    let put = s3.put_object().bucket(bucket).key(&key).body(ByteStream::from(bytes));
    put.send().await.map_err(failed_to(format!("upload {key}")))?;
    Ok(())
}

fn is_old(head: &aws_sdk_s3::operation::head_object::HeadObjectOutput) -> bool {
    let now = jiff::Timestamp::now().as_second();
    head.last_modified().is_some_and(|modified| now - modified.secs() > REFRESH_DAYS * 86_400)
}

async fn create(s3: &Client, bucket: &str, region: &str) -> Result<()> {
    let mut create = s3.create_bucket().bucket(bucket);
    // us-east-1 is S3's default and must not be named.
    if region != "us-east-1" {
        let place = BucketLocationConstraint::from(region);
        create =
            create.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build());
    }
    match create.send().await {
        Ok(_) => Ok(()),
        // Another first deploy was quicker.
        Err(error) if error.as_service_error().is_some_and(|error| error.is_bucket_already_owned_by_you()) => Ok(()),
        Err(error) => Err(failed_to(format!("make the bucket {bucket}"))(error)),
    }
}

/// Whether the last step of [`protect`] was taken: the first deploy may have been interrupted before it.
async fn is_protected(s3: &Client, bucket: &str) -> bool {
    let lifecycle = s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    // Who may not look did not leave it half made.
    lifecycle.err().and_then(|error| error.code().map(str::to_owned)).as_deref() != Some("NoSuchLifecycleConfiguration")
}

async fn protect(s3: &Client, bucket: &str) -> Result<()> {
    let private = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    let block = s3.put_public_access_block().bucket(bucket).public_access_block_configuration(private);
    block.send().await.map_err(failed_to("make the bucket private"))?;
    let by_default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build()?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
    let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
    let encrypt = s3.put_bucket_encryption().bucket(bucket).server_side_encryption_configuration(encryption);
    encrypt.send().await.map_err(failed_to("encrypt the bucket"))?;
    let policy = s3.put_bucket_policy().bucket(bucket).policy(tls_only(bucket));
    policy.send().await.map_err(failed_to("refuse plain HTTP to the bucket"))?;
    let expiry = BucketLifecycleConfiguration::builder()
        .rules(expire("functions/", PACKAGES_DAYS)?)
        .rules(expire("templates/", TEMPLATES_DAYS)?)
        .build()?;
    let lifecycle = s3.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(expiry);
    lifecycle.send().await.map_err(failed_to("let old packages expire"))?;
    Ok(())
}

fn tls_only(bucket: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}
        }]
    })
    .to_string()
}

fn expire(prefix: &str, days: i32) -> Result<LifecycleRule> {
    let rule = LifecycleRule::builder()
        .id(format!("old-{}", prefix.trim_end_matches('/')))
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .expiration(LifecycleExpiration::builder().days(days).build())
        .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::builder().days_after_initiation(1).build());
    Ok(rule.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_name_fits_what_s3_takes() {
        let longest = name("123456789012", "ap-southeast-99");
        assert!(longest.len() <= 63, "{longest}");
        assert!(longest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
    }
}
