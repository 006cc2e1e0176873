//! `GET /v1/deadlines`: which deadlines there are, from the table that deploy loads.
//!
//! Invariant: an answer is at most [`FRESH`] older than the table. The table changes only when a deploy loads it, so
//! a warm instance reads a partition once in that time and not at every call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use contract::Route;
use contract::table::SK;
use deadlines::{Deadline, Query};
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::http::parameters::Parameters;
use crate::http::{self, Answer, Failure};
use store::table::{Consistency, Item, Sort, Table, string};

/// How long a partition that was read is not read again.
pub const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The deadlines of a country and a year, as of a time.
type Partition = Arc<[Deadline]>;

/// Answers requests from a deadlines table.
#[derive(Debug)]
pub struct DeadlinesApi {
    table: Table,
    read: Mutex<BTreeMap<String, (Timestamp, Partition)>>,
}

impl DeadlinesApi {
    /// Answers from that table.
    pub const fn new(table: Table) -> Self {
        Self { table, read: Mutex::new(BTreeMap::new()) }
    }

    /// The answer to a request at a time.
    pub async fn answer(&self, request: &ApiGatewayProxyRequest, now: Timestamp) -> ApiGatewayProxyResponse {
        http::guarded(request, |_caller| self.page(request, now)).await
    }

    async fn page(&self, request: &ApiGatewayProxyRequest, now: Timestamp) -> Result<Answer, Failure> {
        if http::route(request) != Some(Route::Deadlines) {
            return Err(Failure::NotFound);
        }
        let query = Query::parse(Parameters::of(request)?.iter());
        let query = query.map_err(|bad| Failure::BadRequest(bad.message))?;
        let partitions = query.partitions(now);
        let partitions = try_join_all(partitions.iter().map(|key| self.partition(key, now))).await?;
        let page = query.page(partitions.iter().flat_map(|partition| partition.iter()), now);
        let links = [("next", query.next(page.total)), ("prev", query.previous())];
        let links = links.into_iter().filter_map(|(relation, query)| Some((relation, query?)));
        Ok(links.fold(Answer::json(&page)?, |answer, (relation, query)| answer.with_link(relation, &query.to_string())))
    }

    async fn partition(&self, key: &str, now: Timestamp) -> Result<Partition, Failure> {
        if let Some(partition) = self.fresh(key, now) {
            return Ok(partition);
        }
        let items = self.table.query(key, Sort::All, Consistency::Eventual).await.map_err(Failure::internal)?;
        let partition: Partition = items.iter().filter_map(deadline_of).collect();
        // An empty partition is one that a first deploy has yet to load: the next call looks again.
        if !partition.is_empty() {
            self.lock().insert(key.to_owned(), (now, Arc::clone(&partition)));
        }
        Ok(partition)
    }

    fn fresh(&self, key: &str, now: Timestamp) -> Option<Partition> {
        let read = self.lock();
        let (read_at, partition) = read.get(key)?;
        (now.duration_since(*read_at) < FRESH).then(|| Arc::clone(partition))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Timestamp, Partition)>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The deadline of an item; one that cannot be read is left out, so that the others answer.
fn deadline_of(item: &Item) -> Option<Deadline> {
    let attribute = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
    let deadline = Deadline::from_attributes(attribute);
    deadline.inspect_err(|error| tracing::error!(%error, sk = string(item, SK), "a deadline cannot be read")).ok()
}

#[cfg(test)]
mod tests;
