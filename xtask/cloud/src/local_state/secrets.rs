//! What was made up for the local system: the passwords of its two users, and a key.
//!
//! Invariant: they are random, kept in one file that its owner alone can read, and made once.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use contract::Environment;
use serde::{Deserialize, Serialize};

use super::folder::{Folder, write_secret};
use crate::random::random_text;

/// The user whose key and figures a newcomer sees.
pub const USER: &str = "user@example.com";
/// The member of the group `admin`.
pub const ADMIN: &str = "admin@example.com";

/// The secrets of one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secrets {
    user_password: String,
    admin_password: String,
    /// The key of [`USER`], once there is one.
    pub api_key: Option<String>,
}

type Stored = BTreeMap<String, Secrets>;

impl Secrets {
    /// Those of an environment; made now unless they were before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(folder: &Folder, env: &Environment) -> Result<Self> {
        match read(folder)?.remove(env.as_str()) {
            Some(secrets) => Ok(secrets),
            None => Ok(Self { user_password: password()?, admin_password: password()?, api_key: None }),
        }
    }

    /// Keeps them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, folder: &Folder, env: &Environment) -> Result<()> {
        let mut stored = read(folder)?;
        stored.insert(env.to_string(), self.clone());
        write_secret(&folder.secrets(), &serde_json::to_string_pretty(&stored)?)
    }

    /// The password of one of the two users.
    pub fn password(&self, email: &str) -> Option<&str> {
        match email {
            USER => Some(&self.user_password),
            ADMIN => Some(&self.admin_password),
            _ => None,
        }
    }
}

/// The password of a user that the local system was seeded with, if it is one of them.
///
/// # Errors
/// When the file cannot be read.
pub fn password_of(env: &Environment, email: &str) -> Result<Option<String>> {
    Ok(Secrets::read(&Folder::open()?, env)?.password(email).map(str::to_owned))
}

fn read(folder: &Folder) -> Result<Stored> {
    let path = folder.secrets();
    if !path.exists() {
        return Ok(Stored::new());
    }
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}

/// Random, with every kind of character that a pool may ask for.
fn password() -> Result<String> {
    Ok(format!("{}-aA1", random_text(24)?))
}
