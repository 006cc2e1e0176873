//! `users`: who may sign in, how much each may call, and bearer tokens.
//!
//! Invariant: a password is neither printed nor stored here, and only what is called so changes one.

use anyhow::Result;
use metering::email::Email;
use metering::quota::MonthlyQuota;
use serde_json::{Value, json};
use store::users::{User, UserSettings};
use xtask::Printer;
use xtask::cli::{CreateUser, ListUsers, ResetPassword, SetUser, Token, UsersCommand};

use cloud::Connection;
use cloud::console::password;
use cloud::local_state::secrets;
use cloud::system::users::{self, ListedUser, NewUser};

/// Carries `users` out.
///
/// # Errors
/// When Cognito or the table refuses.
pub async fn run(command: &UsersCommand, printer: &Printer) -> Result<()> {
    match command {
        UsersCommand::Create(args) => create(args, printer).await,
        UsersCommand::Set(args) => set(args, printer).await,
        UsersCommand::ResetPassword(args) => reset_password(args, printer).await,
        UsersCommand::Token(args) => token(args, printer).await,
        UsersCommand::List(args) => list(args, printer).await,
    }
}

async fn create(args: &CreateUser, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let CreateUser { email, company, quota, admin, .. } = args;
    let new = NewUser {
        email: email.clone(),
        settings: UserSettings { company_name: company.clone(), monthly_quota: *quota },
        admin: *admin,
        password: password::given_or_typed(args.password.as_ref(), email, printer)?,
    };
    users::create(&connection, &args.cloud.env.env, &new).await?;
    if args.json {
        let quota = quota.map(MonthlyQuota::calls);
        printer.json(&json!({"userEmail": email, "companyName": company, "monthlyQuota": quota, "admin": admin}));
    } else {
        let group = if *admin { ", a member of admin" } else { "" };
        printer.data(format!("{email} can sign in{group}"));
    }
    Ok(())
}

async fn set(args: &SetUser, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let settings = UserSettings { company_name: args.company.clone(), monthly_quota: args.quota };
    let group = (args.admin || args.no_admin).then_some(args.admin);
    let user = users::set(&connection, &args.cloud.env.env, &args.email, &settings, group).await?;
    show_set(&args.email, &user, group, args.json, printer);
    Ok(())
}

async fn reset_password(args: &ResetPassword, printer: &Printer) -> Result<()> {
    let (connection, email) = (Connection::open(&args.cloud).await?, &args.email);
    let password = password::given_or_typed(args.password.as_ref(), email, printer)?;
    let signed_out = users::reset_password(&connection, &args.cloud.env.env, email, &password).await?;
    if args.json {
        printer.json(&json!({"userEmail": email, "signedOut": signed_out}));
    } else {
        printer.data(format!("{email} has another password{}", said_of_sessions(signed_out)));
    }
    Ok(())
}

async fn token(args: &Token, printer: &Printer) -> Result<()> {
    let (connection, env) = (Connection::open(&args.cloud).await?, &args.cloud.env.env);
    let email = args.email.clone().map_or_else(|| secrets::USER.parse(), Ok)?;
    let seeded = if connection.is_local() { secrets::password_of(env, email.as_str())? } else { None };
    let password = password::given_or_typed(args.password.as_ref().or(seeded.as_ref()), &email, printer)?;
    let token = users::token(&connection, env, &email, &password).await?;
    if args.json {
        printer.json(&json!({"userEmail": email, "token": token}));
    } else {
        printer.data(token);
    }
    Ok(())
}

async fn list(args: &ListUsers, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let users = users::list(&connection, &args.cloud.env.env).await?;
    if args.json {
        printer.json(&json!({ "users": users.iter().map(to_json).collect::<Vec<_>>() }));
    } else {
        users.iter().for_each(|user| printer.data(line(user)));
        printer.say(format!("{} users", users.len()));
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
        Some(false) => ", not a member of admin",
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
