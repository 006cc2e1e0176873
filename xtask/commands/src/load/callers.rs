//! The users of a load: made for it, each with a key and a quota that no load uses up, and removed after it.
//!
//! Invariant: whoever is made is removed, also where making the next one fails. A key that nobody removes, because this
//! process was killed, expires within a day.

use anyhow::Result;
use contract::Environment;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use metering::email::Email;
use metering::quota::MonthlyQuota;
use store::table::CONCURRENCY;
use store::users::UserSettings;

use cloud::Connection;
use cloud::aws::error::table_failed_to;
use cloud::console::interrupt::Interrupts;
use cloud::system::keys::{self, MadeKey, NewKey};

/// What their calls are counted for, beside their names.
const COMPANY: &str = "Load test";

/// One of them.
#[derive(Clone)]
pub struct Caller {
    /// The user's name.
    pub email: Email,
    /// The user's key.
    pub key: MadeKey,
}

/// Makes them, fewer where Ctrl-C comes meanwhile: `load-RUN-1@example.invalid` and so on, at a domain that is nobody's
/// (RFC 2606, section 2).
///
/// # Errors
/// When one cannot be made; then those that were made are removed.
pub async fn make(
    connection: &Connection,
    env: &Environment,
    run: &str,
    users: u32,
    interrupts: &Interrupts,
) -> Result<Vec<Caller>> {
    let emails = (1..=users).map(|n| format!("load-{run}-{n}@example.invalid"));
    let made = emails.take_while(|_| !interrupts.has_come()).map(|email| make_one(connection, env, email));
    let made: Vec<Result<Caller>> = futures::stream::iter(made).buffered(CONCURRENCY).collect().await;
    let (made, failed): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    let made: Vec<Caller> = made.into_iter().flatten().collect();
    match failed.into_iter().find_map(Result::err) {
        None => Ok(made),
        Some(failed) => match remove(connection, env, &made).await {
            Ok(()) => Err(failed),
            Err(error) => Err(failed.context(error)),
        },
    }
}

async fn make_one(connection: &Connection, env: &Environment, email: String) -> Result<Caller> {
    let email: Email = email.parse()?;
    let quota = MonthlyQuota::try_from(MonthlyQuota::MAX)?;
    let settings = UserSettings { company_name: Some(COMPANY.to_owned()), monthly_quota: Some(quota), plan: None };
    let made = keys::table(connection, env).create_user(&email, &settings).await;
    made.map_err(table_failed_to(format!("record the user {email}")))?;
    let new = NewKey { email: email.clone(), name: "load".to_owned(), company: None, expires_days: 1 };
    Ok(Caller { key: keys::create(connection, env, &new).await?, email })
}

/// Revokes their keys, and takes them off the list of users.
///
/// # Errors
/// When the table cannot be written: then some are left, until their keys expire.
pub async fn remove(connection: &Connection, env: &Environment, callers: &[Caller]) -> Result<()> {
    let table = &keys::table(connection, env);
    let removals = callers.iter().map(|Caller { email, key }| async move {
        table.revoke(&key.stored, Timestamp::now()).await?;
        table.remove_user(email).await
    });
    let removals: Vec<_> = removals.collect();
    let removed: Result<Vec<()>, _> = futures::stream::iter(removals).buffer_unordered(CONCURRENCY).try_collect().await;
    removed.map_err(table_failed_to("remove the users of the load"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use dynamodb_fixture::Fixture;

    use super::*;

    #[tokio::test]
    async fn whoever_is_made_can_call_and_is_gone_afterwards() {
        let fixture = Fixture::start().await;
        let (connection, env) = (Connection::to_local(&fixture.endpoint_url), Environment::default());
        let made = make(&connection, &env, "a1", 3, &Interrupts::listen()).await.unwrap();
        let table = keys::table(&connection, &env);
        assert_eq!(table.users().await.unwrap().len(), 3);
        for Caller { email, key } in &made {
            assert_eq!(table.find(&metering::key::hash(&key.key)).await.unwrap().unwrap().user_email, *email);
        }
        remove(&connection, &env, &made).await.unwrap();
        assert!(table.users().await.unwrap().is_empty());
        for Caller { email, .. } in &made {
            let keys = table.keys_of(email).await.unwrap();
            assert!(keys.len() == 1 && keys[0].revoked_at.is_some(), "{keys:?}");
        }
    }
}
