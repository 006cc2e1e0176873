//! `users`: who may sign in, how much each may call, and bearer tokens.
//!
//! Invariant: a password is neither printed nor stored here, and only what is called so changes one.

use std::process::{Command, Stdio};

use anyhow::Result;
use contract::Environment;
use metering::email::Email;
use metering::quota::MonthlyQuota;
use serde_json::{Value, json};
use store::users::{User, UserSettings};
use xtask::cli::UsersCommand;
use xtask::{Failure, Printer};

use crate::Connection;
use crate::local_state::folder::Folder;
use crate::local_state::secrets::{self, Secrets};
use crate::system::users::{self, ListedUser, NewUser};

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
                settings: UserSettings { company_name: company.clone(), monthly_quota: *quota },
                admin: *admin,
                password: password_or_ask(password.as_ref(), email, printer)?,
            };
            users::create(&connection, &cloud.env.env, &new).await?;
            let group = if *admin { ", a member of admin" } else { "" };
            if *json {
                let quota = quota.map(MonthlyQuota::calls);
                printer
                    .json(&json!({"userEmail": email, "companyName": company, "monthlyQuota": quota, "admin": admin}));
            } else {
                printer.data(format!("{email} can sign in{group}"));
            }
        }
        UsersCommand::Set { cloud, email, company, quota, admin, no_admin, json } => {
            let connection = Connection::open(cloud).await?;
            let settings = UserSettings { company_name: company.clone(), monthly_quota: *quota };
            let group = (*admin || *no_admin).then_some(*admin);
            let user = users::set(&connection, &cloud.env.env, email, &settings, group).await?;
            show_set(email, &user, group, *json, printer);
        }
        UsersCommand::ResetPassword { cloud, email, password, json } => {
            let connection = Connection::open(cloud).await?;
            let password = password_or_ask(password.as_ref(), email, printer)?;
            let signed_out = users::reset_password(&connection, &cloud.env.env, email, &password).await?;
            if *json {
                printer.json(&json!({"userEmail": email, "signedOut": signed_out}));
            } else {
                printer.data(format!("{email} has another password{}", said_of_sessions(signed_out)));
            }
        }
        UsersCommand::Token { cloud, email, password, json } => {
            let connection = Connection::open(cloud).await?;
            let email = match email {
                Some(email) => email.clone(),
                None => secrets::USER.parse()?,
            };
            let seeded = match password {
                None if connection.is_local() => local_password(&cloud.env.env, email.as_str())?,
                _ => None,
            };
            let password = password_or_ask(password.as_ref().or(seeded.as_ref()), &email, printer)?;
            let token = users::token(&connection, &cloud.env.env, &email, &password).await?;
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
                printer.json(&json!({ "users": users.iter().map(to_json).collect::<Vec<_>>() }));
            } else {
                users.iter().for_each(|user| printer.data(line(user)));
                printer.say(format!("{} users", users.len()));
            }
        }
    }
    Ok(())
}

fn show_set(email: &Email, user: &User, admin: Option<bool>, as_json: bool, printer: &Printer) {
    let (company, quota) = (&user.company_name, user.monthly_quota.calls());
    if as_json {
        printer.json(&json!({"userEmail": email, "companyName": company, "monthlyQuota": quota, "admin": admin}));
        return;
    }
    let group = match admin {
        Some(true) => ", a member of admin",
        Some(false) => ", no member of admin",
        None => "",
    };
    printer.data(format!("{email} {}: {quota} calls a month{group}", company.as_deref().unwrap_or("-")));
}

/// What becomes of those who are signed in. A bearer token is looked up nowhere, so none is taken back.
fn said_of_sessions(signed_out: bool) -> &'static str {
    if signed_out {
        " and is signed out everywhere; a bearer token that was made before is good until it expires, within the hour"
    } else {
        "; whoever is signed in stays so, because this endpoint cannot sign anybody out"
    }
}

fn line(listed: &ListedUser) -> String {
    let ListedUser { email, status, user } = listed;
    let status = status.as_deref().unwrap_or("CANNOT_SIGN_IN");
    format!("{email} {status} {}: {} calls a month", user.company_name.as_deref().unwrap_or("-"), user.monthly_quota)
}

fn to_json(listed: &ListedUser) -> Value {
    let ListedUser { email, status, user } = listed;
    json!({"userEmail": email, "status": status, "companyName": user.company_name, "monthlyQuota": user.monthly_quota.calls()})
}

/// The password of a user that the local system was seeded with.
fn local_password(env: &Environment, email: &str) -> Result<Option<String>> {
    Ok(Secrets::read(&Folder::open()?, env)?.password(email).map(str::to_owned))
}

/// The password given, else the one typed on a terminal that does not show it.
fn password_or_ask(given: Option<&String>, email: &Email, printer: &Printer) -> Result<String> {
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
