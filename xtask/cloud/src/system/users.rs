//! Users of the deployed system: made, changed, listed, signed in. Cognito knows who may sign in, the keys table what
//! was set for each.
//!
//! Invariant: a password is neither printed nor stored here; Cognito alone keeps it. A user that could not be made in
//! full is not made.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType, MessageActionType};
use cloudformation::resource_type;
use contract::{Environment, name};
use metering::email::Email;
use store::users::{User, UserSettings};
use xtask::Failure;

use super::keys::table;
use crate::Connection;
use crate::aws::error::{failed_to, is_missing, is_unknown_call, table_failed_to};

/// The group whose members see everybody's figures.
const ADMIN_GROUP: &str = "admin";

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    /// The address, which is the user's name.
    pub email: Email,
    /// What is set for the user.
    pub settings: UserSettings,
    /// Whether the user is a member of `admin`.
    pub admin: bool,
    pub password: String,
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// The user's name.
    pub email: Email,
    /// Cognito's word for how far signing in has come; none where the user cannot sign in at all.
    pub status: Option<String>,
    /// What is set for the user.
    pub user: User,
}

/// Where the users of an environment sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The user pool's id.
    pub id: String,
    /// The id of its client.
    pub client_id: String,
}

/// Makes a user who can sign in at once.
///
/// # Errors
/// When there is such a user, Cognito refuses the password, or the table cannot be written: then there is none.
pub async fn create(connection: &Connection, env: &Environment, new: &NewUser) -> Result<()> {
    let (email, pool) = (new.email.as_str(), pool(connection, env).await?);
    let attribute = |name: &str, value: &str| AttributeType::builder().name(name).value(value).build();
    let create = connection
        .cognito()
        .admin_create_user()
        .user_pool_id(&pool.id)
        .username(email)
        .user_attributes(attribute("email", email)?)
        .user_attributes(attribute("email_verified", "true")?)
        .message_action(MessageActionType::Suppress);
    if let Err(error) = create.send().await {
        let exists = error.as_service_error().is_some_and(|error| error.is_username_exists_exception());
        return Err(if exists {
            exists_already(email).into()
        } else {
            failed_to(format!("make the user {email}"))(error)
        });
    }
    let Err(failed) = complete(connection, env, &pool, new).await else { return Ok(()) };
    let remove = connection.cognito().admin_delete_user().user_pool_id(&pool.id).username(email);
    match remove.send().await {
        Ok(_) => Err(failed),
        Err(error) => Err(failed.context(failed_to(format!("remove {email} again, who was made in part"))(error))),
    }
}

/// What makes a user of somebody whom Cognito knows.
async fn complete(connection: &Connection, env: &Environment, pool: &Pool, new: &NewUser) -> Result<()> {
    set_password(connection, pool, &new.email, &new.password).await?;
    if new.admin {
        set_admin(connection, pool, &new.email, true).await?;
    }
    let keys = table(connection, env);
    let record = || table_failed_to(format!("record the user {}", new.email));
    // Somebody who had keys before a password has an item already.
    if !keys.create_user(&new.email, &new.settings).await.map_err(record())? {
        keys.set_user(&new.email, &new.settings).await.map_err(record())?;
    }
    Ok(())
}

fn exists_already(email: &str) -> Failure {
    Failure::new(format!("there is a user {email} already, and nothing was changed"))
        .hint(format!("`cargo xtask users set --email {email}` changes quota, company and group"))
        .hint(format!("`cargo xtask users reset-password --email {email}` sets another password"))
}

/// The failure of whoever asks for a user who does not exist.
pub fn unknown(email: &Email) -> Failure {
    Failure::new(format!("there is no user {email}"))
        .hint(format!("`cargo xtask users create --email {email}` makes one, `cargo xtask users list` shows all"))
}

/// Whether somebody can sign in under that name, or has settings.
///
/// # Errors
/// When the table or Cognito cannot be asked.
pub async fn exists(connection: &Connection, env: &Environment, email: &Email) -> Result<bool> {
    let known = table(connection, env).known_user(email).await;
    if known.map_err(table_failed_to(format!("look for the user {email}")))?.is_some() {
        return Ok(true);
    }
    let pool = pool(connection, env).await?;
    can_sign_in(connection, &pool, email).await
}

async fn can_sign_in(connection: &Connection, pool: &Pool, email: &Email) -> Result<bool> {
    let get = connection.cognito().admin_get_user().user_pool_id(&pool.id).username(email.as_str());
    match get.send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(false),
        Err(error) => Err(failed_to(format!("look for the user {email}"))(error)),
    }
}

/// Changes what is given of a user, and nothing else; the answer is the user as it is now.
///
/// # Errors
/// When there is no such user, or one of the changes cannot be made. The group is changed first.
pub async fn set(
    connection: &Connection,
    env: &Environment,
    email: &Email,
    settings: &UserSettings,
    admin: Option<bool>,
) -> Result<User> {
    if !exists(connection, env, email).await? {
        return Err(unknown(email).into());
    }
    if let Some(admin) = admin {
        set_admin(connection, &pool(connection, env).await?, email, admin).await?;
    }
    let set = table(connection, env).set_user(email, settings).await;
    set.map_err(table_failed_to(format!("record the user {email}")))
}

async fn set_admin(connection: &Connection, pool: &Pool, email: &Email, admin: bool) -> Result<()> {
    let (cognito, email) = (connection.cognito(), email.as_str());
    if admin {
        let add = cognito.admin_add_user_to_group().user_pool_id(&pool.id).username(email).group_name(ADMIN_GROUP);
        add.send().await.map_err(failed_to(format!("make {email} a member of {ADMIN_GROUP}")))?;
    } else {
        let remove =
            cognito.admin_remove_user_from_group().user_pool_id(&pool.id).username(email).group_name(ADMIN_GROUP);
        remove.send().await.map_err(failed_to(format!("take {email} out of {ADMIN_GROUP}")))?;
    }
    Ok(())
}

/// Sets another password and signs the user out everywhere. Whether that could be done: an endpoint may not have it.
///
/// # Errors
/// When there is no such user, or Cognito refuses the password.
pub async fn reset_password(connection: &Connection, env: &Environment, email: &Email, password: &str) -> Result<bool> {
    let pool = pool(connection, env).await?;
    if !can_sign_in(connection, &pool, email).await? {
        return Err(unknown(email).into());
    }
    set_password(connection, &pool, email, password).await?;
    let sign_out = connection.cognito().admin_user_global_sign_out().user_pool_id(&pool.id).username(email.as_str());
    match sign_out.send().await {
        Ok(_) => Ok(true),
        Err(error) if is_unknown_call(&error) => Ok(false),
        Err(error) => Err(failed_to(format!("sign {email} out, whose password is changed"))(error)),
    }
}

async fn set_password(connection: &Connection, pool: &Pool, email: &Email, password: &str) -> Result<()> {
    let set = connection.cognito().admin_set_user_password().user_pool_id(&pool.id).username(email.as_str());
    let set = set.password(password).permanent(true);
    set.send().await.map_err(failed_to(format!("set the password of {email}")))?;
    Ok(())
}

/// Signs in; the answer is the token for `Authorization: Bearer …`.
///
/// # Errors
/// When the address or the password is wrong.
pub async fn token(connection: &Connection, env: &Environment, email: &Email, password: &str) -> Result<String> {
    let pool = pool(connection, env).await?;
    let sign_in = connection
        .cognito()
        .initiate_auth()
        .client_id(&pool.client_id)
        .auth_flow(AuthFlowType::UserPasswordAuth)
        .auth_parameters("USERNAME", email.as_str())
        .auth_parameters("PASSWORD", password);
    let answer = sign_in.send().await.map_err(failed_to(format!("sign in as {email}")))?;
    let token = answer.authentication_result().and_then(|result| result.id_token());
    Ok(token.map(str::to_owned).ok_or_else(|| {
        Failure::new(format!("{email} has to take another step before signing in"))
            .hint(format!("`cargo xtask users reset-password --email {email}` sets a lasting password"))
    })?)
}

/// Every user, whether they can sign in or only have settings, by name.
///
/// # Errors
/// When Cognito or the table cannot be read.
pub async fn list(connection: &Connection, env: &Environment) -> Result<Vec<ListedUser>> {
    let pool = pool(connection, env).await?;
    let stored = table(connection, env).users().await.map_err(table_failed_to("read the users' settings"))?;
    let listed = |(email, user): (Email, User)| (email.clone(), ListedUser { email, status: None, user });
    let mut users: BTreeMap<Email, ListedUser> = stored.into_iter().map(listed).collect();
    let found: Result<Vec<_>, _> =
        connection.cognito().list_users().user_pool_id(&pool.id).into_paginator().items().send().collect().await;
    for found in found.map_err(failed_to("list the users"))? {
        let email = found.attributes().iter().find(|attribute| attribute.name() == "email");
        let email = email.and_then(AttributeType::value).or_else(|| found.username()).unwrap_or_default();
        // Whoever Cognito knows under no name is nobody whom a call could belong to.
        let Ok(email) = Email::named(email) else { continue };
        let (_, nobody) = listed((email.clone(), User::default()));
        users.entry(email).or_insert(nobody).status = found.user_status().map(|status| status.as_str().to_owned());
    }
    Ok(users.into_values().collect())
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
    let of_type = |resource_type: &str| {
        let found = resources.iter().find(|resource| resource.resource_type() == Some(resource_type));
        found.and_then(|resource| resource.physical_resource_id()).map(str::to_owned)
    };
    match (of_type(resource_type::USER_POOL), of_type(resource_type::USER_POOL_CLIENT)) {
        (Some(id), Some(client_id)) => Ok(Pool { id, client_id }),
        _ => Err(Failure::new(format!("{stack} is not deployed, so there is no user pool"))
            .hint(format!("run `cargo xtask deploy --env {env}` first"))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use runtime_fixture::fake::{self, Answer};

    /// Whoever plays Cognito and the table: each operation is written down, those named are refused with a code.
    async fn play(refused: &'static [(&'static str, &'static str)]) -> (Connection, Arc<Mutex<Vec<String>>>) {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&asked);
        let answer = move |operation: &str, _: &str| {
            if operation == "DescribeStackResources" {
                let resource = |kind, id| {
                    format!(
                        "<member><ResourceType>AWS::Cognito::{kind}</ResourceType><PhysicalResourceId>{id}</PhysicalResourceId></member>"
                    )
                };
                let resources = resource("UserPool", "pool") + &resource("UserPoolClient", "client");
                return Answer::query(operation, &format!("<StackResources>{resources}</StackResources>"));
            }
            noted.lock().unwrap().push(operation.to_owned());
            match refused.iter().find(|(name, _)| *name == operation) {
                Some((_, code)) => Answer(400, format!(r#"{{"__type":"{code}","message":"no"}}"#)),
                None => Answer(200, "{}".to_owned()),
            }
        };
        (Connection::to_fake(&fake::start(answer)), asked)
    }

    fn new_user() -> NewUser {
        let settings = UserSettings { monthly_quota: Some(5.try_into().unwrap()), ..UserSettings::default() };
        NewUser { email: "A@example.com".parse().unwrap(), settings, admin: false, password: "weak".into() }
    }

    #[tokio::test]
    async fn a_user_whose_password_is_refused_is_removed_again_and_nothing_is_recorded() {
        let (connection, asked) = play(&[("AdminSetUserPassword", "InvalidPasswordException")]).await;
        let error = create(&connection, &Environment::default(), &new_user()).await.unwrap_err().to_string();
        assert_eq!(error, "cannot set the password of a@example.com: InvalidPasswordException: no");
        assert_eq!(*asked.lock().unwrap(), ["AdminCreateUser", "AdminSetUserPassword", "AdminDeleteUser"]);
    }

    #[tokio::test]
    async fn a_user_who_cannot_be_recorded_is_removed_again() {
        let (connection, asked) = play(&[("PutItem", "AccessDeniedException")]).await;
        create(&connection, &Environment::default(), &new_user()).await.unwrap_err();
        assert_eq!(asked.lock().unwrap().last().unwrap(), "AdminDeleteUser");
    }

    #[tokio::test]
    async fn a_user_who_exists_is_left_alone() {
        let (connection, asked) = play(&[("AdminCreateUser", "UsernameExistsException")]).await;
        let error = create(&connection, &Environment::default(), &new_user()).await.unwrap_err();
        let hints: Vec<_> = xtask::failure::failures(&error)[0].hints().to_vec();
        assert_eq!(error.to_string(), "there is a user a@example.com already, and nothing was changed");
        assert!(hints[0].contains("users set --email a@example.com"), "{hints:?}");
        assert_eq!(*asked.lock().unwrap(), ["AdminCreateUser"]);
    }

    #[tokio::test]
    async fn another_password_signs_the_user_out_and_a_change_of_settings_touches_no_password() {
        let (connection, asked) = play(&[]).await;
        let (env, new) = (Environment::default(), new_user());
        assert!(reset_password(&connection, &env, &new.email, "another").await.unwrap());
        assert_eq!(*asked.lock().unwrap(), ["AdminGetUser", "AdminSetUserPassword", "AdminUserGlobalSignOut"]);
        asked.lock().unwrap().clear();
        set(&connection, &env, &new.email, &new.settings, Some(false)).await.unwrap();
        assert_eq!(*asked.lock().unwrap(), ["GetItem", "AdminGetUser", "AdminRemoveUserFromGroup", "UpdateItem"]);
    }

    #[tokio::test]
    async fn what_cannot_sign_anybody_out_says_so() {
        let (connection, _) = play(&[("AdminUserGlobalSignOut", "InvalidAction")]).await;
        assert!(!reset_password(&connection, &Environment::default(), &new_user().email, "another").await.unwrap());
    }
}
