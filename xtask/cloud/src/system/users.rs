//! Users of the deployed system: made, listed, signed in.
//!
//! Invariant: a password is neither printed nor stored here; Cognito alone keeps it.

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType, MessageActionType};
use aws_sdk_dynamodb::types::AttributeValue;
use contract::{Environment, limit, name, table};
use serde_json::{Value, json};
use xtask::Failure;

use crate::Connection;
use crate::aws::dynamodb::Item;
use crate::aws::error::{failed_to, is_missing};

/// The group whose members see everybody's figures.
const ADMIN_GROUP: &str = "admin";

/// A user to be made, or changed.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address, which is the user's name.
    pub email: String,
    /// The company that calls are counted for; none leaves it as it is.
    pub company: Option<String>,
    /// Calls in a month; none leaves it as it is.
    pub quota: Option<u64>,
    /// Whether to make the user a member of `admin`.
    pub admin: bool,
    /// The password.
    pub password: String,
}

/// Where the users of an environment sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The user pool's id.
    pub id: String,
    /// The id of its client.
    pub client_id: String,
}

/// Makes a user who can sign in at once, or changes an existing one.
///
/// # Errors
/// When the address is none, Cognito refuses the password, or the table cannot be written.
pub async fn create(connection: &Connection, env: &Environment, new: &NewUser) -> Result<()> {
    let email = address(&new.email)?;
    let pool = pool(connection, env).await?;
    let cognito = connection.cognito();
    let attribute = |name: &str, value: &str| AttributeType::builder().name(name).value(value).build();
    let create = cognito
        .admin_create_user()
        .user_pool_id(&pool.id)
        .username(email)
        .user_attributes(attribute("email", email)?)
        .user_attributes(attribute("email_verified", "true")?)
        .message_action(MessageActionType::Suppress);
    match create.send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|error| error.is_username_exists_exception()) => {}
        Err(error) => return Err(failed_to(format!("make the user {email}"))(error)),
    }
    let set = cognito.admin_set_user_password().user_pool_id(&pool.id).username(email).password(&new.password);
    set.permanent(true).send().await.map_err(failed_to(format!("set the password of {email}")))?;
    if new.admin {
        let add = cognito.admin_add_user_to_group().user_pool_id(&pool.id).username(email).group_name(ADMIN_GROUP);
        add.send().await.map_err(failed_to(format!("make {email} a member of {ADMIN_GROUP}")))?;
    }
    record(connection, env, email, new).await
}

/// Signs in; the answer is the token for `Authorization: Bearer …`.
///
/// # Errors
/// When the address or the password is wrong.
pub async fn token(connection: &Connection, env: &Environment, email: &str, password: &str) -> Result<String> {
    let pool = pool(connection, env).await?;
    let cognito = connection.cognito();
    let sign_in = cognito
        .initiate_auth()
        .client_id(&pool.client_id)
        .auth_flow(AuthFlowType::UserPasswordAuth)
        .auth_parameters("USERNAME", address(email)?)
        .auth_parameters("PASSWORD", password);
    let answer = sign_in.send().await.map_err(failed_to(format!("sign in as {email}")))?;
    let token = answer.authentication_result().and_then(|result| result.id_token());
    Ok(token.map(str::to_owned).ok_or_else(|| {
        Failure::new(format!("{email} has to do something else before signing in"))
            .hint(format!("`cargo xtask users create --email {email}` sets a lasting password"))
    })?)
}

/// Every user, with company and quota.
///
/// # Errors
/// When Cognito or the table cannot be read.
pub async fn list(connection: &Connection, env: &Environment) -> Result<Vec<Value>> {
    let pool = pool(connection, env).await?;
    let cognito = connection.cognito();
    let found: Result<Vec<_>, _> =
        cognito.list_users().user_pool_id(&pool.id).into_paginator().items().send().collect().await;
    let mut users = Vec::new();
    for user in found.map_err(failed_to("list the users"))? {
        let email = user.attributes().iter().find(|attribute| attribute.name() == "email");
        let email = email.and_then(AttributeType::value).or_else(|| user.username()).unwrap_or_default();
        let stored = stored(connection, env, email).await?.unwrap_or_default();
        let quota = stored.get("monthlyQuota").and_then(|quota| quota.as_n().ok()?.parse().ok());
        users.push(json!({
            "userEmail": email,
            "status": user.user_status().map(|status| status.as_str()),
            "companyName": stored.get("companyName").and_then(|company| company.as_s().ok()),
            "monthlyQuota": quota.unwrap_or(limit::DEFAULT_MONTHLY_QUOTA),
        }));
    }
    Ok(users)
}

/// The company of a user, if one is recorded.
pub(crate) async fn company(connection: &Connection, env: &Environment, email: &str) -> Result<Option<String>> {
    let user = stored(connection, env, email).await?;
    Ok(user.and_then(|user| user.get("companyName")?.as_s().ok().cloned()))
}

/// The user pool that the API stack made.
///
/// # Errors
/// When the API stack is not deployed.
pub async fn pool(connection: &Connection, env: &Environment) -> Result<Pool> {
    let stack = name::api_stack(env);
    let client = connection.cloudformation();
    let asked = client.describe_stack_resources().stack_name(&stack).send().await;
    let resources = match asked {
        Ok(answer) => answer.stack_resources.unwrap_or_default(),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Vec::new(),
        Err(error) => return Err(failed_to(format!("look into {stack}"))(error)),
    };
    let of_type = |kind: &str| {
        let found = resources.iter().find(|resource| resource.resource_type() == Some(kind));
        found.and_then(|resource| resource.physical_resource_id()).map(str::to_owned)
    };
    match (of_type("AWS::Cognito::UserPool"), of_type("AWS::Cognito::UserPoolClient")) {
        (Some(id), Some(client_id)) => Ok(Pool { id, client_id }),
        _ => Err(Failure::new(format!("{stack} is not deployed, so there is no user pool"))
            .hint(format!("run `cargo xtask deploy --env {env}` first"))
            .into()),
    }
}

/// Checks that this can be an e-mail address, which is all that can be said without sending mail to it.
pub(crate) fn address(email: &str) -> Result<&str> {
    let plain = email.chars().all(|c| !c.is_whitespace() && !c.is_control());
    match email.split_once('@') {
        Some((user, host)) if plain && !user.is_empty() && !host.is_empty() && email.len() <= 254 => Ok(email),
        _ => Err(Failure::usage(format!("`{email}` is no e-mail address")).into()),
    }
}

async fn stored(connection: &Connection, env: &Environment, email: &str) -> Result<Option<Item>> {
    let get = connection
        .dynamodb()
        .get_item()
        .table_name(name::keys_table(env))
        .key(table::PK, AttributeValue::S(format!("USER#{email}")))
        .key(table::SK, AttributeValue::S("USER".into()))
        .consistent_read(true);
    Ok(get.send().await.map_err(failed_to(format!("read the user {email}")))?.item)
}

async fn record(connection: &Connection, env: &Environment, email: &str, new: &NewUser) -> Result<()> {
    let mut sets = Vec::new();
    let mut update = connection
        .dynamodb()
        .update_item()
        .table_name(name::keys_table(env))
        .key(table::PK, AttributeValue::S(format!("USER#{email}")))
        .key(table::SK, AttributeValue::S("USER".into()));
    if let Some(company) = &new.company {
        sets.push("companyName = :company");
        update = update.expression_attribute_values(":company", AttributeValue::S(company.clone()));
    }
    if let Some(quota) = new.quota {
        sets.push("monthlyQuota = :quota");
        update = update.expression_attribute_values(":quota", AttributeValue::N(quota.to_string()));
    }
    if !sets.is_empty() {
        let update = update.update_expression(format!("SET {}", sets.join(", ")));
        update.send().await.map_err(failed_to(format!("record the user {email}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_address_is_wrong_usage() {
        for bad in ["", "@", "a@", "@b", "no-at", "a b@c", "a\n@b"] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
        assert!(address("émile+tag@example.com").is_ok());
    }
}
