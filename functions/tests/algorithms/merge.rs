//! Rows first, merged later, as a ReplacingMergeTree of ClickHouse does (Lago, Flexprice), and read before the merge.
//!
//! Invariant: a row never replaces another until they are merged.

use std::cell::Cell;

use contract::table::{PK, SK};
use dynamodb_fixture::Store;
use store::table::{Consistency, Item, Sort, Table, string, text};

use super::*;

const PARTITION: &str = "ROW";

pub(super) struct Merge {
    table: Table,
    rows: Cell<u64>,
}

impl Algorithm for Merge {
    const NAME: &'static str = "Rows, merged later, read before";
    const IN_DYNAMODB: bool = false;

    fn new(store: &Store) -> Self {
        let name = contract::name::analytics_table(&contract::Environment::default());
        Self { table: Table::new(store.client(), name), rows: Cell::default() }
    }

    async fn count(&self, batch: &StreamEvent, _now: Timestamp) -> Outcome {
        let row = |event: Event| {
            self.rows.set(self.rows.get() + 1);
            let ((email, minute), row) = (place(&event), self.rows.get());
            Item::from([(PK.into(), text(PARTITION)), (SK.into(), text(format!("{minute}#{email}#{row}")))])
        };
        Ok(self.table.put_all(events(batch).map(row)).await?)
    }

    async fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        for item in self.table.query(PARTITION, Sort::All, Consistency::Strong).await.unwrap() {
            let key = string(&item, SK);
            let (minute, rest) = key.split_once('#').unwrap();
            let (email, _) = rest.rsplit_once('#').unwrap();
            *counts.entry((email.into(), minute.parse().unwrap())).or_default() += 1;
        }
        counts
    }
}
