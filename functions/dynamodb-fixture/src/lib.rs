//! A DynamoDB of its own for each test: in this process and memory, on a loopback port, with the system's tables.
//!
//! Invariant: the tables have the names, keys and indexes that the contract gives the environment `test`.

mod fault;
mod in_process;
mod schema;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use contract::{Environment, name};
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use fault::{Fault, Refusal};
pub use in_process::{Spent, Store};

/// A running DynamoDB with the four tables, empty. It ends with the value.
#[derive(Debug)]
pub struct Fixture {
    /// A client of it.
    pub client: Client,
    /// Where it listens, such as `http://127.0.0.1:49152`, for code that builds its own client.
    pub endpoint_url: String,
    server: JoinHandle<()>,
}

impl Fixture {
    /// Starts it on a free port and creates the tables.
    ///
    /// # Panics
    /// When there is no free port or a table is refused: a test cannot go on without it.
    #[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
    pub async fn start() -> Self {
        let database = Database::memory().expect("an in-memory database opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let endpoint_url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let server = tokio::spawn(dynoxide::server::serve_on(listener, database));
        let client = client(&endpoint_url);
        schema::create_all(&client).await.expect("the tables are as DynamoDB takes them");
        Self { client, endpoint_url, server }
    }

    /// Name of the analytics table.
    pub fn analytics_table(&self) -> String {
        name::analytics_table(&Environment::default())
    }

    /// Name of the usage table.
    pub fn usage_table(&self) -> String {
        name::usage_table(&Environment::default())
    }

    /// Name of the keys table.
    pub fn keys_table(&self) -> String {
        name::keys_table(&Environment::default())
    }

    /// Name of the deadlines table.
    pub fn deadlines_table(&self) -> String {
        name::deadlines_table(&Environment::default())
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn client(endpoint_url: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(name::DEFAULT_REGION))
        .credentials_provider(Credentials::new("test", "test", None, None, "fixture"))
        .endpoint_url(endpoint_url)
        .http_client(Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_fixture_has_the_four_tables_and_shares_nothing() {
        let (one, other) = (Fixture::start().await, Fixture::start().await);
        assert_ne!(one.endpoint_url, other.endpoint_url);
        let tables = one.client.list_tables().send().await.unwrap();
        let expected = [one.analytics_table(), one.keys_table(), one.usage_table(), one.deadlines_table()];
        let mut names = tables.table_names().to_vec();
        names.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(names, expected);
    }
}
