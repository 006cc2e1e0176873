//! The authorizer as it is deployed.
//!
//! Invariant: the function itself is asked; the stack may have been changed by hand.

use anyhow::Result;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types;
use contract::{Environment, Function};
use stacks::Architecture;

use crate::Connection;
use crate::aws::error::found;

/// The authorizer as it is deployed; none where there is none.
///
/// # Errors
/// When Lambda cannot be asked.
pub async fn authorizer(connection: &Connection, env: &Environment) -> Result<Option<GetFunctionConfigurationOutput>> {
    let name = Function::ApiKeyAuthorizer.physical_name(env);
    found(connection.lambda().get_function_configuration().function_name(&name).send().await, format!("look at {name}"))
}

/// The processor that the functions run on: their code stays, so it must stay as well.
///
/// # Errors
/// When Lambda cannot be asked.
pub async fn architecture(connection: &Connection, env: &Environment) -> Result<Architecture> {
    let found = authorizer(connection, env).await?;
    let is_arm = found.is_some_and(|found| found.architectures().contains(&types::Architecture::Arm64));
    Ok(if is_arm { Architecture::Arm64 } else { Architecture::X86_64 })
}
