//! `users`: its commands and their flags.
//!
//! Invariant: a password need not be on the command line: a variable or a question takes its place.

use clap::{Args, Subcommand};
use contract::limit::MAX_COMPANY_BYTES;
use contract::plan::PlanName;
use metering::email::Email;
use metering::quota::MonthlyQuota;

use super::Cloud;
use super::text::{bounded, line};

/// `users`.
#[derive(Args, Debug)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 wrong usage.\n\
                        Example: COMPLICAL_PASSWORD=… cargo xtask users token --email user@example.com")]
pub struct Users {
    /// What to do with them.
    #[command(subcommand)]
    pub command: UsersCommand,
}

/// The commands of `users`.
#[derive(Subcommand, Debug)]
pub enum UsersCommand {
    /// Make a user who can sign in; one who exists is left alone
    #[command(after_help = "Output: that the user can sign in; with --json one JSON document with the user.\n\
                            Exit status: 0 made, 1 failed or there is such a user, 2 wrong usage.\n\
                            Example: cargo xtask users create --email user@example.com --company Example --quota \
                            50000")]
    Create(CreateUser),
    /// Change a user's quota, plan, company or group; passwords stay as they are
    #[command(
        group = clap::ArgGroup::new("change").required(true).multiple(true),
        after_help = "Output: what is set for the user now; with --json one JSON document with it.\n\
                      Exit status: 0 changed or already so, 1 failed or no such user, 2 wrong usage.\n\
                      Example: cargo xtask users set --email user@example.com --quota 50000 --no-admin"
    )]
    Set(SetUser),
    /// Set another password and sign the user out everywhere
    #[command(after_help = "Output: what was done. Sessions end at once; a bearer token that was made before is good \
                            until it expires, within the hour. With --json one JSON document.\n\
                            Exit status: 0 done, 1 failed or no such user, 2 wrong usage.\n\
                            Example: COMPLICAL_PASSWORD=… cargo xtask users reset-password --email user@example.com")]
    ResetPassword(ResetPassword),
    /// Sign in and print the bearer token for /v1/analytics/*, which is good for an hour
    #[command(after_help = "Output: the token; with --json one JSON document with it and whose it is.\n\
                            Exit status: 0 signed in, 1 failed, 2 wrong usage.\n\
                            Example: COMPLICAL_PASSWORD=… cargo xtask users token --email user@example.com")]
    Token(Token),
    /// List the users
    #[command(
        after_help = "Output: one line for each user, with the status, the company, the quota and the plan; with \
                            --json one JSON document with them.\n\
                            Exit status: 0 listed, 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask users list --json"
    )]
    List(ListUsers),
}

/// `users create`.
#[derive(Args, Debug)]
pub struct CreateUser {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The user's address, which is the user's name
    #[arg(long, value_name = "EMAIL")]
    pub email: Email,
    /// The company that calls are counted for
    #[arg(long, value_name = "NAME", value_parser = bounded(MAX_COMPANY_BYTES))]
    pub company: Option<String>,
    /// Calls in a calendar month (UTC) [default: 10000]
    #[arg(long, value_name = "CALLS", allow_negative_numbers = true)]
    pub quota: Option<MonthlyQuota>,
    /// One of the plans that the environment's settings name
    #[arg(long, value_name = "NAME")]
    pub plan: Option<PlanName>,
    /// Make the user a member of the group `admin`
    #[arg(long)]
    pub admin: bool,
    /// The password; without it, it is asked for
    #[arg(long, value_name = "PASSWORD", env = "COMPLICAL_PASSWORD", hide_env_values = true, value_parser = line)]
    pub password: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `users set`.
#[derive(Args, Debug)]
pub struct SetUser {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The user's address
    #[arg(long, value_name = "EMAIL")]
    pub email: Email,
    /// The company that calls are counted for
    #[arg(long, value_name = "NAME", group = "change", value_parser = bounded(MAX_COMPANY_BYTES))]
    pub company: Option<String>,
    /// Calls in a calendar month (UTC)
    #[arg(long, value_name = "CALLS", group = "change", allow_negative_numbers = true)]
    pub quota: Option<MonthlyQuota>,
    /// One of the plans that the environment's settings name
    #[arg(long, value_name = "NAME", group = "change", conflicts_with = "no_plan")]
    pub plan: Option<PlanName>,
    /// Leave the user without a plan
    #[arg(long, group = "change")]
    pub no_plan: bool,
    /// Make the user a member of the group `admin`
    #[arg(long, group = "change", conflicts_with = "no_admin")]
    pub admin: bool,
    /// Take the user out of the group `admin`
    #[arg(long, group = "change")]
    pub no_admin: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `users reset-password`.
#[derive(Args, Debug)]
pub struct ResetPassword {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The user's address
    #[arg(long, value_name = "EMAIL")]
    pub email: Email,
    /// The new password; without it, it is asked for
    #[arg(long, value_name = "PASSWORD", env = "COMPLICAL_PASSWORD", hide_env_values = true, value_parser = line)]
    pub password: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `users token`.
#[derive(Args, Debug)]
pub struct Token {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The user's address [default with --local: user@example.com]
    #[arg(long, value_name = "EMAIL", required_unless_present = "local")]
    pub email: Option<Email>,
    /// The password; without it, it is asked for (with --local those of the seeded users are known)
    #[arg(long, value_name = "PASSWORD", env = "COMPLICAL_PASSWORD", hide_env_values = true, value_parser = line)]
    pub password: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `users list`.
#[derive(Args, Debug)]
pub struct ListUsers {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
