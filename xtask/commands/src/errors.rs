//! `errors`: the records that could not be counted, from the table and from the bucket of batches that were given up,
//! and the events that a log alone has.
//!
//! Invariant: a replay puts a record on the stream as it was; what names the call makes it count at most once.

pub mod replay;

use anyhow::Result;
use contract::Environment;
use contract::limit::MAX_EVENT_AGE_DAYS;
use contract::metric::{ENVIRONMENT_DIMENSION, Metric::UndeliveredEvents};
use jiff::Timestamp;
use store::failures::StoredFailure;
use xtask::Printer;
use xtask::cli::ErrorsCommand;

use cloud::Connection;
use cloud::system::failed_batch::{BATCH, Batch, Bucket, unknown};
use cloud::system::failed_record::{self, Records};
use cloud::system::large_record::complete;
use cloud::system::metric::{self, Metric, Span};
use cloud::system::undelivered;
use serde_json::{Value, json};

/// Carries `errors` out.
///
/// # Errors
/// When there is no such record, or AWS cannot be asked.
pub async fn run(command: &ErrorsCommand, printer: &Printer) -> Result<()> {
    match command {
        ErrorsCommand::List { cloud, limit, json } => {
            let connection = Connection::open(cloud).await?;
            let records = Records::new(&connection, &cloud.env.env).newest(*limit).await?;
            let batches = match Bucket::find(&connection, &cloud.env.env).await? {
                Some(bucket) => bucket.newest(*limit).await?,
                None => Vec::new(),
            };
            let logged = logged(&connection, &cloud.env.env).await?;
            list(&records, &batches, logged, *limit, *json, printer);
        }
        ErrorsCommand::Show { cloud, id, json } => {
            let connection = Connection::open(cloud).await?;
            if let Some(key) = id.strip_prefix(BATCH) {
                let bucket = Bucket::find(&connection, &cloud.env.env).await?.ok_or_else(|| unknown(id))?;
                let batch = bucket.read(key).await?.ok_or_else(|| unknown(id))?;
                show(batch.to_json(), batch.lines(), *json, printer);
            } else {
                let records = Records::new(&connection, &cloud.env.env);
                let failed = records.get(id).await?.ok_or_else(|| unknown(id))?;
                let failed = complete(&connection, failed).await?;
                show(failed_record::to_json(&failed.record), failed_record::lines(&failed), *json, printer);
            }
        }
        ErrorsCommand::Replay { cloud, from_log: true, json, .. } => {
            let connection = Connection::open(cloud).await?;
            replay::from_log(&connection, &cloud.env.env, *json, printer).await?;
        }
        ErrorsCommand::Replay { cloud, id, json, .. } => {
            let connection = Connection::open(cloud).await?;
            replay::run(&connection, &cloud.env.env, id.as_deref(), *json, printer).await?;
        }
    }
    Ok(())
}

/// How many events the authorizer's log alone may have, as its metric counts them: to read the log would take a request
/// for each part of it.
async fn logged(connection: &Connection, env: &Environment) -> Result<Option<u64>> {
    let metric = Metric {
        namespace: UndeliveredEvents.namespace(),
        name: UndeliveredEvents.name(),
        dimension: (ENVIRONMENT_DIMENSION, env.as_str()),
    };
    let now = Timestamp::now();
    let sum = metric::sum(connection, metric, Span::days_since(undelivered::reach(now), now)).await?;
    Ok(sum.map(|sum| sum.round() as u64))
}

fn list(
    records: &[StoredFailure],
    batches: &[Batch],
    logged: Option<u64>,
    limit: u32,
    as_json: bool,
    printer: &Printer,
) {
    if as_json {
        let records: Vec<Value> = records.iter().map(failed_record::to_json).collect();
        let batches: Vec<Value> = batches.iter().map(Batch::to_json).collect();
        printer.json(&json!({"records": records, "batches": batches, "undelivered": logged}));
        return;
    }
    records.iter().for_each(|failed| printer.data(failed_record::line(failed)));
    batches.iter().for_each(|batch| printer.data(batch.line()));
    printer.say(summary(records.len(), batches.len(), limit as usize));
    if !records.is_empty() || !batches.is_empty() {
        printer.hint("`cargo xtask errors show ID` shows one with its data");
    }
    if let Some(logged) = logged.filter(|logged| *logged > 0) {
        printer.say(format!(
            "events that the authorizer's log alone has, in the last {MAX_EVENT_AGE_DAYS} days: {logged}"
        ));
        printer.hint("`cargo xtask errors replay --from-log` puts them on the stream");
    }
}

/// A number that is the limit need not be all there are.
fn summary(n_records: usize, n_batches: usize, limit: usize) -> String {
    let newest = |count: usize| {
        if count == limit { format!("the newest {count} (more with --limit)") } else { count.to_string() }
    };
    format!("failed records: {}; batches that were given up: {}", newest(n_records), newest(n_batches))
}

fn show(document: Value, lines: Vec<String>, as_json: bool, printer: &Printer) {
    if as_json {
        printer.json(&document);
    } else {
        lines.iter().for_each(|line| printer.data(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_as_long_as_its_limit_does_not_pass_for_all_there_are() {
        assert_eq!(summary(3, 0, 20), "failed records: 3; batches that were given up: 0");
        let cut = "failed records: the newest 20 (more with --limit); batches that were given up: 0";
        assert_eq!(summary(20, 0, 20), cut);
    }
}
