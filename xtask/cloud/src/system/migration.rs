//! What earlier deployments stored otherwise, brought to the present form by every deploy of the API.
//!
//! Invariant: a deploy that could not finish this says so and fails; the next one goes on from there.

use anyhow::Result;
use contract::{Environment, name};
use store::migration::{Migrated, migrate};
use store::table::Table;
use store::windows::Windows;
use xtask::Failure;

use super::keys;
use crate::Connection;
use crate::aws::error::table_failed_to;
use crate::console::observer::Observer;

/// Brings the tables of keys and usage to the present form, and says what was changed.
///
/// # Errors
/// When a table cannot be read or written.
pub async fn run(connection: &Connection, env: &Environment, observer: &dyn Observer) -> Result<()> {
    let table = |name| Table::new(connection.dynamodb(), name);
    let usage = table(name::usage_table(env));
    let windows = Windows::new(table(name::analytics_table(env)), usage.clone());
    let migrated = migrate(&keys::table(connection, env), &usage, &windows).await.map_err(|error| {
        let failure = Failure::new(
            "the stacks are deployed, but some of what earlier deployments stored is not in the current form yet",
        )
        .hint("run the same command again: it goes on from there");
        table_failed_to("bring what is stored to the current form")(error).context(failure)
    })?;
    if let Some(sentence) = sentence(&migrated) {
        observer.note(&sentence);
    }
    Ok(())
}

/// What was changed, if anything was.
fn sentence(migrated: &Migrated) -> Option<String> {
    let Migrated { keys, users, expiring, failures } = migrated;
    let changed = [
        (keys, "keys whose owner had another spelling"),
        (users, "users whose name had another spelling"),
        (expiring, "keys that leave the table 90 days after their end"),
        (failures, "keys whose failed calls belong to their owner"),
    ];
    let changed: Vec<String> =
        changed.into_iter().filter(|(n, _)| **n > 0).map(|(n, what)| format!("{what}: {n}")).collect();
    (!changed.is_empty()).then(|| format!("brought to the present form: {}", changed.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_is_said() {
        assert_eq!(sentence(&Migrated::default()), None);
        let said = sentence(&Migrated { keys: 2, users: 1, ..Migrated::default() }).unwrap();
        let expected = "brought to the present form: keys whose owner had another spelling: 2; users whose name had \
                        another spelling: 1";
        assert_eq!(said, expected);
    }
}
