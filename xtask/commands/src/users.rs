//! `users`: who may sign in, how much each may call, and bearer tokens.
//!
//! Invariant: a password is neither printed nor stored here, and only what is called so changes one.

use anyhow::Result;
use contract::Environment;
use contract::plan::PlanName;
use metering::email::Email;
use metering::quota::MonthlyQuota;
use serde_json::{Value, json};
use store::users::{PlanChange, User, UserSettings};
use xtask::cli::{CreateUser, ListUsers, ResetPassword, SetUser, Token, UsersCommand};
use xtask::{Failure, Printer, workspace};

use cloud::Connection;
use cloud::console::password;
use cloud::local_state::secrets;
use cloud::system::users::{self, ListedUser, NewUser};

/// Carries `users` out.
///
/// # Errors
/// When Cognito or the table refuses, or the settings name no such plan.
pub async fn run(command: &UsersCommand, printer: &Printer) -> Result<()> {
    match command {
        UsersCommand::Create(args) => {
            expect_plan(&args.cloud.env.env, args.plan.as_ref())?;
            create(&Connection::open(&args.cloud).await?, args, printer).await
        }
        UsersCommand::Set(args) => {
            expect_plan(&args.cloud.env.env, args.plan.as_ref())?;
            set(&Connection::open(&args.cloud).await?, args, printer).await
        }
        UsersCommand::ResetPassword(args) => reset_password(args, printer).await,
        UsersCommand::Token(args) => token(args, printer).await,
        UsersCommand::List(args) => list(args, printer).await,
    }
}

async fn create(connection: &Connection, args: &CreateUser, printer: &Printer) -> Result<()> {
    let CreateUser { email, company, quota, plan, admin, .. } = args;
    let taken = plan.clone().map(PlanChange::To);
    let new = NewUser {
        email: email.clone(),
        settings: UserSettings { company_name: company.clone(), monthly_quota: *quota, plan: taken },
        admin: *admin,
        password: password::given_or_typed(args.password.as_ref(), email, printer)?,
    };
    users::create(connection, &args.cloud.env.env, &new).await?;
    if args.json {
        let quota = quota.map(MonthlyQuota::calls);
        printer.json(&json!({
            "userEmail": email, "companyName": company, "monthlyQuota": quota, "plan": plan, "admin": admin,
        }));
    } else {
        let group = if *admin { ", a member of admin" } else { "" };
        printer.data(format!("{email} can sign in{group}"));
    }
    Ok(())
}

async fn set(connection: &Connection, args: &SetUser, printer: &Printer) -> Result<()> {
    let SetUser { company, quota, plan, no_plan, .. } = args;
    let plan = plan.clone().map(PlanChange::To).or(no_plan.then_some(PlanChange::Off));
    let settings = UserSettings { company_name: company.clone(), monthly_quota: *quota, plan };
    let group = (args.admin || args.no_admin).then_some(args.admin);
    let user = users::set(connection, &args.cloud.env.env, &args.email, &settings, group).await?;
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
    if as_json {
        let mut document = settings_json(email, user);
        document["admin"] = json!(admin);
        printer.json(&document);
        return;
    }
    let group = match admin {
        Some(true) => ", a member of admin",
        Some(false) => ", not a member of admin",
        None => "",
    };
    printer.data(format!("{email} {}{group}", settings_line(user)));
}

/// Refuses a plan that the settings of an environment do not name.
fn expect_plan(env: &Environment, plan: Option<&PlanName>) -> Result<()> {
    let Some(plan) = plan else { return Ok(()) };
    let plans = workspace::settings(env)?.plans;
    if plans.contains(plan) {
        return Ok(());
    }
    let known: Vec<&str> = plans.names().map(PlanName::as_str).collect();
    let known = if known.is_empty() { "there are none".into() } else { format!("there are: {}", known.join(", ")) };
    Err(Failure::new(format!("the settings of {env} name no plan `{plan}`"))
        .hint(format!("{known}; `[plans.{plan}]` in stacks/environments/{env}.toml makes it one"))
        .into())
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
    format!("{email} {status} {}", settings_line(user))
}

fn to_json(listed: &ListedUser) -> Value {
    let ListedUser { email, status, user } = listed;
    let mut document = settings_json(email, user);
    document["status"] = json!(status);
    document
}

fn settings_line(user: &User) -> String {
    let User { company_name, monthly_quota, plan, .. } = user;
    let plan = plan.as_ref().map_or_else(String::new, |plan| format!(", plan {plan}"));
    format!("{}: {monthly_quota} calls a month{plan}", company_name.as_deref().unwrap_or("-"))
}

fn settings_json(email: &Email, user: &User) -> Value {
    let User { company_name, monthly_quota, plan, .. } = user;
    json!({"userEmail": email, "companyName": company_name, "monthlyQuota": monthly_quota.calls(), "plan": plan})
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use runtime_fixture::fake::{self, Answer};
    use xtask::cli::{Cloud, Env};

    /// Whoever plays Cognito and the table, and the writes to the table.
    fn played() -> (Connection, Arc<Mutex<Vec<Value>>>) {
        let writes: Arc<Mutex<Vec<Value>>> = Arc::default();
        let noted = Arc::clone(&writes);
        let connection = Connection::to_fake(&fake::start(move |operation, body| {
            if operation == "DescribeStackResources" {
                let resource = |kind| {
                    let resource_type = format!("<ResourceType>AWS::Cognito::{kind}</ResourceType>");
                    format!("<member>{resource_type}<PhysicalResourceId>x</PhysicalResourceId></member>")
                };
                let resources = resource("UserPool") + &resource("UserPoolClient");
                return Answer::query(operation, &format!("<StackResources>{resources}</StackResources>"));
            }
            if ["PutItem", "UpdateItem"].contains(&operation) {
                noted.lock().unwrap().push(serde_json::from_str(body).unwrap());
            }
            Answer(200, "{}".to_owned())
        }));
        (connection, writes)
    }

    fn cloud() -> Cloud {
        let env = Env { env: Environment::default() };
        Cloud { env, region: None, profile: None, endpoint_url: None, local: false }
    }

    fn email() -> Email {
        "a@b.au".parse().unwrap()
    }

    fn plan(name: &str) -> Option<PlanName> {
        name.parse().ok()
    }

    #[tokio::test]
    async fn a_user_is_made_with_a_plan_or_without() {
        for (name, stored) in [("free", json!({"S": "free"})), ("", Value::Null)] {
            let (connection, writes) = played();
            let (cloud, email, plan, password) = (cloud(), email(), plan(name), Some("Secret-for-tests-1".to_owned()));
            let args =
                CreateUser { cloud, email, company: None, quota: None, plan, admin: false, password, json: true };
            create(&connection, &args, &Printer).await.unwrap();
            assert_eq!(writes.lock().unwrap()[0]["Item"]["plan"], stored);
        }
    }

    #[tokio::test]
    async fn a_plan_is_given_taken_away_or_left_as_it_is() {
        let given = (plan("free"), false, "SET #monthlyQuota = :monthlyQuota, #plan = :plan");
        let taken = (None, true, "SET #monthlyQuota = :monthlyQuota REMOVE #removed");
        for (plan, no_plan, expression) in [given, taken, (None, false, "SET #monthlyQuota = :monthlyQuota")] {
            let (connection, writes) = played();
            let (cloud, email, quota) = (cloud(), email(), Some(5.try_into().unwrap()));
            let (admin, no_admin, json) = (false, false, true);
            let args = SetUser { cloud, email, company: None, quota, plan, no_plan, admin, no_admin, json };
            set(&connection, &args, &Printer).await.unwrap();
            let write = &writes.lock().unwrap()[0];
            assert_eq!(write["UpdateExpression"], expression);
            let (value, removed) =
                (&write["ExpressionAttributeValues"][":plan"]["S"], &write["ExpressionAttributeNames"]["#removed"]);
            assert_eq!((value == "free", removed == "plan"), (args.plan.is_some(), no_plan));
        }
    }

    #[test]
    fn a_plan_that_the_settings_do_not_name_is_refused_with_those_they_do() {
        let expect = |env: &str, plan: &str| expect_plan(&env.parse().unwrap(), Some(&plan.parse().unwrap()));
        expect("prod", "free").unwrap();
        for (env, known) in [("prod", "there are: enterprise, free"), ("test", "there are none")] {
            let error = expect(env, "gold").unwrap_err();
            let hint = xtask::failure::failures(&error)[0].hints()[0].clone();
            assert_eq!(error.to_string(), format!("the settings of {env} name no plan `gold`"));
            assert!(hint.starts_with(known) && hint.contains("`[plans.gold]`"), "{hint}");
        }
    }

    #[test]
    fn a_list_says_who_has_which_plan() {
        let listed = |plan: &str| {
            let user = User { plan: plan.parse().ok(), ..User::default() };
            ListedUser { email: "a@b.au".parse().unwrap(), status: None, user }
        };
        assert_eq!(line(&listed("free")), "a@b.au CANNOT_SIGN_IN -: 10000 calls a month, plan free");
        assert_eq!(line(&listed("")), "a@b.au CANNOT_SIGN_IN -: 10000 calls a month");
        assert_eq!((&to_json(&listed("free"))["plan"], &to_json(&listed(""))["plan"]), (&json!("free"), &Value::Null));
    }
}
