//! Tables, the stream and the bucket of failed batches: what outlives a stack, and how it goes in the end.
//!
//! Invariant: only what our own template names and retains is ever deleted here.

use std::time::{Duration, Instant};

use anyhow::Result;
use aws_sdk_dynamodb::types::TableStatus;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use cloudformation::data_resource::DataResource;
use cloudformation::resource_type;
use stacks::App;
use xtask::Failure;

use crate::Connection;
use crate::aws::error::{failed_to, found, is_missing};
use crate::stack::import;

/// How long a service may take to delete what it has agreed to delete.
const LIMIT: Duration = Duration::from_secs(600);

/// The data of these stacks that exists.
///
/// # Errors
/// When a service cannot be asked.
pub async fn find(connection: &Connection, app: &App, names: &[String]) -> Result<Vec<DataResource>> {
    let mut found = Vec::new();
    for stack in app.stacks()?.iter().filter(|stack| names.iter().any(|name| name == stack.name())) {
        found.extend(import::existing(connection, &stack.template()).await?);
    }
    Ok(found)
}

/// Whether a bucket holds nothing; one that is gone does not.
///
/// # Errors
/// When it cannot be listed.
pub async fn is_empty(connection: &Connection, bucket: &str) -> Result<bool> {
    let listed = connection.s3().list_objects_v2().bucket(bucket).max_keys(1).send().await;
    Ok(found(listed, format!("list the bucket {bucket}"))?.is_none_or(|listed| listed.contents().is_empty()))
}

/// Deletes one of them with everything in it, its protection removed first.
///
/// # Errors
/// When the service refuses; what is gone already, or a table that is going, is fine.
pub async fn delete(connection: &Connection, resource: &DataResource) -> Result<()> {
    let name = resource.name.as_str();
    match resource.resource_type.as_str() {
        resource_type::TABLE => delete_table(connection, name).await,
        resource_type::STREAM => {
            let delete = connection.kinesis().delete_stream().stream_name(name).enforce_consumer_deletion(true);
            found(delete.send().await, format!("delete the stream {name}")).map(drop)
        }
        _ => delete_bucket(connection, name).await,
    }
}

/// Waits until what is being deleted is gone, and its name is free for the next deploy.
///
/// # Errors
/// When it cannot be asked for, or is still there after ten minutes.
pub async fn until_gone(connection: &Connection, resource: &DataResource) -> Result<()> {
    let began = Instant::now();
    while import::exists(connection, resource).await? {
        if began.elapsed() > LIMIT {
            let problem = format!("{} is still being deleted after {} s", resource.name, LIMIT.as_secs());
            return Err(Failure::new(problem).hint("nothing else is left to do; deploy only once it is gone").into());
        }
        tokio::time::sleep(connection.pause()).await;
    }
    Ok(())
}

async fn delete_table(connection: &Connection, name: &str) -> Result<()> {
    let client = connection.dynamodb();
    let described = client.describe_table().table_name(name).send().await;
    let table = match described {
        Ok(answer) => answer.table,
        Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(()),
        Err(error) => return Err(failed_to(format!("look at the table {name}"))(error)),
    };
    let Some(table) = table.filter(|table| table.table_status() != Some(&TableStatus::Deleting)) else { return Ok(()) };
    if table.deletion_protection_enabled() == Some(true) {
        let unprotect = client.update_table().table_name(name).deletion_protection_enabled(false);
        unprotect.send().await.map_err(failed_to(format!("remove the deletion protection of {name}")))?;
    }
    found(client.delete_table().table_name(name).send().await, format!("delete the table {name}")).map(drop)
}

async fn delete_bucket(connection: &Connection, name: &str) -> Result<()> {
    let s3 = connection.s3();
    loop {
        let Some(listed) = found(s3.list_objects_v2().bucket(name).send().await, format!("list the bucket {name}"))?
        else {
            return Ok(());
        };
        let keys = listed.contents().iter().filter_map(|object| object.key());
        let objects = keys.map(|key| ObjectIdentifier::builder().key(key).build()).collect::<Result<Vec<_>, _>>()?;
        if objects.is_empty() {
            break;
        }
        let all = Delete::builder().set_objects(Some(objects)).quiet(true).build()?;
        s3.delete_objects().bucket(name).delete(all).send().await.map_err(failed_to(format!("empty {name}")))?;
    }
    s3.delete_bucket().bucket(name).send().await.map_err(failed_to(format!("delete the bucket {name}")))?;
    Ok(())
}
