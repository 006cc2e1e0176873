//! Reading many items by their keys.
//!
//! Invariant: a read that returns `Ok` has seen every key; `UnprocessedKeys` never pass for items that are not there.

use aws_sdk_dynamodb::types::KeysAndAttributes;
use contract::table::{PK, SK};
use futures::{StreamExt, TryStreamExt};

use super::{CONCURRENCY, FIRST_WAIT, Item, TRIES, Table, TableError, text};

/// Keys in one `BatchGetItem` (DynamoDB's limit).
const BATCH_KEYS: usize = 100;

impl Table {
    /// The items under these keys, as far as they are there, in no order; no key may be named twice. Sees every write
    /// that was answered before.
    ///
    /// # Errors
    /// When a request fails or the table answers only a part.
    pub async fn get_all(&self, keys: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Item>, TableError> {
        let key = |(pk, sk)| Item::from([(PK.into(), text(pk)), (SK.into(), text(sk))]);
        let keys: Vec<Item> = keys.into_iter().map(key).collect();
        let batches: Vec<_> = keys.chunks(BATCH_KEYS).map(<[_]>::to_vec).collect();
        let reads = batches.into_iter().map(|batch| self.get_batch(batch));
        let batches: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENCY).try_collect().await?;
        Ok(batches.into_iter().flatten().collect())
    }

    async fn get_batch(&self, mut keys: Vec<Item>) -> Result<Vec<Item>, TableError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            let left = keys.len();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| self.not_asked("BatchGetItem", &error))?;
            let request = self.client.batch_get_item().request_items(&self.name, wanted);
            let answer = request.send().await.map_err(|error| self.failed("BatchGetItem", &error))?;
            items.extend(answer.responses.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default());
            let unprocessed = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
            keys = unprocessed.map(|unprocessed| unprocessed.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
            // A batch that outgrew an answer goes on at once; one that was throttled waits.
            if keys.len() == left {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
        }
        Err(TableError::Unprocessed { left: keys.len(), table: self.name.clone() })
    }
}
