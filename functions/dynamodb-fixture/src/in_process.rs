//! DynamoDB without a network: the SDK's requests go to the database by a call, faults and a meter on the way.
//!
//! Invariant: a request is carried out as DynamoDB documents it, unless a test asked for a fault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use contract::name;
use dynoxide::Database;
use serde_json::{Value, json};

use crate::fault::{Fault, Plan, Refusal, halve, response, throttled};
use crate::schema;

/// What requests have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Requests that were carried out.
    pub requests: u64,
    /// Of these, requests that write.
    pub writes: u64,
    /// Write units, indexes included.
    pub write_units: f64,
    /// Read units.
    pub read_units: f64,
}

/// A DynamoDB with the system's tables, for clients in this process.
#[derive(Clone)]
pub struct Store {
    state: Arc<State>,
}

struct State {
    database: Database,
    plan: Mutex<Plan>,
    refused: Mutex<Option<(String, Refusal)>>,
    lagging: Mutex<Option<String>>,
    meanwhile: Mutex<Option<Meanwhile>>,
    spent: Mutex<Spent>,
}

/// What happens before a request is carried out.
struct Meanwhile {
    requests_left: u64,
    what: Box<dyn FnOnce() + Send>,
}

impl Store {
    /// An empty one.
    ///
    /// # Panics
    /// When a table is refused: a test cannot go on without it.
    #[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
    pub async fn new() -> Self {
        let database = Database::memory().expect("an in-memory database opens");
        let state = State {
            database,
            plan: Mutex::default(),
            refused: Mutex::default(),
            lagging: Mutex::default(),
            meanwhile: Mutex::default(),
            spent: Mutex::default(),
        };
        let store = Self { state: Arc::new(state) };
        schema::create_all(&store.client()).await.expect("the tables are as DynamoDB takes them");
        store.reset_meter();
        store
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(Connector { state: Arc::clone(&self.state) });
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(name::DEFAULT_REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "fixture"))
            .endpoint_url("http://in.process")
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Client::from_conf(config)
    }

    /// Carries out a request as it comes over the wire: an operation and its JSON. Gives the status and the answer.
    pub fn carry_out(&self, operation: &str, body: &str) -> (u16, Value) {
        self.state.carry_out(operation, body)
    }

    /// Carries out a request as it comes over the wire, and adds what it costs to the meter.
    pub fn metered(&self, operation: &str, body: Value) -> (u16, Value) {
        self.state.metered(operation, body)
    }

    /// Has faults happen to later requests, each to the one with that number, counted from now on.
    pub fn plan(&self, faults: impl IntoIterator<Item = (u64, Fault)>) {
        *lock(&self.state.plan) = Plan { faults: faults.into_iter().collect(), ..Plan::default() };
    }

    /// Refuses every write whose request holds a text, such as the key of an item, until [`Store::accept`].
    pub fn refuse(&self, text: impl Into<String>, refusal: Refusal) {
        *lock(&self.state.refused) = Some((text.into(), refusal));
    }

    /// Takes every write again.
    pub fn accept(&self) {
        *lock(&self.state.refused) = None;
    }

    /// Has eventually consistent queries miss the items whose sort key begins with a text, as if these were just written.
    pub fn lag(&self, sort_key: impl Into<String>) {
        *lock(&self.state.lagging) = Some(sort_key.into());
    }

    /// Has something else happen, once, before the request with that number is carried out, counted from now on. It
    /// may send requests of its own.
    pub fn before(&self, request: u64, what: impl FnOnce() + Send + 'static) {
        *lock(&self.state.meanwhile) = Some(Meanwhile { requests_left: request, what: Box::new(what) });
    }

    /// Whether what was to happen has happened.
    pub fn has_happened(&self) -> bool {
        lock(&self.state.meanwhile).is_none()
    }

    /// Whether a planned kill has happened.
    pub fn is_dead(&self) -> bool {
        lock(&self.state.plan).dead
    }

    /// Ends every fault.
    pub fn revive(&self) {
        self.plan([]);
    }

    /// What was spent since [`Store::reset_meter`].
    pub fn spent(&self) -> Spent {
        *lock(&self.state.spent)
    }

    /// Sets the meter to zero.
    pub fn reset_meter(&self) {
        *lock(&self.state.spent) = Spent::default();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

struct Connector {
    state: Arc<State>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(what) = self.state.meanwhile() {
            what();
        }
        HttpConnectorFuture::ready(self.state.answer(&request))
    }
}

impl State {
    /// What happens before the next request, if it is its turn.
    fn meanwhile(&self) -> Option<Box<dyn FnOnce() + Send>> {
        let mut meanwhile = lock(&self.meanwhile);
        let left = &mut meanwhile.as_mut()?.requests_left;
        if *left > 0 {
            *left -= 1;
            return None;
        }
        meanwhile.take().map(|meanwhile| meanwhile.what)
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let fault = lock(&self.plan).next();
        match fault {
            Some(Fault::Die) => return Err(ConnectorError::other("the process was killed".into(), None)),
            Some(Fault::Throttle) => return Ok(throttled()),
            _ => {}
        }
        if let Some(refusal) = self.refusal(operation, body) {
            return Ok(refusal.response());
        }
        let mut body: Value = serde_json::from_slice(body).map_err(|error| ConnectorError::user(error.into()))?;
        let left = if fault == Some(Fault::Halve) { halve(&mut body) } else { None };
        let (status, mut answer) = self.metered(operation, body);
        if let (200, Some(left)) = (status, left) {
            answer["UnprocessedItems"] = left;
        }
        if fault == Some(Fault::LoseAnswer) {
            return Err(ConnectorError::timeout("the answer was lost".into()));
        }
        Ok(response(status, &answer))
    }

    fn refusal(&self, operation: &str, body: &[u8]) -> Option<Refusal> {
        let refused = lock(&self.refused);
        let (text, refusal) = refused.as_ref()?;
        let is_write = ["UpdateItem", "PutItem", "BatchWriteItem"].contains(&operation);
        (is_write && String::from_utf8_lossy(body).contains(text.as_str())).then_some(*refusal)
    }

    fn carry_out(&self, operation: &str, body: &str) -> (u16, Value) {
        macro_rules! call {
            ($method:ident) => {
                match serde_json::from_str(body) {
                    Ok(request) => self.database.$method(request).map(|answer| json!(answer)),
                    Err(error) => return (400, json!({ "__type": "SerializationException", "message": error.to_string() })),
                }
            };
        }
        let answer = match operation {
            "CreateTable" => call!(create_table),
            "UpdateTimeToLive" => call!(update_time_to_live),
            "GetItem" => call!(get_item),
            "PutItem" => call!(put_item),
            "UpdateItem" => call!(update_item),
            "DeleteItem" => call!(delete_item),
            "Query" => call!(query),
            "Scan" => call!(scan),
            "BatchGetItem" => call!(batch_get_item),
            "BatchWriteItem" => call!(batch_write_item),
            "TransactWriteItems" => call!(transact_write_items),
            other => return (400, json!({ "__type": "UnknownOperationException", "message": other })),
        };
        match answer {
            Ok(answer) => (200, answer),
            Err(error) => (error.status_code(), serde_json::from_str(&error.to_json()).unwrap_or_default()),
        }
    }

    fn metered(&self, operation: &str, mut body: Value) -> (u16, Value) {
        if !operation.contains("Table") && !operation.contains("TimeToLive") {
            body["ReturnConsumedCapacity"] = json!("TOTAL");
        }
        let (status, mut answer) = self.carry_out(operation, &body.to_string());
        self.measure(operation, &answer);
        let lagging = lock(&self.lagging);
        if let (Some(begin), Some(items)) = (lagging.as_ref(), answer["Items"].as_array_mut())
            && operation == "Query"
            && body["ConsistentRead"] != json!(true)
        {
            items.retain(|item| !item["SK"]["S"].as_str().is_some_and(|key| key.starts_with(begin)));
        }
        drop(lagging);
        (status, answer)
    }

    fn measure(&self, operation: &str, answer: &Value) {
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
            one => one["CapacityUnits"].as_f64().unwrap_or_default(),
        };
        let mut spent = lock(&self.spent);
        spent.requests += 1;
        match operation {
            "GetItem" | "Query" | "Scan" | "BatchGetItem" => spent.read_units += consumed,
            _ => {
                spent.writes += 1;
                spent.write_units += consumed;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};

    use super::*;

    async fn put(store: &Store, sort: &str) -> bool {
        let text = |text: &str| AttributeValue::S(text.into());
        let table = name::analytics_table(&contract::Environment::default());
        let put = store.client().put_item().table_name(table).item("PK", text("p")).item("SK", text(sort));
        put.send().await.is_ok()
    }

    #[tokio::test]
    async fn an_item_of_more_than_400_kb_is_refused_however_it_is_written() {
        let store = Store::new().await;
        let table = || name::analytics_table(&contract::Environment::default());
        let text = |text: &str| AttributeValue::S(text.into());
        let key = |sort: &str| [("PK".to_owned(), text("p")), ("SK".to_owned(), text(sort))];
        // The key and the attributes' names are the rest; an update is refused some bytes below the limit.
        for (bytes, fits) in [(409_600 - 100, true), (409_600, false)] {
            let large = text(&"x".repeat(bytes));
            let item = || key("1").into_iter().chain([("a".to_owned(), large.clone())]).collect();
            let put = store.client().put_item().table_name(table()).set_item(Some(item())).send();
            assert_eq!(put.await.is_ok(), fits, "PutItem of {bytes}");
            let update = store.client().update_item().table_name(table()).set_key(Some(key("2").into()));
            let update = update.update_expression("SET a = :a").expression_attribute_values(":a", large.clone());
            assert_eq!(update.send().await.is_ok(), fits, "UpdateItem of {bytes}");
            let write = PutRequest::builder().set_item(Some(item())).build().unwrap();
            let write = WriteRequest::builder().put_request(write).build();
            let batch = store.client().batch_write_item().request_items(table(), vec![write]).send();
            assert_eq!(batch.await.is_ok(), fits, "BatchWriteItem of {bytes}");
        }
    }

    #[tokio::test]
    async fn a_put_costs_one_unit_and_a_kill_lasts_until_the_revival() {
        let store = Store::new().await;
        assert!(put(&store, "1").await);
        assert_eq!(store.spent(), Spent { requests: 1, writes: 1, write_units: 1.0, read_units: 0.0 });
        store.plan([(0, Fault::Throttle), (1, Fault::LoseAnswer), (3, Fault::Die)]);
        // The SDK tries again after the throttling and after the lost answer.
        assert!(put(&store, "2").await);
        assert!(!put(&store, "3").await && store.is_dead() && !put(&store, "4").await);
        store.revive();
        assert!(put(&store, "5").await);
    }
}
