//! What makes the local system usable at once: two users who can sign in, and a key that works.
//!
//! Invariant: what is there already is used as it is, so figures and keys of an earlier run go on.

use anyhow::Result;
use contract::Environment;
use futures::future::try_join;
use metering::email::Email;
use store::users::UserSettings;
use xtask::Failure;

use cloud::Connection;
use cloud::aws::error::table_failed_to;
use cloud::local_state::folder::Folder;
use cloud::local_state::secrets::{ADMIN, Secrets, USER};
use cloud::system::keys::{self, NewKey};
use cloud::system::users::{self, NewUser};

/// The company that the seeded users are counted for.
const COMPANY: &str = "Example Pty Ltd";
/// The seeded key is for trying things out on one machine: it need not expire while somebody does.
const KEY_DAYS: u32 = 3650;

/// A key and tokens that work now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// The key of [`USER`].
    pub api_key: String,
    /// A token of [`USER`].
    pub user_token: String,
    /// A token of [`ADMIN`].
    pub admin_token: String,
}

/// Makes what is missing.
///
/// # Errors
/// When a user or the key cannot be made.
pub async fn seed(connection: &Connection, env: &Environment, folder: &Folder) -> Result<Seeded> {
    let mut secrets = Secrets::read(folder, env)?;
    // The passwords are kept before Cognito knows them: the other way round an interruption would lock us out.
    secrets.keep(folder, env)?;
    let tokens = try_join(sign_in(connection, env, &secrets, USER), sign_in(connection, env, &secrets, ADMIN));
    let (user_token, admin_token) = tokens.await?;
    let api_key = match &secrets.api_key {
        Some(key) if is_stored(connection, env, key).await? => key.clone(),
        _ => {
            let new = NewKey { email: USER.parse()?, name: "local".into(), company: None, expires_days: KEY_DAYS };
            keys::create(connection, env, &new).await?.key
        }
    };
    if secrets.api_key.as_ref() != Some(&api_key) {
        secrets.api_key = Some(api_key.clone());
        secrets.keep(folder, env)?;
    }
    Ok(Seeded { api_key, user_token, admin_token })
}

/// A token; the user is made when there is none who can sign in.
async fn sign_in(connection: &Connection, env: &Environment, secrets: &Secrets, email: &str) -> Result<String> {
    let Some(password) = secrets.password(email) else {
        return Err(Failure::new(format!("{email} is not a user of the local system")).into());
    };
    let email: Email = email.parse()?;
    if let Ok(token) = users::token(connection, env, &email, password).await {
        return Ok(token);
    }
    let settings = UserSettings { company_name: Some(COMPANY.into()), ..UserSettings::default() };
    let new = NewUser { admin: email.as_str() == ADMIN, email, settings, password: password.into() };
    users::create(connection, env, &new).await?;
    users::token(connection, env, &new.email, password).await
}

async fn is_stored(connection: &Connection, env: &Environment, key: &str) -> Result<bool> {
    let found = keys::table(connection, env).find(&metering::key::hash(key)).await;
    let found = found.map_err(table_failed_to("look for the local key"))?;
    Ok(found.is_some_and(|key| key.revoked_at.is_none()))
}
