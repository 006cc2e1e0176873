//! The calls that the tables hold: those in blocks, and those that wait in the journal.
//!
//! Invariant: it is read as a stranger would, item by item from the tables, and never from a count.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name};
use serde_json::{Value, json};

use super::Local;
use super::reconciliation::dynamodb;

/// What is there now. A mark is what the caller has sent as `User-Agent`.
#[derive(Debug, Default)]
pub(super) struct History {
    /// By who has made it and its mark, every event of a call: its minute and id. More than one is a call that is counted
    /// more than once. Calls with bad keys are nobody's.
    pub(super) calls: BTreeMap<(String, String), BTreeSet<String>>,
    /// Why nobody could say whether a key is good, by the mark of its call.
    pub(super) errors: BTreeMap<String, String>,
}

impl History {
    pub(super) fn read(local: &Local) -> Self {
        let mut history = Self::default();
        Self::events(local).iter().for_each(|event| history.add(event));
        history
    }

    /// Every event, some more than once.
    pub(super) fn events(local: &Local) -> Vec<Value> {
        let env = Environment::default();
        // The journal first: what is moved into blocks between the two is in both then, and not in neither.
        let journal = items(local, name::usage_table(&env));
        let journal = journal.iter().filter_map(|item| item["event"]["S"].as_str());
        let journal: Vec<Value> = journal.map(|json| serde_json::from_str(json).unwrap()).collect();
        let blocks = items(local, name::analytics_table(&env));
        let is_of_minute = |item: &&Value| item["PK"]["S"].as_str().unwrap().starts_with("CALLS#");
        let blocks = blocks.iter().filter(is_of_minute).filter(|item| item["calls"].is_object());
        blocks.flat_map(events).chain(journal).collect()
    }

    fn add(&mut self, event: &Value) {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        let (minute, mark) = (&text("timestamp")[.."yyyy-mm-ddThh:mm".len()], text("userAgent"));
        match event["eventType"].as_str() {
            Some("API_CALL" | "API_AUTH_FAILED") => {
                let ids = self.calls.entry((text("userEmail"), mark)).or_default();
                ids.insert(format!("{minute} {}", text("requestId")));
            }
            Some("API_AUTH_ERROR") => _ = self.errors.insert(mark, text("error")),
            _ => {}
        }
    }

    /// Whether it holds anything of an event's call.
    pub(super) fn has(&self, event: &Value) -> bool {
        let mut of = Self::default();
        of.add(event);
        of.calls.keys().all(|call| self.calls.contains_key(call))
            && of.errors.keys().all(|mark| self.errors.contains_key(mark))
    }

    /// How many calls it holds of a user.
    pub(super) fn held(&self, email: &str) -> usize {
        self.calls.keys().filter(|(of, _)| of == email).count()
    }
}

fn events(block: &Value) -> Vec<Value> {
    let body = STANDARD.decode(block["calls"]["B"].as_str().unwrap()).unwrap();
    let mut lines = String::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut lines).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every item of a table.
fn items(local: &Local, table: String) -> Vec<Value> {
    let mut scan = json!({"TableName": table, "ConsistentRead": true});
    let mut items = Vec::new();
    loop {
        let mut page = dynamodb(local, "Scan", &scan);
        items.append(page["Items"].as_array_mut().unwrap());
        match page["LastEvaluatedKey"].take() {
            Value::Null => return items,
            last => scan["ExclusiveStartKey"] = last,
        }
    }
}
