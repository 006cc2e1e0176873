//! Anomalies that were found: each is an item of the list of all, made by whoever is to announce it, and a user's one of
//! their own list as well.
//!
//! Invariant: of all who find an anomaly one announces it, and another only where that one ended between sending and
//! noting it: whoever has a claim sends, and a claim is good until its run must be over. What was announced is in both
//! lists.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use contract::limit::RETENTION_DAYS;
use contract::table::{PK, SK, TTL};
use jiff::{SignedDuration, Timestamp};
use metering::anomaly::{Anomaly, Series, step_of};
use metering::email::Email;
use metering::window::{Minute, Month, iso_millis};

use crate::blocks::after_days;
use crate::table::{
    Consistency, Item, Sort, Table, TableError, number, present, readable, string, text, unless_condition_failed,
};

/// How the partitions begin: for each month one of all, and one of each user's.
const PARTITION: &str = "ANOMALIES#";
/// Most anomalies that are read at once: 300 read units where all names are as long as can be, and more than can begin in
/// an hour.
const MOST: i32 = 4_000;
/// How long a claim is good: longer than a run of the aggregator may take.
const CLAIM: SignedDuration = SignedDuration::from_secs(120);

/// Partition and sort key of an item.
type Key = (String, String);

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

/// Anomalies that began in a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Those that began since then, oldest first.
    pub anomalies: Vec<Anomaly>,
    /// The first minute that was asked for, or where there are too many the beginning of a later hour.
    pub since: Minute,
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
        let (pk, sk) = of_all(anomaly);
        let known = self.table.get(&pk, &sk, Consistency::Strong).await?;
        if known.map_or(!is_new, |item| item.contains_key(SENT_AT)) {
            return Ok(Announcement::Done);
        }
        let claim = self
            .set(of_all(anomaly), anomaly, ", #claimed = :now")
            .condition_expression(
                "attribute_not_exists(#sent) AND (attribute_not_exists(#claimed) OR #claimed <= :over)",
            )
            .expression_attribute_names("#claimed", CLAIMED_AT)
            .expression_attribute_names("#sent", SENT_AT)
            .expression_attribute_values(":now", text(iso_millis(now)))
            .expression_attribute_values(":over", text(iso_millis(now - CLAIM)));
        if !self.carry_out(claim).await? {
            return Ok(Announcement::Anothers);
        }
        if let Some(key) = of_user(anomaly) {
            self.carry_out(self.set(key, anomaly, "")).await?;
        }
        Ok(Announcement::Ours)
    }

    /// Takes note that an anomaly was announced.
    ///
    /// # Errors
    /// When the request fails: it is announced again then, when the claim is over.
    pub async fn sent(&self, anomaly: &Anomaly, now: Timestamp) -> Result<(), TableError> {
        let request = self
            .update(of_all(anomaly))
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
        for key in of_user(anomaly).into_iter().chain([of_all(anomaly)]) {
            let request = self
                .update(key)
                .update_expression("SET #end = :end")
                .condition_expression("attribute_exists(#expected) AND attribute_not_exists(#end)")
                .expression_attribute_names("#expected", EXPECTED)
                .expression_attribute_names("#end", END)
                .expression_attribute_values(":end", text(end.to_string()));
            self.carry_out(request).await?;
        }
        Ok(())
    }

    /// The anomalies of everybody's calls and of each user's, or of one user's alone, that began from one minute to
    /// another: of very many the latest.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn between(&self, user: Option<&Email>, first: Minute, last: Minute) -> Result<Found, TableError> {
        let (mut anomalies, mut left, mut end) = (Vec::new(), MOST, last);
        while end >= first && left > 0 {
            let month = end.day().month();
            let pages = self.table.pages(&partition(month, user), began(first, last), Consistency::Eventual);
            let mut pages = pages.newest_first();
            while left > 0
                && let Some(page) = pages.at_most(left).await?
            {
                left = left.saturating_sub(i32::try_from(page.len()).unwrap_or(i32::MAX));
                for item in &page {
                    anomalies.extend(readable(self.anomaly(item, user))?);
                }
            }
            end = Minute::of(month.start()).plus(-1);
        }
        let oldest = anomalies.last().filter(|_| left <= 0).map(|oldest: &Anomaly| oldest.begin.hour());
        let since = oldest.map_or(first, |hour| hour.plus(1).first_minute());
        anomalies.retain(|anomaly| anomaly.begin >= since);
        anomalies.sort_by(|one, other| (one.begin, &one.series).cmp(&(other.begin, &other.series)));
        Ok(Found { anomalies, since })
    }

    /// The one on record that is the same event as an anomaly: of the same series, begun no more minutes from it than
    /// these, and neither over before the other began. Of several the one that begins nearest.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn same_as(&self, anomaly: &Anomaly, within: i64) -> Result<Option<Anomaly>, TableError> {
        let Anomaly { series, begin, .. } = anomaly;
        let (user, first, last) = (series.user.as_ref(), begin.plus(-within), begin.plus(within));
        let mut months = vec![first.day().month(), last.day().month()];
        months.dedup();
        let mut found = Vec::new();
        for month in months {
            let items = self.table.query(&partition(month, user), began(first, last), Consistency::Strong).await?;
            for item in &items {
                found.extend(readable(self.anomaly(item, user))?);
            }
        }
        let is_over_before = |one: &Anomaly, other: &Anomaly| one.end.is_some_and(|end| end <= other.begin);
        found.retain(|known| {
            known.series == *series && !is_over_before(known, anomaly) && !is_over_before(anomaly, known)
        });
        Ok(found.into_iter().min_by_key(|known| known.begin.since(*begin).abs()))
    }

    /// The anomaly that an item of a user's list holds, or of that of all.
    fn anomaly(&self, item: &Item, user: Option<&Email>) -> Result<Anomaly, TableError> {
        let sort = string(item, SK);
        let (at, user) = match user {
            Some(user) => (sort.as_str(), user.as_str()),
            None => sort.split_once('#').ok_or_else(|| self.table.malformed(item, SK))?,
        };
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

    /// Sets what is known of an anomaly where it is listed, and more.
    fn set(&self, key: Key, anomaly: &Anomaly, more: &str) -> UpdateItemFluentBuilder {
        self.update(key)
            .update_expression(format!(
                "SET #expected = :expected, #observed = :observed, #score = :score, #ttl = :ttl{more}"
            ))
            .expression_attribute_names("#expected", EXPECTED)
            .expression_attribute_names("#observed", OBSERVED)
            .expression_attribute_names("#score", SCORE)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":expected", number(anomaly.expected))
            .expression_attribute_values(":observed", number(anomaly.observed))
            .expression_attribute_values(":score", number(anomaly.score))
            .expression_attribute_values(":ttl", number(after_days(anomaly.at(), RETENTION_DAYS)))
    }

    fn update(&self, (pk, sk): Key) -> UpdateItemFluentBuilder {
        self.table.client().update_item().table_name(self.table.name()).key(PK, text(pk)).key(SK, text(sk))
    }

    /// Whether a write was done: its condition held.
    async fn carry_out(&self, request: UpdateItemFluentBuilder) -> Result<bool, TableError> {
        let answer = unless_condition_failed(request.send().await);
        Ok(answer.map_err(|error| self.table.failed("UpdateItem", &error))?.is_some())
    }
}

/// A month's partition, of all or of a user's. A month has no `#`.
fn partition(month: Month, user: Option<&Email>) -> String {
    user.map_or_else(|| format!("{PARTITION}{month}"), |user| format!("{PARTITION}{month}#{user}"))
}

/// Where an anomaly is in the list of all: by time and then by whose it is, nothing for everybody.
fn of_all(anomaly: &Anomaly) -> Key {
    let user = anomaly.series.user.as_ref().map_or("", Email::as_str);
    (partition(anomaly.begin.day().month(), None), format!("{}#{user}", anomaly.step_text()))
}

/// Where it is in the list of the user whose it is.
fn of_user(anomaly: &Anomaly) -> Option<Key> {
    let user = anomaly.series.user.as_ref()?;
    Some((partition(anomaly.begin.day().month(), Some(user)), anomaly.step_text()))
}

/// The sort keys of those that began from one minute to another: each goes on with less than `~`.
fn began(first: Minute, last: Minute) -> Sort {
    Sort::Between(format!("{}~", first.plus(-1)), format!("{last}~"))
}
