//! What a deploy has left: each stack, whether it changed, and its outputs.
//!
//! Invariant: what is printed is read from the account when the deploy is over.

use std::collections::BTreeMap;

use anyhow::Result;
use contract::Environment;
use serde_json::{Value, json};

use crate::Connection;
use crate::stack::read;
use crate::system::api;

/// A stack as it is after a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployResult {
    pub stack: String,
    /// Whether anything had to change.
    pub changed: bool,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

impl DeployResult {
    /// A stack with the outputs that it has now.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub async fn read(connection: &Connection, env: &Environment, stack: &str, changed: bool) -> Result<Self> {
        let description = read::describe(connection, stack).await?;
        let outputs = description.iter().flat_map(|stack| stack.outputs()).filter_map(|output| {
            Some((output.output_key()?.to_owned(), output.output_value().unwrap_or_default().to_owned()))
        });
        let mut outputs: BTreeMap<String, String> = outputs.collect();
        // What the template says is AWS's own address; a stand-in has the API elsewhere.
        if let Some(url) = outputs.get_mut("ApiUrl").filter(|_| connection.endpoint().is_some()) {
            *url = api::url(connection, env).await?;
        }
        Ok(Self { stack: stack.to_owned(), changed, outputs })
    }
}

/// The stacks as a document.
pub fn document(deployed: &[DeployResult]) -> Value {
    let stack = |deployed: &DeployResult| {
        let DeployResult { stack, changed, outputs } = deployed;
        json!({"stack": stack, "changed": changed, "outputs": outputs})
    };
    json!({ "stacks": deployed.iter().map(stack).collect::<Vec<_>>() })
}
