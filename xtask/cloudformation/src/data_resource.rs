//! Resources that hold data: which those of a template are, what names them, and the template that imports them.
//!
//! Invariant: only what the template retains and names itself is adopted, so nothing of somebody else's is.

use serde_json::{Map, Value, json};

use crate::resource_type;

/// Types whose resources hold data that exists nowhere else.
pub const HOLDS_DATA: [&str; 4] =
    [resource_type::TABLE, resource_type::STREAM, resource_type::BUCKET, resource_type::USER_POOL];

/// A resource that holds data, with the name that the template gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataResource {
    pub logical_id: String,
    pub resource_type: String,
    /// Its physical name.
    pub name: String,
}

/// Whether a resource stays in the account by one of its policies, `DeletionPolicy` or `UpdateReplacePolicy`.
pub fn is_retained(resource: &Value, policy: &str) -> bool {
    matches!(resource[policy].as_str(), Some("Retain" | "RetainExceptOnCreate"))
}

/// The property that names a resource, and by which CloudFormation imports it.
pub fn naming_property(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        resource_type::TABLE => Some("TableName"),
        resource_type::STREAM => Some("Name"),
        resource_type::BUCKET => Some("BucketName"),
        _ => None,
    }
}

/// The resources of a template that hold data, are retained, and have a name of their own.
pub fn data_resources(template: &Value) -> Vec<DataResource> {
    let resources = template["Resources"].as_object();
    let declared = resources.into_iter().flatten().filter_map(|(logical_id, resource)| {
        let resource_type = resource["Type"].as_str()?;
        let name = resource["Properties"][naming_property(resource_type)?].as_str()?;
        is_retained(resource, "DeletionPolicy").then(|| DataResource {
            logical_id: logical_id.clone(),
            resource_type: resource_type.to_owned(),
            name: name.to_owned(),
        })
    });
    declared.collect()
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
