//! Anomalies that were found: each is an item, made by whoever is to announce it.
//!
//! Invariant: of all who find an anomaly one announces it, and another only where that one ended between sending and
//! noting it: whoever has a claim sends, and a claim is good until its run must be over.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use contract::limit::HISTORY_DAYS;
use contract::table::{PK, SK, TTL};
use jiff::{SignedDuration, Timestamp};
use metering::anomaly::{Anomaly, Series, step_of};
use metering::email::Email;
use metering::window::{Day, Minute, Month, iso_millis};

use crate::blocks::after_days;
use crate::table::{
    Consistency, Item, Sort, Table, TableError, number, present, readable, string, text, unless_condition_failed,
};

/// How the partitions begin: one for each month.
const PARTITION: &str = "ANOMALIES#";
/// How long a claim is good: longer than a run of the aggregator may take.
const CLAIM: SignedDuration = SignedDuration::from_secs(120);

const EXPECTED: &str = "expected";
const OBSERVED: &str = "observed";
const SCORE: &str = "score";
const END: &str = "end";
const CLAIMED_AT: &str = "claimedAt";
const SENT_AT: &str = "sentAt";

/// The analytics table's anomalies.
#[derive(Clone, Debug)]
pub struct Anomalies {
    table: Table,
}

/// Whose an anomaly that was found is to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announcement {
    /// The caller's.
    Ours,
    /// Another's, who may be at it.
    Anothers,
    /// Nobody's: it was announced, or is not on record and too old to be.
    Done,
}

impl Anomalies {
    /// The anomalies of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Claims the announcement of an anomaly, which is made where there is none if it `is_new`.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn claim(&self, anomaly: &Anomaly, is_new: bool, now: Timestamp) -> Result<Announcement, TableError> {
        let (pk, sk) = key(anomaly);
        let known = self.table.get(&pk, &sk, Consistency::Strong).await?;
        if known.map_or(!is_new, |item| item.contains_key(SENT_AT)) {
            return Ok(Announcement::Done);
        }
        let request = self
            .update(anomaly)
            .update_expression(
                "SET #expected = :expected, #observed = :observed, #score = :score, #claimed = :now, #ttl = :ttl",
            )
            .condition_expression(
                "attribute_not_exists(#sent) AND (attribute_not_exists(#claimed) OR #claimed <= :over)",
            )
            .expression_attribute_names("#expected", EXPECTED)
            .expression_attribute_names("#observed", OBSERVED)
            .expression_attribute_names("#score", SCORE)
            .expression_attribute_names("#claimed", CLAIMED_AT)
            .expression_attribute_names("#sent", SENT_AT)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":expected", number(anomaly.expected))
            .expression_attribute_values(":observed", number(anomaly.observed))
            .expression_attribute_values(":score", number(anomaly.score))
            .expression_attribute_values(":now", text(iso_millis(now)))
            .expression_attribute_values(":over", text(iso_millis(now - CLAIM)))
            .expression_attribute_values(":ttl", number(after_days(anomaly.at(), HISTORY_DAYS)));
        Ok(if self.carry_out(request).await? { Announcement::Ours } else { Announcement::Anothers })
    }

    /// Takes note that an anomaly was announced.
    ///
    /// # Errors
    /// When the request fails: it is announced again then, when the claim is over.
    pub async fn sent(&self, anomaly: &Anomaly, now: Timestamp) -> Result<(), TableError> {
        let request = self
            .update(anomaly)
            .update_expression("SET #sent = :now")
            .expression_attribute_names("#sent", SENT_AT)
            .expression_attribute_values(":now", text(iso_millis(now)));
        self.carry_out(request).await.map(drop)
    }

    /// Takes note that an anomaly is over, if it is on record.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn end(&self, anomaly: &Anomaly, end: Minute) -> Result<(), TableError> {
        let request = self
            .update(anomaly)
            .update_expression("SET #end = :end")
            .condition_expression("attribute_exists(#claimed) AND attribute_not_exists(#end)")
            .expression_attribute_names("#claimed", CLAIMED_AT)
            .expression_attribute_names("#end", END)
            .expression_attribute_values(":end", text(end.to_string()));
        self.carry_out(request).await.map(drop)
    }

    /// The anomalies of everybody's calls and of each user's, or of one user's alone, that began from one day to
    /// another, oldest first.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn between(&self, user: Option<&Email>, first: Day, last: Day) -> Result<Vec<Anomaly>, TableError> {
        let mut found = Vec::new();
        let mut month_end = last;
        while month_end >= first {
            let month = month_end.month();
            found.extend(self.of_month(month, Sort::All, Consistency::Eventual).await?);
            month_end = Day::of(month.start()).plus(-1);
        }
        let is_asked = |anomaly: &Anomaly| user.is_none() || anomaly.series.user.as_ref() == user;
        found.retain(|anomaly| (first..=last).contains(&anomaly.begin.day()) && is_asked(anomaly));
        found.sort_by(|one, other| (one.begin, &one.series).cmp(&(other.begin, &other.series)));
        Ok(found)
    }

    /// The one on record that is the same event as an anomaly: of the same series, begun no more minutes from it than
    /// these, and neither over before the other began. Of several the one that begins nearest.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn same_as(&self, anomaly: &Anomaly, within: i64) -> Result<Option<Anomaly>, TableError> {
        let Anomaly { series, begin, .. } = anomaly;
        let (first, last) = (begin.plus(-within), begin.plus(within));
        let mut months = vec![first.day().month(), last.day().month()];
        months.dedup();
        let mut found = Vec::new();
        for month in months {
            // Whose it is follows the time, so that the end is the step after the last.
            let near = Sort::Between(series.step.text(first), series.step.text(last.plus(series.step.minutes())));
            found.extend(self.of_month(month, near, Consistency::Strong).await?);
        }
        let is_over_before = |one: &Anomaly, other: &Anomaly| one.end.is_some_and(|end| end <= other.begin);
        found.retain(|known| {
            known.series == *series && !is_over_before(known, anomaly) && !is_over_before(anomaly, known)
        });
        Ok(found.into_iter().min_by_key(|known| known.begin.since(*begin).abs()))
    }

    async fn of_month(&self, month: Month, sort: Sort, consistency: Consistency) -> Result<Vec<Anomaly>, TableError> {
        let items = self.table.query(&partition(month), sort, consistency).await?;
        items.iter().filter_map(|item| readable(self.anomaly(item)).transpose()).collect()
    }

    fn anomaly(&self, item: &Item) -> Result<Anomaly, TableError> {
        let sort = string(item, SK);
        let (at, user) = sort.split_once('#').ok_or_else(|| self.table.malformed(item, SK))?;
        let (step, begin) = step_of(at).map_err(|_| self.table.malformed(item, SK))?;
        let calls = |attribute| {
            let calls = item.get(attribute).and_then(|value| value.as_n().ok()).and_then(|calls| calls.parse().ok());
            calls.ok_or_else(|| self.table.malformed(item, attribute))
        };
        Ok(Anomaly {
            series: Series { user: (!user.is_empty()).then(|| Email::as_stored(user)), step },
            begin,
            end: present(item, END).and_then(|end| end.parse().ok()),
            expected: calls(EXPECTED)?,
            observed: calls(OBSERVED)?,
            score: calls(SCORE)?,
        })
    }

    fn update(&self, anomaly: &Anomaly) -> UpdateItemFluentBuilder {
        let (pk, sk) = key(anomaly);
        self.table.client().update_item().table_name(self.table.name()).key(PK, text(pk)).key(SK, text(sk))
    }

    /// Whether a write was done: its condition held.
    async fn carry_out(&self, request: UpdateItemFluentBuilder) -> Result<bool, TableError> {
        let answer = unless_condition_failed(request.send().await);
        Ok(answer.map_err(|error| self.table.failed("UpdateItem", &error))?.is_some())
    }
}

fn partition(month: Month) -> String {
    format!("{PARTITION}{month}")
}

/// By time and then by whose it is: nothing for everybody.
fn key(anomaly: &Anomaly) -> (String, String) {
    let user = anomaly.series.user.as_ref().map_or("", Email::as_str);
    (partition(anomaly.begin.day().month()), format!("{}#{user}", anomaly.step_text()))
}
