//! The gate: a number in the usage table that one conditional write raises with each call, so that of many calls at
//! once no more pass than are left.
//!
//! Invariant: the number is never above the month's calls: it is raised by calls that pass, and to what was counted.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, Update};
use contract::table::{GATE, PENDING, PK, SK, behind_gate};
use metering::email::Email;
use metering::subject::{Bucket, Subject};
use metering::usage::Usage;
use metering::window::Month;

use crate::table::{
    Consistency, Item, Sort, Table, TableError, integer, number, readable, string, text, unless_condition_failed,
};
use crate::windows::{DAY, USAGE, usage_partition};

/// Attribute that holds the number.
const USED: &str = "used";
/// Attribute that holds the sum of the user's days when the number was last brought up to what was counted.
const DAYS: &str = "days";
/// How often a write is tried that a transaction on the same item, or a slower reader's raise, was in the way of.
const TRIES: u32 = 4;
/// Wait before the second try.
const WAIT: Duration = Duration::from_millis(10);

/// The gates of a usage table.
#[derive(Clone, Debug)]
pub struct QuotaGates {
    usage: Table,
}

/// The gate of one user and month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaGate {
    pk: String,
    sk: String,
}

/// A gate with calls of its month in the journal, as it was before these were looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    gate: QuotaGate,
    used: u64,
}

/// What came of a call at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It passed, and is the number's latest.
    Admitted(u64),
    /// None are left; so many were used.
    Denied(u64),
}

/// What a gate's item says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub used: Option<u64>,
    /// The sum of the days it was last brought up to.
    pub days: Option<u64>,
}

impl QuotaGate {
    /// The gate of a user in a month.
    pub fn of(user_email: &Email, month: Month) -> Self {
        Self { pk: usage_partition(&Subject::User(user_email.clone())), sk: format!("{month}{GATE}") }
    }

    /// Its partition, which is its user's.
    pub fn partition(&self) -> &str {
        &self.pk
    }

    /// How the sort keys of the calls of its month begin.
    pub fn calls(&self) -> String {
        behind_gate(&self.sk).unwrap_or_default()
    }

    /// Its sort key: it sorts behind the calls and days of its month.
    pub fn sort(&self) -> &str {
        &self.sk
    }
}

impl Reading {
    /// What an item says; nothing where it is none.
    pub fn of(item: Option<&Item>) -> Self {
        let value = |name| item.and_then(|item| integer(item, name)).and_then(|value| u64::try_from(value).ok());
        Self { used: value(USED), days: value(DAYS) }
    }
}

impl Waiting {
    /// The gate that an item holds, if it is one.
    pub fn of(item: &Item) -> Option<Self> {
        let gate = QuotaGate { pk: string(item, PK), sk: string(item, SK) };
        let used = Reading::of(Some(item)).used.filter(|_| gate.sk.ends_with(GATE))?;
        Some(Self { gate, used })
    }

    pub const fn gate(&self) -> &QuotaGate {
        &self.gate
    }
}

impl QuotaGates {
    /// The gates of a usage table.
    pub const fn new(usage: Table) -> Self {
        Self { usage }
    }

    /// Lets a call pass if fewer than `limit` have, `counted` of which at least are known from elsewhere.
    ///
    /// # Errors
    /// When a request fails. The call may have been added then: the write is not repeated, because it is an addition.
    pub async fn pass(&self, gate: &QuotaGate, counted: u64, limit: u64) -> Result<Admission, TableError> {
        for _ in 0..TRIES {
            let used = match self.add(gate, counted, limit).await? {
                Ok(used) => return Ok(Admission::Admitted(used)),
                Err(used) => used,
            };
            match used {
                Some(used) if used >= limit => return Ok(Admission::Denied(used)),
                _ if counted >= limit => return Ok(Admission::Denied(counted)),
                _ => self.raise(gate, counted).await?,
            }
        }
        Err(self.usage.not_asked("UpdateItem", &"the gate moved at every try"))
    }

    /// Adds one where the number is at least `counted` and below the limit, or tells what it is.
    async fn add(&self, gate: &QuotaGate, counted: u64, limit: u64) -> Result<Result<u64, Option<u64>>, TableError> {
        let request = self
            .update(gate)
            .update_expression("SET #used = #used + :one")
            .condition_expression("#used >= :counted AND #used < :limit")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":counted", number(counted))
            .expression_attribute_values(":limit", number(limit))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        // A repetition of a write that did happen would add a second time.
        let once = aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
        for _ in 0..TRIES {
            let error = match request.clone().customize().config_override(once.clone()).send().await {
                Ok(answer) => return Ok(Ok(Reading::of(answer.attributes()).used.unwrap_or(counted))),
                Err(error) => error,
            };
            if error.code() == Some("TransactionConflictException") {
                tokio::time::sleep(WAIT).await;
                continue;
            }
            return match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(old)) => Ok(Err(Reading::of(old.item()).used)),
                _ => Err(self.usage.failed("UpdateItem", &error)),
            };
        }
        Err(self.usage.not_asked("UpdateItem", &"transactions were in the way at every try"))
    }

    /// Raises the number to what was counted, if it is lower.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn raise(&self, gate: &QuotaGate, counted: u64) -> Result<(), TableError> {
        let request = self
            .update(gate)
            .update_expression("SET #used = :counted")
            .condition_expression("attribute_not_exists(#used) OR #used < :counted")
            .expression_attribute_values(":counted", number(counted));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| self.usage.failed("UpdateItem", &error))
    }

    /// Sets the number and the sum of days it was counted with, unless it has moved since it was `before`.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn settle(
        &self,
        gate: &QuotaGate,
        before: Option<u64>,
        used: u64,
        days: u64,
    ) -> Result<bool, TableError> {
        let request = self
            .update(gate)
            .update_expression("SET #used = :used, #days = :days")
            .expression_attribute_names("#days", DAYS)
            .expression_attribute_values(":used", number(used))
            .expression_attribute_values(":days", number(days));
        let request = match before {
            None => request.condition_expression("attribute_not_exists(#used)"),
            Some(before) => {
                request.condition_expression("#used = :before").expression_attribute_values(":before", number(before))
            }
        };
        let answer = unless_condition_failed(request.send().await);
        Ok(answer.map_err(|error| self.usage.failed("UpdateItem", &error))?.is_some())
    }

    /// The calls of the days of a gate's month, and what the gate itself says. Of a day that cannot be read the gate alone
    /// knows the calls.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn days(&self, gate: &QuotaGate, month: Month) -> Result<(u64, Reading), TableError> {
        let sort = Sort::Between(format!("{month}{DAY}"), gate.sort().into());
        let mut items = self.usage.query(gate.partition(), sort, Consistency::Strong).await?;
        let item = items.pop_if(|item| string(item, SK) == gate.sort());
        let mut calls = 0;
        for item in &items {
            calls += readable(self.usage.json::<Usage>(item, USAGE))?.map_or(0, |usage| usage.calls);
        }
        Ok((calls, Reading::of(item.as_ref())))
    }

    /// Takes note that the journal holds no more calls of a gate, unless it has let one pass since.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn release(&self, waiting: &Waiting) -> Result<(), TableError> {
        let request = self
            .update(&waiting.gate)
            .update_expression("REMOVE #pending")
            .condition_expression("#used = :used")
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_values(":used", number(waiting.used));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| self.usage.failed("UpdateItem", &error))
    }

    /// The part of a transaction that lets a call pass if fewer than `limit` have, and says that the journal keeps it.
    /// The index of what waits is written with the first such call alone: a value that stays costs it nothing.
    pub fn part(&self, gate: &QuotaGate, bucket: Bucket, limit: u64) -> Result<Update, TableError> {
        let part = Update::builder()
            .table_name(self.usage.name())
            .key(PK, text(&gate.pk))
            .key(SK, text(&gate.sk))
            .update_expression("SET #used = if_not_exists(#used, :zero) + :one, #pending = :bucket")
            // An absent number is below every limit but none at all.
            .condition_expression("(attribute_not_exists(#used) AND :zero < :limit) OR #used < :limit")
            .expression_attribute_names("#used", USED)
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_values(":bucket", text(bucket.to_string()))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":limit", number(limit))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        part.build().map_err(|error| self.usage.not_asked("TransactWriteItems", &error))
    }

    fn update(&self, gate: &QuotaGate) -> UpdateItemFluentBuilder {
        let request = self.usage.client().update_item().table_name(self.usage.name());
        request.key(PK, text(&gate.pk)).key(SK, text(&gate.sk)).expression_attribute_names("#used", USED)
    }
}

#[cfg(test)]
mod tests {
    use dynamodb_fixture::Fixture;
    use futures::future::join_all;
    use jiff::Timestamp;

    use super::*;

    async fn gates() -> (Fixture, QuotaGates, QuotaGate) {
        let fixture = Fixture::start().await;
        let gates = QuotaGates::new(Table::new(fixture.client.clone(), fixture.usage_table()));
        let now: Timestamp = "2026-11-24T10:15:30Z".parse().unwrap();
        (fixture, gates, QuotaGate::of(&"a@example.com".parse().unwrap(), Month::of(now)))
    }

    #[tokio::test]
    async fn of_many_calls_at_once_as_many_pass_as_are_left() {
        let (_fixture, gates, gate) = gates().await;
        let admissions = join_all((0..50).map(|_| gates.pass(&gate, 97, 100))).await;
        let passed = admissions.iter().filter(|admission| matches!(admission, Ok(Admission::Admitted(_)))).count();
        assert_eq!(passed, 3);
        assert!(
            admissions
                .iter()
                .all(|admission| matches!(admission, Ok(Admission::Admitted(98..=100) | Admission::Denied(100))))
        );
    }

    #[tokio::test]
    async fn a_gate_follows_what_was_counted_and_never_falls_behind_it() {
        let (_fixture, gates, gate) = gates().await;
        assert_eq!(gates.pass(&gate, 5, 100).await.unwrap(), Admission::Admitted(6));
        assert_eq!(gates.pass(&gate, 0, 100).await.unwrap(), Admission::Admitted(7));
        assert_eq!(gates.pass(&gate, 50, 100).await.unwrap(), Admission::Admitted(51));
        assert_eq!(gates.pass(&gate, 100, 100).await.unwrap(), Admission::Denied(100));
        assert_eq!(gates.pass(&gate, 0, 51).await.unwrap(), Admission::Denied(51));
    }

    #[tokio::test]
    async fn a_gate_is_settled_only_as_it_was_read() {
        let (_fixture, gates, gate) = gates().await;
        assert!(gates.settle(&gate, None, 10, 8).await.unwrap());
        assert!(!gates.settle(&gate, None, 11, 8).await.unwrap());
        assert!(!gates.settle(&gate, Some(9), 11, 8).await.unwrap());
        assert!(gates.settle(&gate, Some(10), 11, 9).await.unwrap());
        assert_eq!(gates.pass(&gate, 0, 100).await.unwrap(), Admission::Admitted(12));
    }
}
