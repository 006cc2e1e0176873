//! `keys`: API keys, made, listed and revoked.
//!
//! Invariant: a key is shown once, when it is made; what is stored is its hash and eight characters.

use anyhow::Result;
use serde_json::json;
use xtask::Printer;
use xtask::cli::KeysCommand;

use crate::Connection;
use crate::system::keys::{self, NewKey, StoredKey};

/// The command.
///
/// # Errors
/// When the table cannot be used, or there is no such key.
pub async fn run(command: &KeysCommand, printer: &Printer) -> Result<()> {
    match command {
        KeysCommand::Create { cloud, email, name, company, expires_days, json } => {
            let connection = Connection::open(cloud).await?;
            let new = NewKey {
                email: email.clone(),
                name: name.clone(),
                company: company.clone(),
                expires_days: *expires_days,
            };
            let made = keys::create(&connection, &cloud.env.env, &new).await?;
            if *json {
                printer.json(&json!({"apiKey": made.key, "apiKeyId": made.id, "apiKeyName": name, "userEmail": email, "expiresAt": made.expires_at}));
            } else {
                printer.data(&made.key);
                printer.say(format!(
                    "{} expires {}; the key is not stored and will not be shown again",
                    made.id, made.expires_at
                ));
            }
        }
        KeysCommand::List { cloud, email, json } => {
            let connection = Connection::open(cloud).await?;
            let keys = keys::list(&connection, &cloud.env.env, email).await?;
            if *json {
                printer.json(
                    &json!({"userEmail": email, "keys": keys.iter().map(StoredKey::to_json).collect::<Vec<_>>()}),
                );
            } else {
                keys.iter().for_each(|key| printer.data(key.line()));
                printer.say(format!("{} keys of {email}", keys.len()));
            }
        }
        KeysCommand::Revoke { cloud, email, key, json } => {
            let connection = Connection::open(cloud).await?;
            let revoked = keys::revoke(&connection, &cloud.env.env, email, key).await?;
            if *json {
                printer.json(&revoked.to_json());
            } else {
                printer.data(revoked.line());
            }
        }
    }
    Ok(())
}
