//! Tables and the stream that an earlier stack left behind, taken into the new stack with their data.
//!
//! Invariant: only what the template retains and names itself is adopted, so nothing of somebody else's is.

use anyhow::Result;
use aws_sdk_cloudformation::types::ResourceToImport;
use cloudformation::data_resource::{DataResource, data_resources, naming_property};
use cloudformation::resource_type;
use serde_json::Value;

use crate::Connection;
use crate::aws::error::found;

/// Those of a template's data resources that exist.
///
/// # Errors
/// When a service cannot be asked.
pub async fn existing(connection: &Connection, template: &Value) -> Result<Vec<DataResource>> {
    let mut found = Vec::new();
    for resource in data_resources(template) {
        if exists(connection, &resource).await? {
            found.push(resource);
        }
    }
    Ok(found)
}

/// Whether the target can take this type into a stack. The local system cannot for a stream, and makes an empty one.
pub fn can_import(connection: &Connection, resource: &DataResource) -> bool {
    !(connection.is_local() && resource.resource_type == resource_type::STREAM)
}

/// The resources, as CloudFormation wants to be told of them.
pub fn imports(resources: &[DataResource]) -> Vec<ResourceToImport> {
    let import = |resource: &DataResource| {
        ResourceToImport::builder()
            .resource_type(&resource.resource_type)
            .logical_resource_id(&resource.logical_id)
            .resource_identifier(naming_property(&resource.resource_type).unwrap_or_default(), &resource.name)
            .build()
    };
    resources.iter().map(import).collect()
}

/// Whether a resource exists.
///
/// # Errors
/// When its service cannot be asked.
pub async fn exists(connection: &Connection, resource: &DataResource) -> Result<bool> {
    let what = format!("look for {}", resource.name);
    match resource.resource_type.as_str() {
        resource_type::TABLE => {
            Ok(found(connection.dynamodb().describe_table().table_name(&resource.name).send().await, what)?.is_some())
        }
        resource_type::STREAM => {
            Ok(found(connection.kinesis().describe_stream_summary().stream_name(&resource.name).send().await, what)?
                .is_some())
        }
        _ => Ok(found(connection.s3().head_bucket().bucket(&resource.name).send().await, what)?.is_some()),
    }
}
