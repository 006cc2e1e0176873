//! `AWS::DynamoDB::Table`.
//!
//! Invariant: a table is encrypted, can be restored to any second of the last 35 days, and outlives its stack;
//! `AttributeDefinitions` follow from the keys and cannot disagree with them.

use std::collections::BTreeSet;

use contract::table::{CREATED_AT, KEYS_BY_USER, PENDING, PENDING_JOURNALS, PK, SK, TTL, USER_EMAIL};
use serde_json::{Value as Json, json};

use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::value::{Expression, Value, kind};

/// A DynamoDB table with the keys `PK` and `SK`, both strings, paid for by request.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// Whether a delete is refused until the protection is lifted.
    pub protection: Protection,
}

/// An index by two string attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub(crate) name: &'static str,
    partition: &'static str,
    sort: &'static str,
    projection: Projection,
}

/// What an index holds of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Projection {
    All,
    KeysOnly,
}

/// Whether a resource with data can be deleted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not until somebody lifts the protection.
    On,
    /// At once.
    Off,
}

/// The index of keys by owner.
pub const BY_USER: Index =
    Index { name: KEYS_BY_USER, partition: USER_EMAIL, sort: CREATED_AT, projection: Projection::All };
/// The sparse index of journals that wait.
pub const PENDING_BY_PARTITION: Index =
    Index { name: PENDING_JOURNALS, partition: PENDING, sort: PK, projection: Projection::KeysOnly };

/// A table that can be referred to.
#[derive(Clone, Debug)]
pub struct TableHandle {
    name: Value<kind::TableName>,
    arn: Value<kind::TableArn>,
    readable: String,
}

impl Resource for Table {
    const TYPE: &'static str = "AWS::DynamoDB::Table";
    type Handle = TableHandle;

    fn properties(&self) -> Properties {
        let Self { name, indexes, protection } = self;
        let keys = indexes.iter().flat_map(|index| [index.partition, index.sort]).chain([PK, SK]);
        let attributes: Vec<Json> = keys
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|name| json!({"AttributeName": name, "AttributeType": "S"}))
            .collect();
        let indexes: Vec<Json> = indexes.iter().map(Index::json).collect();
        Properties::of(json!({
            "TableName": name,
            "AttributeDefinitions": attributes,
            "KeySchema": key_schema(PK, SK),
            "GlobalSecondaryIndexes": (!indexes.is_empty()).then_some(indexes),
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": TTL, "Enabled": true},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
            // With the key that AWS manages: reads and writes ask for no permission on it.
            "SSESpecification": {"SSEEnabled": true, "SSEType": "KMS"},
            "DeletionProtectionEnabled": *protection == Protection::On,
        }))
    }

    fn handle(&self, logical_id: &str) -> TableHandle {
        TableHandle {
            name: Value::reference(logical_id),
            arn: Value::attribute(logical_id, "Arn"),
            readable: self.name.clone(),
        }
    }

    fn deletion_policy(&self) -> DeletionPolicy {
        DeletionPolicy::Retain
    }

    fn summary(&self) -> String {
        let mut summary = format!("{}, PITR, TTL, KMS", self.name);
        for index in &self.indexes {
            summary += &format!(", index {} by {} and {}", index.name, index.partition, index.sort);
        }
        if self.protection == Protection::On {
            summary += ", protected";
        }
        summary
    }
}

impl Index {
    fn json(&self) -> Json {
        let Self { name, partition, sort, projection } = self;
        let projection = match projection {
            Projection::All => "ALL",
            Projection::KeysOnly => "KEYS_ONLY",
        };
        json!({
            "IndexName": name,
            "KeySchema": key_schema(partition, sort),
            "Projection": {"ProjectionType": projection},
        })
    }
}

fn key_schema(partition: &str, sort: &str) -> Json {
    json!([
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ])
}

impl TableHandle {
    /// The table of this name, which another stack declares.
    pub fn elsewhere(name: String) -> Self {
        let arn = Expression::arn("dynamodb", format!("table/{name}")).into();
        Self { name: Value::literal(name.clone()), arn, readable: name }
    }

    pub const fn name(&self) -> &Value<kind::TableName> {
        &self.name
    }

    pub const fn arn(&self) -> &Value<kind::TableArn> {
        &self.arn
    }

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
