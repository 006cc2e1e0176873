//! One DynamoDB table, as the stores use it: whole queries, bounded concurrent writes, errors that say where.
//!
//! Invariant: a write that returns `Ok` is in the table; `UnprocessedItems` never pass for success.
//!
//! It is longer than others, because each kind of request has its tries, its pages and its errors here and nowhere else.

mod batch_get;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use contract::table::{PK, SK};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An item, as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's own type; its order reaches nothing")]
pub type Item = std::collections::HashMap<String, AttributeValue>;

/// Bytes of JSON that are kept as they are; less becomes no shorter that is worth it.
const SHORT: usize = 400;
/// Items in one `BatchWriteItem` (DynamoDB's limit).
const BATCH_ITEMS: usize = 25;
/// Requests of one caller under way at once.
pub const CONCURRENCY: usize = 32;
/// How often what a batch left unprocessed is offered again before the caller is told.
const TRIES: u32 = 6;
/// Wait before the second try; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// A table by name.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

/// Which items of a partition.
#[derive(Clone, Debug)]
pub enum Sort {
    /// All of them.
    All,
    /// Those whose sort key begins so.
    Prefix(String),
    /// Those whose sort key lies between, both ends included.
    Between(String, String),
}

/// Whether a read sees every write that was answered before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// It does, at twice the price.
    Strong,
    /// It may lag by some milliseconds.
    Eventual,
}

/// What can go wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// DynamoDB refused or could not be reached.
    #[error("{operation} on {table} failed: {cause}")]
    Request {
        /// The API's name of the operation.
        operation: &'static str,
        table: String,
        /// The whole chain of causes.
        cause: String,
        /// What DynamoDB itself calls it; empty where it did not answer.
        meta: Box<ErrorMetadata>,
    },
    /// DynamoDB took only a part, again and again.
    #[error("{left} writes to {table} were not taken in {TRIES} tries: the table is throttled")]
    Unprocessed {
        /// Writes left over.
        left: usize,
        table: String,
    },
    /// An item that no version of this program writes.
    #[error("item `{key}` of {table} has no readable `{attribute}`")]
    Malformed {
        /// Its sort key.
        key: String,
        /// The attribute.
        attribute: &'static str,
        table: String,
    },
}

/// The items of a query, as they come.
#[derive(Debug)]
pub struct Pages {
    table: Table,
    /// What is left to be asked, if anything is.
    request: Option<QueryFluentBuilder>,
}

impl Pages {
    /// The next page, unless there is none.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn next(&mut self) -> Result<Option<Vec<Item>>, TableError> {
        self.page(None).await
    }

    /// The next items, at most so many, unless there are none.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn at_most(&mut self, items: i32) -> Result<Option<Vec<Item>>, TableError> {
        self.page(Some(items)).await
    }

    /// The same items with nothing but these attributes, which are cheaper to take in.
    #[must_use]
    pub fn only(mut self, attributes: &[&str]) -> Self {
        let named = |n: usize| format!("#only{n}");
        let names: Vec<String> = (0..attributes.len()).map(named).collect();
        self.request = self.request.map(|request| {
            let request = request.projection_expression(names.join(", "));
            let name = |request: QueryFluentBuilder, (name, attribute): (&String, &&str)| {
                request.expression_attribute_names(name, *attribute)
            };
            names.iter().zip(attributes).fold(request, name)
        });
        self
    }

    /// The same items, the last first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.request = self.request.map(|request| request.scan_index_forward(false));
        self
    }

    async fn page(&mut self, limit: Option<i32>) -> Result<Option<Vec<Item>>, TableError> {
        let Some(request) = self.request.take().map(|request| request.set_limit(limit)) else { return Ok(None) };
        let page = request.clone().send().await.map_err(|error| self.table.failed("Query", &error))?;
        self.request = page.last_evaluated_key.map(|last| request.set_exclusive_start_key(Some(last)));
        Ok(Some(page.items.unwrap_or_default()))
    }
}

impl Table {
    /// The table of that name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client, for writes that only one store makes.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The item under a key, if there is one.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn get(&self, pk: &str, sk: &str, consistency: Consistency) -> Result<Option<Item>, TableError> {
        let request = self.client.get_item().table_name(&self.name).key(PK, text(pk)).key(SK, text(sk));
        let answer = request.consistent_read(consistency.is_strong()).send().await;
        Ok(answer.map_err(|error| self.failed("GetItem", &error))?.item)
    }

    /// Every item of a partition that `sort` names, page after page, in order.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn query(&self, pk: &str, sort: Sort, consistency: Consistency) -> Result<Vec<Item>, TableError> {
        let pages = self.selection(pk, sort, consistency).into_paginator().items().send();
        pages.try_collect().await.map_err(|error| self.failed("Query", &error))
    }

    /// The same, page by page, of up to 1 MB each: for what may be too much to be held at once.
    pub fn pages(&self, pk: &str, sort: Sort, consistency: Consistency) -> Pages {
        Pages { table: self.clone(), request: Some(self.selection(pk, sort, consistency)) }
    }

    fn selection(&self, pk: &str, sort: Sort, consistency: Consistency) -> QueryFluentBuilder {
        let request = self.client.query().table_name(&self.name).consistent_read(consistency.is_strong());
        let request = request.expression_attribute_names("#p", PK).expression_attribute_values(":p", text(pk));
        match sort {
            Sort::All => request.key_condition_expression("#p = :p"),
            Sort::Prefix(prefix) => request
                .key_condition_expression("#p = :p AND begins_with(#s, :s)")
                .expression_attribute_names("#s", SK)
                .expression_attribute_values(":s", text(prefix)),
            Sort::Between(from, to) => request
                .key_condition_expression("#p = :p AND #s BETWEEN :f AND :t")
                .expression_attribute_names("#s", SK)
                .expression_attribute_values(":f", text(from))
                .expression_attribute_values(":t", text(to)),
        }
    }

    /// Puts items, 25 to a request, several requests at once. Of two under one key the last stays.
    ///
    /// # Errors
    /// When a request fails or the table takes only a part. Some items may be in the table then.
    pub async fn put_all(&self, items: impl IntoIterator<Item = Item>) -> Result<(), TableError> {
        let by_key: BTreeMap<_, _> =
            items.into_iter().map(|item| ((string(&item, PK), string(&item, SK)), item)).collect();
        let put = |item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|error| self.not_asked("BatchWriteItem", &error))?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        self.write_all(by_key.into_values().map(put).collect::<Result<_, _>>()?).await
    }

    /// Deletes the items under these keys, 25 to a request, several requests at once.
    ///
    /// # Errors
    /// When a request fails or the table takes only a part. Some items may be gone then.
    pub async fn delete_all(&self, keys: impl IntoIterator<Item = (String, String)>) -> Result<(), TableError> {
        let keys: BTreeSet<_> = keys.into_iter().collect();
        let delete = |(pk, sk): (String, String)| {
            let delete = DeleteRequest::builder().key(PK, text(pk)).key(SK, text(sk)).build();
            let delete = delete.map_err(|error| self.not_asked("BatchWriteItem", &error))?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        self.write_all(keys.into_iter().map(delete).collect::<Result<_, _>>()?).await
    }

    async fn write_all(&self, writes: Vec<WriteRequest>) -> Result<(), TableError> {
        let batches: Vec<_> = writes.chunks(BATCH_ITEMS).map(<[_]>::to_vec).collect();
        let writes = batches.into_iter().map(|batch| self.write_batch(batch));
        futures::stream::iter(writes).buffer_unordered(CONCURRENCY).try_collect().await
    }

    async fn write_batch(&self, mut writes: Vec<WriteRequest>) -> Result<(), TableError> {
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            let request = self.client.batch_write_item().request_items(&self.name, writes);
            let answer = request.send().await.map_err(|error| self.failed("BatchWriteItem", &error))?;
            writes = answer.unprocessed_items.and_then(|mut left| left.remove(&self.name)).unwrap_or_default();
            if writes.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(TableError::Unprocessed { left: writes.len(), table: self.name.clone() })
    }

    /// The error of a request.
    pub fn failed<E: std::error::Error + ProvideErrorMetadata>(
        &self,
        operation: &'static str,
        error: &E,
    ) -> TableError {
        let (table, cause) = (self.name.clone(), DisplayErrorContext(error).to_string());
        TableError::Request { operation, table, cause, meta: Box::new(error.meta().clone()) }
    }

    /// The error of an operation that DynamoDB was not asked for, or not any more.
    pub fn not_asked(&self, operation: &'static str, cause: &impl std::fmt::Display) -> TableError {
        let (table, cause) = (self.name.clone(), cause.to_string());
        TableError::Request { operation, table, cause, meta: Box::default() }
    }

    /// The error of an item without a readable attribute.
    pub fn malformed(&self, item: &Item, attribute: &'static str) -> TableError {
        TableError::Malformed { key: string(item, SK), attribute, table: self.name.clone() }
    }

    /// An attribute that holds JSON, as [`json`] or [`compact_json`] has written it.
    ///
    /// # Errors
    /// When it is absent or no such JSON.
    pub fn json<T: DeserializeOwned>(&self, item: &Item, attribute: &'static str) -> Result<T, TableError> {
        let value = match item.get(attribute) {
            Some(AttributeValue::S(json)) => serde_json::from_str(json).ok(),
            Some(AttributeValue::B(body)) => {
                let mut json = Vec::new();
                let read = GzDecoder::new(body.as_ref()).read_to_end(&mut json);
                read.ok().and_then(|_| serde_json::from_slice(&json).ok())
            }
            _ => None,
        };
        value.ok_or_else(|| self.malformed(item, attribute))
    }

    /// An attribute that holds bytes.
    ///
    /// # Errors
    /// When it is absent or no bytes.
    pub fn bytes<'a>(&self, item: &'a Item, attribute: &'static str) -> Result<&'a [u8], TableError> {
        let bytes = item.get(attribute).and_then(|value| value.as_b().ok());
        bytes.map(Blob::as_ref).ok_or_else(|| self.malformed(item, attribute))
    }
}

/// What DynamoDB itself says, for whoever has to tell a missing table from a refusal.
impl ProvideErrorMetadata for TableError {
    fn meta(&self) -> &ErrorMetadata {
        static NOTHING: LazyLock<ErrorMetadata> = LazyLock::new(ErrorMetadata::default);
        match self {
            Self::Request { meta, .. } => meta,
            Self::Unprocessed { .. } | Self::Malformed { .. } => &NOTHING,
        }
    }
}

/// The answer of a conditional write, or nothing where its condition did not hold.
///
/// # Errors
/// When it failed for another reason.
pub fn unless_condition_failed<T, E: ProvideErrorMetadata, R>(
    answer: Result<T, SdkError<E, R>>,
) -> Result<Option<T>, SdkError<E, R>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(error),
    }
}

/// What was read of an item, or nothing, told to the log, where it is not what this program writes: one damaged item
/// takes no answer along.
///
/// # Errors
/// When it could not be asked for.
pub fn readable<T>(read: Result<T, TableError>) -> Result<Option<T>, TableError> {
    match read {
        Err(cause @ TableError::Malformed { .. }) => {
            tracing::error!(%cause, "an item cannot be read and is left out");
            Ok(None)
        }
        read => read.map(Some),
    }
}

impl Consistency {
    const fn is_strong(self) -> bool {
        matches!(self, Self::Strong)
    }
}

/// A string attribute.
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A binary attribute.
pub fn binary(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value.into()))
}

/// An attribute that holds a value as JSON, which the AWS CLI shows as it is.
pub fn json(value: &impl Serialize) -> AttributeValue {
    text(serde_json::to_string(value).unwrap_or_else(|error| unreachable!("plain data is JSON: {error}")))
}

/// An attribute that holds a value as JSON, gzipped where it is long: a write is charged by the kilobyte.
pub fn compact_json(value: &impl Serialize) -> AttributeValue {
    let json = serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("plain data is JSON: {error}"));
    if json.len() <= SHORT {
        return text(String::from_utf8_lossy(&json));
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let zipped = gzip.write_all(&json).and_then(|()| gzip.finish());
    binary(zipped.unwrap_or_else(|error| unreachable!("a vector takes every byte: {error}")))
}

/// The text of an attribute; empty where there is none.
pub fn string(item: &Item, attribute: &str) -> String {
    item.get(attribute).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

/// How many bytes the value of an attribute is that is a text or bytes.
pub fn value_bytes(item: &Item, attribute: &str) -> usize {
    match item.get(attribute) {
        Some(AttributeValue::S(text)) => text.len(),
        Some(AttributeValue::B(bytes)) => bytes.as_ref().len(),
        _ => 0,
    }
}

/// The text of an attribute, if there is one and it is not empty.
pub fn present(item: &Item, attribute: &str) -> Option<String> {
    Some(string(item, attribute)).filter(|value| !value.is_empty())
}

/// The number of an attribute, if it is one.
pub fn integer(item: &Item, attribute: &str) -> Option<i64> {
    item.get(attribute).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok())
}
