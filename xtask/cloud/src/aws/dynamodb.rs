//! The tables of a connection's account, as the stores take them.
//!
//! Invariant: what an item holds is known to the crate `store` alone.

use store::table::Table;

use super::connection::Connection;

/// The table of that name.
pub fn table(connection: &Connection, name: String) -> Table {
    Table::new(connection.dynamodb(), name)
}
