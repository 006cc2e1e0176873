//! Tables and the stream that an earlier stack left behind, taken into the new stack with their data.
//!
//! Invariant: only what the template retains and names itself is adopted, so nothing of somebody else's is.

use anyhow::Result;
use aws_sdk_cloudformation::types::ResourceToImport;
use serde_json::{Map, Value, json};

use crate::Connection;
use crate::aws_error::{failed_to, is_missing};

/// A resource that holds data, with the name that the template gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataResource {
    /// Its logical id.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// Its physical name.
    pub name: String,
}

/// The property that names a resource, and by which CloudFormation imports it.
fn naming_property(kind: &str) -> Option<&'static str> {
    match kind {
        "AWS::DynamoDB::Table" => Some("TableName"),
        "AWS::Kinesis::Stream" => Some("Name"),
        "AWS::S3::Bucket" => Some("BucketName"),
        _ => None,
    }
}

/// The resources of a template that hold data, are retained, and have a name of their own.
pub fn data_resources(template: &Value) -> Vec<DataResource> {
    let resources = template["Resources"].as_object();
    let declared = resources.into_iter().flatten().filter_map(|(logical_id, resource)| {
        let kind = resource["Type"].as_str()?;
        let name = resource["Properties"][naming_property(kind)?].as_str()?;
        let retained = resource["DeletionPolicy"].as_str()?.starts_with("Retain");
        retained.then(|| DataResource { logical_id: logical_id.clone(), kind: kind.to_owned(), name: name.to_owned() })
    });
    declared.collect()
}

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
    !(connection.is_local() && resource.kind == "AWS::Kinesis::Stream")
}

/// The template with these resources alone: an import may neither add others nor outputs.
pub fn import_template(template: &Value, resources: &[DataResource]) -> Value {
    let kept = resources.iter().map(|resource| {
        let mut declared = template["Resources"][&resource.logical_id].clone();
        if let Some(declared) = declared.as_object_mut() {
            declared.remove("DependsOn");
        }
        (resource.logical_id.clone(), declared)
    });
    let kept: Map<String, Value> = kept.collect();
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": template["Description"],
        "Resources": kept,
    })
}

/// The resources, as CloudFormation wants to be told of them.
pub fn imports(resources: &[DataResource]) -> Vec<ResourceToImport> {
    let import = |resource: &DataResource| {
        ResourceToImport::builder()
            .resource_type(&resource.kind)
            .logical_resource_id(&resource.logical_id)
            .resource_identifier(naming_property(&resource.kind).unwrap_or_default(), &resource.name)
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
    match resource.kind.as_str() {
        "AWS::DynamoDB::Table" => {
            match connection.dynamodb().describe_table().table_name(&resource.name).send().await {
                Ok(_) => Ok(true),
                Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(false),
                Err(error) => Err(failed_to(what)(error)),
            }
        }
        "AWS::Kinesis::Stream" => {
            match connection.kinesis().describe_stream_summary().stream_name(&resource.name).send().await {
                Ok(_) => Ok(true),
                Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(false),
                Err(error) => Err(failed_to(what)(error)),
            }
        }
        _ => match connection.s3().head_bucket().bucket(&resource.name).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(false),
            Err(error) => Err(failed_to(what)(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        json!({
            "Description": "d",
            "Outputs": {"X": {"Value": "x"}},
            "Resources": {
                "Kept": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "DependsOn": "Role",
                         "Properties": {"TableName": "kept"}},
                "Lost": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Delete", "Properties": {"TableName": "lost"}},
                "Nameless": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {}},
                "Role": {"Type": "AWS::IAM::Role", "DeletionPolicy": "Retain", "Properties": {"RoleName": "role"}}
            }
        })
    }

    #[test]
    fn only_retained_named_data_is_adopted() {
        let found = data_resources(&template());
        assert_eq!(found.iter().map(|found| &*found.name).collect::<Vec<_>>(), ["kept"]);
    }

    #[test]
    fn an_import_carries_nothing_but_what_it_imports() {
        let found = data_resources(&template());
        let import = import_template(&template(), &found);
        assert_eq!(import["Resources"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Kept"]);
        assert!(import.get("Outputs").is_none() && import["Resources"]["Kept"].get("DependsOn").is_none());
        assert_eq!(import["Resources"]["Kept"]["DeletionPolicy"], "Retain");
    }
}
