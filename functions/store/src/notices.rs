//! What users were told of their quotas: each alert is an item beside its user's month, made before it is sent.
//!
//! Invariant: an alert is made once, whoever makes it and however often. Only who has claimed it sends it, and a claim is
//! good until its run must be over: an alert is sent again only where a sender ended between sending and noting that.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use contract::table::{PENDING, PENDING_JOURNALS, PK, SK};
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use metering::alert::{Alert, Kind};
use metering::email::Email;
use metering::quota::Quota;
use metering::subject::Subject;
use metering::window::{Hour, Month, iso_millis};

use crate::table::{
    CONCURRENCY, Consistency, Item, Sort, Table, TableError, integer, number, present, string, text,
    unless_condition_failed,
};
use crate::windows::usage_partition;

mod watched;

/// What the sort key of an alert has between its month and its kind: `2026-11#NOTICE#080`, `2026-11#NOTICE#RUNOUT`.
const NOTICE: &str = "#NOTICE#";
/// What the index of what waits has of an alert that is not sent yet, in the place of a journal's bucket.
const UNSENT: &str = "NOTICES";
/// How long a claim is good: longer than a run of the aggregator may take.
const CLAIM: SignedDuration = SignedDuration::from_secs(120);
/// Most alerts that are looked at in one run.
const LIMIT: i32 = 1_000;

const THRESHOLD: &str = "threshold";
const RUNS_OUT_AT: &str = "runsOutAt";
const USED: &str = "used";
const QUOTA: &str = "limit";
const AT: &str = "at";
const CLAIMED_AT: &str = "claimedAt";
const SENT_AT: &str = "sentAt";

/// The usage table's alerts.
#[derive(Clone, Debug)]
pub struct Notices {
    usage: Table,
}

/// An alert as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The alert.
    pub alert: Alert,
    /// When it was sent; nothing while it is not.
    pub sent_at: Option<Timestamp>,
    /// When somebody last set out to send it.
    claimed_at: String,
}

/// An alert that is to be sent, by nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim(Alert);

impl Claim {
    /// The alert.
    pub const fn alert(&self) -> &Alert {
        let Self(alert) = self;
        alert
    }
}

impl Notices {
    /// The alerts of a usage table.
    pub const fn new(usage: Table) -> Self {
        Self { usage }
    }

    /// Makes the alerts of some users, each user's of one month, lowest threshold first, as far as there are none yet;
    /// returns those made, which are the caller's to send.
    ///
    /// # Errors
    /// When a request fails. Some may be made then; making all of them again is right.
    pub async fn make(
        &self,
        by_user: impl IntoIterator<Item = Vec<Alert>>,
        now: Timestamp,
    ) -> Result<Vec<Claim>, TableError> {
        let by_user: Vec<_> = by_user.into_iter().collect();
        // A user's are made in order, so that the highest says that all are there. It is looked at first, because a
        // refused write costs as much as one.
        let highest = |alerts: &Vec<Alert>| alerts.last().map(key);
        let known = self.usage.get_all(by_user.iter().filter_map(highest)).await?;
        let known: Vec<_> = known.iter().map(|item| (string(item, PK), string(item, SK))).collect();
        let missing = by_user.into_iter().filter(|alerts| highest(alerts).is_some_and(|key| !known.contains(&key)));
        let made = missing.map(|alerts| self.make_in_order(alerts, now));
        let made: Vec<_> = futures::stream::iter(made).buffer_unordered(CONCURRENCY).try_collect().await?;
        Ok(made.into_iter().flatten().collect())
    }

    async fn make_in_order(&self, alerts: Vec<Alert>, now: Timestamp) -> Result<Vec<Claim>, TableError> {
        // Before any of them: the highest alert says that the user is watched, too.
        if let Some(alert) = alerts.last().filter(|alert| !alert.quota.is_exhausted()) {
            self.watch(&alert.user_email, alert.month()).await?;
        }
        let mut made = Vec::new();
        for alert in alerts {
            let request = self.make_one(&alert, now).condition_expression("attribute_not_exists(#pk)");
            if self.carry_out(request.expression_attribute_names("#pk", PK)).await? {
                made.push(Claim(alert));
            }
        }
        Ok(made)
    }

    /// What makes an alert; the caller says under which condition.
    fn make_one(&self, alert: &Alert, now: Timestamp) -> UpdateItemFluentBuilder {
        let (name, value) = match alert.kind {
            Kind::Threshold(threshold) => (THRESHOLD, number(threshold)),
            Kind::RunOut(hour) => (RUNS_OUT_AT, text(hour.to_string())),
        };
        self.update(alert)
            .update_expression(
                "SET #kind = :kind, #used = :used, #limit = :limit, #at = :at, #claimed = :now, #pending = :unsent",
            )
            .expression_attribute_names("#kind", name)
            .expression_attribute_names("#used", USED)
            .expression_attribute_names("#limit", QUOTA)
            .expression_attribute_names("#at", AT)
            .expression_attribute_names("#claimed", CLAIMED_AT)
            .expression_attribute_values(":kind", value)
            .expression_attribute_values(":used", number(alert.quota.used))
            .expression_attribute_values(":limit", number(alert.quota.limit))
            .expression_attribute_values(":at", text(iso_millis(alert.at)))
            .expression_attribute_values(":now", text(iso_millis(now)))
            .expression_attribute_values(":unsent", text(UNSENT))
    }

    /// Claims alerts that an earlier run has made and not sent, as far as no other run may still be at it. One that was
    /// made within the last moments may be missing.
    ///
    /// # Errors
    /// When a request fails. What has been claimed is claimed again when that claim is over.
    pub async fn claim(&self, now: Timestamp) -> Result<Vec<Claim>, TableError> {
        let request = self.usage.client().query().table_name(self.usage.name()).index_name(PENDING_JOURNALS);
        let request = request
            .key_condition_expression("#pending = :unsent")
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_values(":unsent", text(UNSENT));
        let answer = request.limit(LIMIT).send().await.map_err(|error| self.usage.failed("Query", &error))?;
        let items = self.usage.get_all(answer.items().iter().map(|item| (string(item, PK), string(item, SK)))).await?;
        let over = iso_millis(now - CLAIM);
        let waiting = items.iter().filter_map(notice_of);
        let waiting = waiting.filter(|notice| notice.sent_at.is_none() && notice.claimed_at <= over);
        let claims = waiting.map(|notice| self.claim_one(notice, now));
        let claims: Vec<_> = futures::stream::iter(claims).buffer_unordered(CONCURRENCY).try_collect().await?;
        Ok(claims.into_iter().flatten().collect())
    }

    async fn claim_one(&self, notice: Notice, now: Timestamp) -> Result<Option<Claim>, TableError> {
        let Notice { alert, claimed_at, .. } = notice;
        let request = self
            .update(&alert)
            .update_expression("SET #claimed = :now")
            .condition_expression("#claimed = :before AND #pending = :unsent")
            .expression_attribute_names("#claimed", CLAIMED_AT)
            .expression_attribute_values(":now", text(iso_millis(now)))
            .expression_attribute_values(":before", text(claimed_at))
            .expression_attribute_values(":unsent", text(UNSENT));
        Ok(self.carry_out(request).await?.then_some(Claim(alert)))
    }

    /// Takes note that an alert was sent.
    ///
    /// # Errors
    /// When the request fails: it is sent again then, when the claim is over.
    pub async fn sent(&self, Claim(alert): &Claim, now: Timestamp) -> Result<(), TableError> {
        let request = self
            .update(alert)
            .update_expression("SET #sent = :now REMOVE #pending")
            .expression_attribute_names("#sent", SENT_AT)
            .expression_attribute_values(":now", text(iso_millis(now)));
        self.carry_out(request).await.map(drop)
    }

    /// A user's alerts of a month, lowest threshold first, and then that the quota will run out.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn of_month(&self, user_email: &Email, month: Month) -> Result<Vec<Notice>, TableError> {
        let sort = Sort::Prefix(format!("{month}{NOTICE}"));
        let items = self.usage.query(&partition(user_email), sort, Consistency::Strong).await?;
        Ok(items.iter().filter_map(notice_of).collect())
    }

    fn update(&self, alert: &Alert) -> UpdateItemFluentBuilder {
        self.update_at(key(alert))
    }

    fn update_at(&self, (pk, sk): (String, String)) -> UpdateItemFluentBuilder {
        let request = self.usage.client().update_item().table_name(self.usage.name());
        request.key(PK, text(pk)).key(SK, text(sk)).expression_attribute_names("#pending", PENDING)
    }

    /// Whether a write was done: its condition held.
    async fn carry_out(&self, request: UpdateItemFluentBuilder) -> Result<bool, TableError> {
        let answer = unless_condition_failed(request.send().await);
        Ok(answer.map_err(|error| self.usage.failed("UpdateItem", &error))?.is_some())
    }
}

fn partition(user_email: &Email) -> String {
    usage_partition(&Subject::User(user_email.clone()))
}

fn key(alert: &Alert) -> (String, String) {
    match alert.kind {
        Kind::Threshold(threshold) => {
            (partition(&alert.user_email), format!("{}{NOTICE}{threshold:03}", alert.month()))
        }
        Kind::RunOut(_) => watched::key(&alert.user_email, alert.month()),
    }
}

/// The alert that an item holds. One that cannot be read stays, for a person to look at, and holds up no other.
fn notice_of(item: &Item) -> Option<Notice> {
    if watched::is_watched(item) {
        return None;
    }
    let count = |name| integer(item, name).and_then(|value| u64::try_from(value).ok());
    let alert = || {
        Some(Alert {
            user_email: Email::as_stored(string(item, PK).strip_prefix(contract::table::USER)?),
            kind: match present(item, RUNS_OUT_AT) {
                Some(hour) => Kind::RunOut(hour.parse::<Hour>().ok()?),
                None => Kind::Threshold(count(THRESHOLD)?),
            },
            quota: Quota { used: count(USED)?, limit: count(QUOTA)? },
            at: string(item, AT).parse().ok()?,
        })
    };
    let alert = alert();
    if alert.is_none() {
        tracing::error!(key = string(item, SK), "an alert cannot be read");
    }
    let sent_at = present(item, SENT_AT).and_then(|at| at.parse().ok());
    Some(Notice { alert: alert?, sent_at, claimed_at: string(item, CLAIMED_AT) })
}

#[cfg(test)]
mod tests;
