//! What the local system's emulator leaves out of a deploy, done after it by the APIs that it does have.
//!
//! Invariant: nothing here runs against AWS, where CloudFormation does all of it.

use anyhow::Result;
use aws_sdk_dynamodb::types::{TimeToLiveSpecification, TimeToLiveStatus};
use cloudformation::resource_type;
use contract::{Environment, Function, table};
use futures::future::try_join_all;
use serde_json::Value;

use crate::Connection;
use crate::aws::error::{failed_to, found};

/// Switches expiry on, which the emulator's CloudFormation drops, and its own event source mappings off, which lose
/// what a function reports as failed: `cargo xtask local` runs its own in their place.
///
/// # Errors
/// When the emulator refuses.
pub async fn apply(connection: &Connection, env: &Environment, templates: impl Iterator<Item = &Value>) -> Result<()> {
    let tables: Vec<&str> = templates.flat_map(expiring_tables).collect();
    try_join_all(tables.into_iter().map(|table| switch_expiry_on(connection, table))).await?;
    switch_mappings_off(connection, env).await
}

fn expiring_tables(template: &Value) -> Vec<&str> {
    let resources = template["Resources"].as_object().into_iter().flatten().map(|(_, resource)| resource);
    let expiring = resources.filter(|resource| {
        resource["Type"] == resource_type::TABLE
            && resource["Properties"]["TimeToLiveSpecification"]["AttributeName"] == table::TTL
    });
    expiring.filter_map(|resource| resource["Properties"]["TableName"].as_str()).collect()
}

async fn switch_expiry_on(connection: &Connection, table_name: &str) -> Result<()> {
    let client = connection.dynamodb();
    let asked = client.describe_time_to_live().table_name(table_name).send().await;
    let described = asked.map_err(failed_to(format!("ask for the expiry of {table_name}")))?;
    let status = described.time_to_live_description().and_then(|description| description.time_to_live_status());
    if status == Some(&TimeToLiveStatus::Enabled) {
        return Ok(());
    }
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(table::TTL).build()?;
    let update = client.update_time_to_live().table_name(table_name).time_to_live_specification(expiry);
    update.send().await.map_err(failed_to(format!("switch the expiry of {table_name} on")))?;
    Ok(())
}

async fn switch_mappings_off(connection: &Connection, env: &Environment) -> Result<()> {
    let client = connection.lambda();
    let function = Function::StreamProcessor.physical_name(env);
    let asked = client.list_event_source_mappings().function_name(&function).send().await;
    let Some(listed) = found(asked, "list the event source mappings")? else { return Ok(()) };
    // The state says "enabled" for one that its template switched off, so it is not asked.
    for uuid in listed.event_source_mappings().iter().filter_map(|mapping| mapping.uuid()) {
        let update = client.update_event_source_mapping().uuid(uuid).enabled(false);
        update.send().await.map_err(failed_to("switch the emulator's event source mapping off"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_tables_whose_items_expire_are_mended() {
        let table = |name: &str, ttl: Value| json!({"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": name, "TimeToLiveSpecification": ttl}});
        let template = json!({"Resources": {
            "A": table("a", json!({"AttributeName": "ttl", "Enabled": true})),
            "B": table("b", Value::Null),
            "C": {"Type": "AWS::S3::Bucket", "Properties": {}}
        }});
        assert_eq!(expiring_tables(&template), ["a"]);
    }
}
