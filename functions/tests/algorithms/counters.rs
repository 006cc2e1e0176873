//! Numbers that are added to: one item for a user and minute.
//!
//! Invariant: an addition is one request, and happens as often as DynamoDB carries it out.

use aws_sdk_dynamodb::types::Update;
use contract::table::{PK, SK};
use dynamodb_fixture::Store;
use metering::window::Minute;
use store::table::{Consistency, Sort, Table, integer, number, string, text};

use super::{Counts, Outcome};

const PARTITION: &str = "COUNT";

pub(super) struct Counters {
    pub(super) table: Table,
}

impl Counters {
    pub(super) fn new(store: &Store) -> Self {
        let name = contract::name::analytics_table(&contract::Environment::default());
        Self { table: Table::new(store.client(), name) }
    }

    pub(super) async fn add_all(&self, counts: Counts) -> Outcome {
        for (place, n) in counts {
            self.add(&place, n).await?;
        }
        Ok(())
    }

    pub(super) async fn add(&self, (email, minute): &(String, Minute), n: u64) -> Outcome {
        let update = self.table.client().update_item().table_name(self.table.name());
        let update = update.key(PK, text(PARTITION)).key(SK, text(format!("{minute}#{email}")));
        let update = update.update_expression("ADD n :n").expression_attribute_values(":n", number(n));
        update.send().await?;
        Ok(())
    }

    /// The addition of one, as a part of a transaction.
    pub(super) fn addition(&self, (email, minute): &(String, Minute)) -> Update {
        let update = Update::builder().table_name(self.table.name());
        let update = update.key(PK, text(PARTITION)).key(SK, text(format!("{minute}#{email}")));
        update.update_expression("ADD n :n").expression_attribute_values(":n", number(1)).build().unwrap()
    }

    pub(super) async fn read(&self) -> Counts {
        let items = self.table.query(PARTITION, Sort::All, Consistency::Strong).await.unwrap();
        let row = |item: &_| {
            let key = string(item, SK);
            let (minute, email) = key.split_once('#').unwrap();
            ((email.to_owned(), minute.parse().unwrap()), u64::try_from(integer(item, "n").unwrap()).unwrap())
        };
        items.iter().map(row).collect()
    }
}
