//! The four tables as the API and Kinesis stacks declare them.
//!
//! Invariant: names of attributes and indexes come from the contract, as those of the templates do.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use contract::table::{CREATED_AT, KEYS_BY_USER, PENDING, PENDING_JOURNALS, PK, SK, TTL, USER_EMAIL};
use contract::{Environment, name};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An index by two string attributes.
struct Index {
    name: &'static str,
    hash: &'static str,
    range: &'static str,
    projection: ProjectionType,
}

const BY_USER: Index =
    Index { name: KEYS_BY_USER, hash: USER_EMAIL, range: CREATED_AT, projection: ProjectionType::All };
const PENDING_BY_PARTITION: Index =
    Index { name: PENDING_JOURNALS, hash: PENDING, range: PK, projection: ProjectionType::KeysOnly };

/// Creates the tables of the environment `test`.
pub(crate) async fn create_all(client: &Client) -> Result<(), Failure> {
    let env = Environment::default();
    create(client, &name::analytics_table(&env), None).await?;
    create(client, &name::usage_table(&env), Some(PENDING_BY_PARTITION)).await?;
    create(client, &name::keys_table(&env), Some(BY_USER)).await?;
    create(client, &name::deadlines_table(&env), None).await
}

async fn create(client: &Client, table: &str, index: Option<Index>) -> Result<(), Failure> {
    let mut attributes = vec![PK, SK];
    attributes.extend(index.iter().flat_map(|index| [index.hash, index.range]));
    attributes.sort_unstable();
    attributes.dedup();
    let definitions = attributes.into_iter().map(string_attribute).collect::<Result<Vec<_>, _>>()?;
    let indexes = index.map(|index| index.build().map(|index| vec![index])).transpose()?;
    client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(Some(definitions))
        .set_key_schema(Some(key(PK, SK)?))
        .set_global_secondary_indexes(indexes)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await?;
    let ttl = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build()?;
    client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await?;
    Ok(())
}

impl Index {
    fn build(self) -> Result<GlobalSecondaryIndex, BuildError> {
        GlobalSecondaryIndex::builder()
            .index_name(self.name)
            .set_key_schema(Some(key(self.hash, self.range)?))
            .projection(Projection::builder().projection_type(self.projection).build())
            .build()
    }
}

fn key(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![element(hash, KeyType::Hash)?, element(range, KeyType::Range)?])
}

fn string_attribute(name: &str) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}
