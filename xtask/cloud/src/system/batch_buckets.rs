//! The buckets of batches that the processor gave up, and of reports: those of the stack, and those that earlier ones left.
//!
//! Invariant: what is no longer in a stack is ours only by what CloudFormation wrote on it, never by its name alone.

use anyhow::Result;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::Tag;
use cloudformation::data_resource::DataResource;
use contract::name;
use stacks::App;

use crate::Connection;
use crate::aws::error::{cannot_be_called, failed_to, is_missing};
use crate::console::observer::Observer;
use crate::stack::read;
use cloudformation::resource_type::BUCKET;

/// To how many bytes CloudFormation may cut the name of a stack in the name of a bucket.
const STACK_BYTES: usize = 24;

/// The buckets of an environment, that of the stack first. CloudFormation named them, so the stack has to be asked, and
/// then S3.
///
/// # Errors
/// When one of them cannot be asked.
pub async fn buckets(connection: &Connection, app: &App, observer: &dyn Observer) -> Result<Vec<DataResource>> {
    let stack = name::kinesis_stack(&app.env);
    let mut found = find(connection, &stack).await?;
    for declared in app.stacks()?.iter().filter(|declared| declared.name() == stack) {
        let template = declared.template();
        let resources = template["Resources"].as_object().into_iter().flatten();
        for (logical_id, _) in resources.filter(|(_, resource)| resource["Type"] == BUCKET) {
            for name in left(connection, &stack, logical_id, observer).await? {
                if found.iter().all(|bucket| bucket.name != name) {
                    found.push(DataResource { logical_id: logical_id.clone(), resource_type: BUCKET.to_owned(), name });
                }
            }
        }
    }
    Ok(found)
}

async fn find(connection: &Connection, stack: &str) -> Result<Vec<DataResource>> {
    let resources = read::resources(connection, stack).await?;
    let buckets = resources.iter().filter(|resource| resource.resource_type() == Some(BUCKET));
    let named = buckets.filter_map(|bucket| {
        Some(DataResource {
            logical_id: bucket.logical_resource_id()?.to_owned(),
            resource_type: BUCKET.to_owned(),
            name: bucket.physical_resource_id().filter(|name| !name.is_empty())?.to_owned(),
        })
    });
    Ok(named.collect())
}

/// The names of the buckets that a resource of a stack was, whether the stack is still there or not.
async fn left(connection: &Connection, stack: &str, logical_id: &str, observer: &dyn Observer) -> Result<Vec<String>> {
    let s3 = connection.s3();
    let prefix: String = stack.to_lowercase().chars().take(STACK_BYTES).collect();
    let listing = s3.list_buckets().prefix(&prefix).bucket_region(connection.region()).max_buckets(1000);
    let listed: Result<Vec<_>, _> = listing.into_paginator().items().send().collect().await;
    let buckets = match listed {
        Ok(buckets) => buckets,
        Err(error) if cannot_be_called(&error) => {
            observer.note(&format!(
                "not looked for: buckets that earlier stacks left ({})",
                error.code().unwrap_or_default()
            ));
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed_to("list the buckets")(error)),
    };
    let mut names = Vec::new();
    for name in buckets.iter().filter_map(|bucket| bucket.name()).filter(|name| name.starts_with(&prefix)) {
        // The local system writes nothing on a bucket, and has no other's.
        let is_ours = if connection.is_local() {
            is_named(name, stack, logical_id)
        } else {
            is_of(&tags(connection, name).await?, connection.region(), stack, logical_id)
        };
        if is_ours {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Whether CloudFormation would name a bucket so: the stack, the resource, and what it draws.
fn is_named(name: &str, stack: &str, logical_id: &str) -> bool {
    let prefix = format!("{stack}-{logical_id}-").to_lowercase();
    name.strip_prefix(&prefix).is_some_and(|drawn| !drawn.is_empty() && drawn.chars().all(char::is_alphanumeric))
}

/// Whether CloudFormation's own tags, which nobody else can write, say whose a bucket is.
fn is_of(tags: &[Tag], region: &str, stack: &str, logical_id: &str) -> bool {
    let tag = |key: &str| tags.iter().find(|tag| tag.key() == key).map_or("", |tag| tag.value());
    // `arn:aws:cloudformation:REGION:ACCOUNT:stack/…`: an environment may be in several regions.
    let is_here = tag("aws:cloudformation:stack-id").split(':').nth(3) == Some(region);
    is_here && tag("aws:cloudformation:stack-name") == stack && tag("aws:cloudformation:logical-id") == logical_id
}

async fn tags(connection: &Connection, bucket: &str) -> Result<Vec<Tag>> {
    match connection.s3().get_bucket_tagging().bucket(bucket).send().await {
        Ok(answer) => Ok(answer.tag_set),
        Err(error) if error.code() == Some("NoSuchTagSet") || cannot_be_called(&error) => Ok(Vec::new()),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(Vec::new()),
        Err(error) => Err(failed_to(format!("read the tags of {bucket}"))(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "CompliCal-Kinesis-test";

    fn tagged(stack: &str, logical_id: &str, region: &str) -> Vec<Tag> {
        let id = format!("arn:aws:cloudformation:{region}:123456789012:stack/{stack}/1f2e3d4c");
        let tags = [("stack-id", id.as_str()), ("stack-name", stack), ("logical-id", logical_id)];
        let tag = |(key, value)| Tag::builder().key(format!("aws:cloudformation:{key}")).value(value).build().unwrap();
        tags.map(tag).to_vec()
    }

    #[test]
    fn a_bucket_is_ours_by_all_that_is_written_on_it() {
        let is_ours = |tags: &[Tag]| is_of(tags, "ap-south-1", STACK, "FailedBatches");
        assert!(is_ours(&tagged(STACK, "FailedBatches", "ap-south-1")));
        assert!(!is_ours(&tagged("CompliCal-Kinesis-test-2", "FailedBatches", "ap-south-1")));
        assert!(!is_ours(&tagged(STACK, "Other", "ap-south-1")));
        assert!(!is_ours(&tagged(STACK, "FailedBatches", "ap-southeast-2")));
        assert!(!is_ours(&[]));
    }

    #[test]
    fn another_environments_bucket_has_another_name() {
        assert!(is_named("complical-kinesis-test-failedbatches-3f2a9c", STACK, "FailedBatches"));
        for other in
            ["complical-kinesis-test-2-failedbatches-3f2a9c", "complical-kinesis-test-failedbatches-failedbatches-3f"]
        {
            assert!(!is_named(other, STACK, "FailedBatches"), "{other}");
        }
    }
}
