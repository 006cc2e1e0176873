//! `keys`: API keys, made, listed and revoked.
//!
//! Invariant: a key is shown once, when it is made; what is stored is its hash and eight characters. A key that could
//! not be shown does not live.

use anyhow::Result;
use contract::Environment;
use serde_json::{Value, json};
use store::users::UserSettings;
use xtask::cli::{CreateKey, KeysCommand, ListKeys, RevokeKey};
use xtask::{Failure, Printer};

use cloud::Connection;
use cloud::aws::error::table_failed_to;
use cloud::system::keys::{self, MadeKey, NewKey};
use cloud::system::users;

/// Carries `keys` out.
///
/// # Errors
/// When the table cannot be used, or there is no such user or key.
pub async fn run(command: &KeysCommand, printer: &Printer) -> Result<()> {
    match command {
        KeysCommand::Create(args) => create(args, printer).await,
        KeysCommand::List(args) => list(args, printer).await,
        KeysCommand::Revoke(args) => revoke(args, printer).await,
    }
}

async fn create(args: &CreateKey, printer: &Printer) -> Result<()> {
    let (connection, env) = (Connection::open(&args.cloud).await?, &args.cloud.env.env);
    let new = NewKey {
        email: args.email.clone(),
        name: args.name.clone(),
        company: args.company.clone(),
        expires_days: args.expires_days,
    };
    check_owner(&connection, env, &new, args.new_user).await?;
    let made = keys::create(&connection, env, &new).await?;
    show(&made, &new, args.json, printer);
    if !printer.has_arrived() {
        keys::withdraw(&connection, env, &made).await?;
        printer.say(format!("the key cannot have been read, so {} was revoked", made.stored.id));
    }
    Ok(())
}

async fn list(args: &ListKeys, printer: &Printer) -> Result<()> {
    let (connection, email) = (Connection::open(&args.cloud).await?, &args.email);
    let keys = keys::list(&connection, &args.cloud.env.env, email).await?;
    if args.json {
        let keys: Vec<Value> = keys.iter().map(keys::to_json).collect();
        printer.json(&json!({"userEmail": email, "keys": keys}));
    } else {
        keys.iter().for_each(|key| printer.data(keys::line(key)));
        printer.say(format!("{} keys of {email}", keys.len()));
    }
    Ok(())
}

async fn revoke(args: &RevokeKey, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let revoked = keys::revoke(&connection, &args.cloud.env.env, &args.email, &args.key).await?;
    if args.json {
        printer.json(&keys::to_json(&revoked));
    } else {
        printer.data(keys::line(&revoked));
    }
    Ok(())
}

/// Sees to it that the key belongs to a user, because a misspelled address would have a quota of its own.
async fn check_owner(connection: &Connection, env: &Environment, new: &NewKey, is_new: bool) -> Result<()> {
    let email = &new.email;
    if users::exists(connection, env, email).await? {
        return Ok(());
    }
    if !is_new {
        return Err(Failure::new(format!("there is no user {email}, and no key was made"))
            .hint(format!("`cargo xtask users create --email {email}` makes a user who can sign in"))
            .hint("--new-user makes the key all the same, for a user who cannot sign in")
            .into());
    }
    let made = keys::table(connection, env).create_user(email, &UserSettings::default()).await;
    made.map_err(table_failed_to(format!("record the user {email}")))?;
    Ok(())
}

fn show(made: &MadeKey, new: &NewKey, as_json: bool, printer: &Printer) {
    let (id, expires_at) = (&made.stored.id, &made.stored.expires_at);
    if as_json {
        printer.json(&json!({"apiKey": made.key, "apiKeyId": id, "apiKeyName": new.name, "userEmail": new.email, "expiresAt": expires_at}));
    } else {
        printer.data(&made.key);
        printer.say(format!("{id} expires {expires_at}; the key is not stored and will not be shown again"));
    }
}
