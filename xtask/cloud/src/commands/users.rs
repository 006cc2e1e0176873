//! `users`: who may sign in, how much each may call, and bearer tokens.
//!
//! Invariant: a password is neither printed nor stored here; Cognito alone keeps it.

use std::process::{Command, Stdio};

use anyhow::Result;
use contract::Environment;
use metering::quota::MonthlyQuota;
use serde_json::json;
use xtask::cli::UsersCommand;
use xtask::{Failure, Printer};

use crate::Connection;
use crate::local_state::folder::Folder;
use crate::local_state::secrets::{self, Secrets};
use crate::system::users::{self, NewUser};

/// The command.
///
/// # Errors
/// When Cognito or the table refuses.
pub async fn run(command: &UsersCommand, printer: &Printer) -> Result<()> {
    match command {
        UsersCommand::Create { cloud, email, company, quota, admin, password, json } => {
            let connection = Connection::open(cloud).await?;
            let new = NewUser {
                email: email.clone(),
                company: company.clone(),
                quota: quota.map(MonthlyQuota::calls),
                admin: *admin,
                password: password_or_ask(password.as_ref(), email, printer)?,
            };
            users::create(&connection, &cloud.env.env, &new).await?;
            let group = if *admin { ", a member of admin" } else { "" };
            if *json {
                printer.json(
                    &json!({"userEmail": email, "companyName": company, "monthlyQuota": new.quota, "admin": admin}),
                );
            } else {
                printer.data(format!("{email} can sign in{group}"));
            }
        }
        UsersCommand::Token { cloud, email, password, json } => {
            let connection = Connection::open(cloud).await?;
            let email = email.as_deref().unwrap_or(secrets::USER);
            let seeded = match password {
                None if connection.is_local() => local_password(&cloud.env.env, email)?,
                _ => None,
            };
            let password = password_or_ask(password.as_ref().or(seeded.as_ref()), email, printer)?;
            let token = users::token(&connection, &cloud.env.env, email, &password).await?;
            if *json {
                printer.json(&json!({"userEmail": email, "token": token}));
            } else {
                printer.data(token);
            }
        }
        UsersCommand::List { cloud, json } => {
            let connection = Connection::open(cloud).await?;
            let users = users::list(&connection, &cloud.env.env).await?;
            if *json {
                printer.json(&json!({ "users": users }));
            } else {
                for user in &users {
                    let text = |field: &str| user[field].as_str().unwrap_or("-").to_owned();
                    let company = text("companyName");
                    printer.data(format!(
                        "{} {} {company}: {} calls a month",
                        text("userEmail"),
                        text("status"),
                        user["monthlyQuota"]
                    ));
                }
                printer.say(format!("{} users", users.len()));
            }
        }
    }
    Ok(())
}

/// The password of a user that the local system was seeded with.
fn local_password(env: &Environment, email: &str) -> Result<Option<String>> {
    Ok(Secrets::of(&Folder::open()?, env)?.password(email).map(str::to_owned))
}

/// The password given, else the one typed on a terminal that does not show it.
fn password_or_ask(given: Option<&String>, email: &str, printer: &Printer) -> Result<String> {
    if let Some(password) = given {
        return Ok(password.clone());
    }
    if !printer.can_ask() {
        return Err(Failure::usage("there is no terminal to ask for the password on")
            .hint("set COMPLICAL_PASSWORD, which no list of processes shows")
            .into());
    }
    let echo = |mode| Command::new("stty").arg(mode).stdin(Stdio::inherit()).status();
    let hidden = echo("-echo").is_ok_and(|status| status.success());
    let answer = printer.ask(&format!("Password of {email}:"));
    if hidden {
        let _ = echo("echo");
        printer.say("");
    }
    Ok(answer?.filter(|password| !password.is_empty()).ok_or_else(|| Failure::usage("no password was typed"))?)
}
