//! A row of a table that holds a window: how it is set, alone or with many.
//!
//! Invariant: a row is only ever set by one that holds more events, or as many and the answers to as many calls, however
//! many are set together.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use contract::table::{PK, SK, TTL};
use futures::StreamExt;

use super::Windows;
use crate::table::{CONCURRENCY, Item, Table, TableError, number, text, unless_condition_failed};

/// The condition of a write: it brings more events, or as many and the answers to as many calls.
const GROWS: &str = "attribute_not_exists(#events) OR #events < :events OR \
     (#events = :events AND (attribute_not_exists(#known) OR #known <= :known))";

/// Rows that are set one by one.
const FEW: usize = 500;
/// Rows of a transaction at most (DynamoDB's limit), and their bytes, of which it takes four times as many.
const TRANSACTION_ITEMS: usize = 100;
const TRANSACTION_BYTES: usize = 1024 * 1024;
/// Bytes of a row beside its texts, at most.
const OTHER_BYTES: usize = 300;

/// Names of attributes, as the SDK has them.
#[expect(clippy::disallowed_types, reason = "the SDK's own type; its order reaches nothing")]
type Names = std::collections::HashMap<String, String>;

/// A write of one row, under the condition that it does not shrink.
pub(super) struct Row {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) events: u64,
    /// Of how many calls it knows the answer.
    pub(super) known: u64,
    pub(super) attributes: Vec<(&'static str, AttributeValue)>,
    pub(super) expires_at: Option<i64>,
}

/// What sets a row.
struct RowUpdate {
    key: Item,
    expression: String,
    names: Names,
    values: Item,
}

impl Windows {
    /// Sets rows; of very many so many together as a transaction takes. That is twice the write units, and a tenth of
    /// the processor's time: set one by one, those of a hundred thousand users take most of a minute.
    pub(super) async fn set_all(&self, table: &Table, rows: Vec<Row>) -> Result<(), TableError> {
        if rows.len() <= FEW {
            return all(rows.iter().map(|row| self.set(table, row))).await;
        }
        all(together(&rows).map(|rows| self.set_together(table, rows))).await
    }

    /// Sets rows in one transaction or, where one of them would shrink or is being written, each by itself.
    async fn set_together(&self, table: &Table, rows: &[Row]) -> Result<(), TableError> {
        let update = |row: &Row| {
            let RowUpdate { key, expression, names, values } = row.update();
            let update = Update::builder().table_name(table.name()).set_key(Some(key)).update_expression(expression);
            let update = update.condition_expression(GROWS).set_expression_attribute_names(Some(names));
            let update = update.set_expression_attribute_values(Some(values)).build();
            update.map(|update| TransactWriteItem::builder().update(update).build())
        };
        let items = rows.iter().map(update).collect::<Result<Vec<_>, _>>();
        let items = items.map_err(|error| table.not_asked("TransactWriteItems", &error))?;
        match table.client().transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_transaction_canceled_exception()) => {
                all(rows.iter().map(|row| self.set(table, row))).await
            }
            Err(error) => Err(table.failed("TransactWriteItems", &error)),
        }
    }

    pub(super) async fn set(&self, table: &Table, row: &Row) -> Result<(), TableError> {
        let RowUpdate { key, expression, names, values } = row.update();
        let request = table.client().update_item().table_name(table.name()).set_key(Some(key));
        let request = request.update_expression(expression).condition_expression(GROWS);
        let request = request.set_expression_attribute_names(Some(names)).set_expression_attribute_values(Some(values));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| table.failed("UpdateItem", &error))
    }
}

impl Row {
    fn update(&self) -> RowUpdate {
        let Self { pk, sk, events, known, attributes, expires_at } = self;
        let key = Item::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))]);
        let numbers = [("events", number(*events)), ("known", number(*known))];
        let expiry = expires_at.map(|second| (TTL, number(second)));
        let all = attributes.iter().cloned().chain(numbers).chain(expiry);
        let (mut assignments, mut names, mut values) = (Vec::new(), Names::new(), Item::new());
        for (name, value) in all {
            assignments.push(format!("#{name} = :{name}"));
            names.insert(format!("#{name}"), name.to_owned());
            values.insert(format!(":{name}"), value);
        }
        RowUpdate { key, expression: format!("SET {}", assignments.join(", ")), names, values }
    }

    /// About how many bytes it takes.
    fn bytes(&self) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            _ => OTHER_BYTES,
        };
        OTHER_BYTES + self.attributes.iter().map(|(_, of)| value(of)).sum::<usize>()
    }
}

/// Rows in runs that a transaction takes.
fn together(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    let mut bytes = 0;
    let mut items = 0;
    rows.chunk_by(move |_, next| {
        (bytes, items) = (bytes + next.bytes(), items + 1);
        let goes_on = bytes < TRANSACTION_BYTES && items < TRANSACTION_ITEMS;
        if !goes_on {
            (bytes, items) = (next.bytes(), 0);
        }
        goes_on
    })
}

/// Carries out some writes, each of them whatever comes of the others, and tells of one that failed.
pub(super) async fn all(
    writes: impl IntoIterator<Item = impl Future<Output = Result<(), TableError>>>,
) -> Result<(), TableError> {
    let written: Vec<_> = futures::stream::iter(writes).buffer_unordered(CONCURRENCY).collect().await;
    written.into_iter().collect()
}
