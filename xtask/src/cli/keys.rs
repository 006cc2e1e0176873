//! `keys`: its commands and their flags.
//!
//! Invariant: a key itself is never an argument: keys are named by id, and printed once.

use clap::{Args, Subcommand};
use contract::limit::{MAX_COMPANY_BYTES, MAX_KEY_NAME_BYTES};
use metering::email::Email;

use super::Cloud;
use super::number::whole;
use super::text::{bounded, line};

/// `keys`.
#[derive(Args, Debug)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask keys create --email user@example.com --name production")]
pub struct Keys {
    /// What to do with them.
    #[command(subcommand)]
    pub command: KeysCommand,
}

/// The commands of `keys`.
#[derive(Subcommand, Debug)]
pub enum KeysCommand {
    /// Make a key and print it: it is stored only as a hash and cannot be shown again
    #[command(after_help = "Output: the key; with --json one JSON document with the key, its id and when it \
                            expires. A key that could not be written there is revoked.\n\
                            Exit status: 0 made, 1 failed or no such user, 2 wrong usage.\n\
                            Example: cargo xtask keys create --email user@example.com --name production")]
    Create(CreateKey),
    /// List the keys of a user
    #[command(after_help = "Output: one line for each key, with its id, its first eight characters, its name and \
                            its dates; with --json one JSON document with them.\n\
                            Exit status: 0 listed, 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask keys list --email user@example.com")]
    List(ListKeys),
    /// Revoke a key: calls with it are refused within seconds
    #[command(after_help = "Output: the key and when it was revoked; with --json one JSON document with them.\n\
                            Exit status: 0 revoked, 1 failed or no such key, 2 wrong usage.\n\
                            Example: cargo xtask keys revoke --email user@example.com ck_7oQkL")]
    Revoke(RevokeKey),
}

/// `keys create`.
#[derive(Args, Debug)]
pub struct CreateKey {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Whose key it is
    #[arg(long, value_name = "EMAIL")]
    pub email: Email,
    /// What the key is for
    #[arg(long, value_name = "NAME", default_value = "default", value_parser = bounded(MAX_KEY_NAME_BYTES))]
    pub name: String,
    /// The company it is counted for [default: that of the user]
    #[arg(long, value_name = "NAME", value_parser = bounded(MAX_COMPANY_BYTES))]
    pub company: Option<String>,
    /// In how many days it expires
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = whole(1..=3650_u32), allow_negative_numbers = true)]
    pub expires_days: u32,
    /// Make it for an address that no user has: for somebody who cannot sign in
    #[arg(long)]
    pub new_user: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `keys list`.
#[derive(Args, Debug)]
pub struct ListKeys {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Whose keys
    #[arg(long, value_name = "EMAIL")]
    pub email: Email,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `keys revoke`.
#[derive(Args, Debug)]
pub struct RevokeKey {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Whose key it is
    #[arg(long, value_name = "EMAIL")]
    pub email: Email,
    /// The key's id (k_…) or its first eight characters, as `list` prints them
    #[arg(value_name = "KEY", value_parser = line)]
    pub key: String,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
