//! An alert: that a user has reached a threshold of the month's quota, or will use it up before the month is over.
//!
//! Invariant: an alert is named by user, month and kind alone, so that whoever makes it again makes the same one.

use std::collections::BTreeMap;

use contract::plan::Plans;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::cloud_event::CloudEvent;
use crate::email::Email;
use crate::event::{Event, EventType};
use crate::hex;
use crate::quota::Quota;
use crate::window::{Hour, Month, iso_millis};

/// What CloudEvents call an alert that a threshold is reached.
pub const THRESHOLD_TYPE: &str = "com.complical.usage.threshold";
/// What they call one that a quota will run out.
pub const RUN_OUT_TYPE: &str = "com.complical.usage.run-out";
/// What stands for that kind in an alert's id.
const RUN_OUT: &str = "run-out";

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Whose quota it is.
    pub user_email: Email,
    /// What they are told.
    pub kind: Kind,
    /// The quota when that was known. Several thresholds may be passed at once.
    pub quota: Quota,
    /// When that was; the alert is of this instant's month.
    pub at: Timestamp,
}

/// What a user is told of their quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A threshold is reached, in percent of the quota.
    Threshold(u64),
    /// It will be used up in this month: as expected, in this hour, and by the 80 % band of the forecast at any rate.
    RunOut(Hour),
}

/// The alerts that some events ask for, each once: the earliest event that tells of a threshold decides.
#[derive(Clone, Debug, Default)]
pub struct Alerts(BTreeMap<(Email, Month), Reached>);

/// When each threshold, in percent, was known to be reached, and with what quota.
type Reached = BTreeMap<u64, (Timestamp, Quota)>;

/// What an alert says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Data<'a> {
    user_email: &'a str,
    period: Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs_out_at: Option<String>,
    used: u64,
    limit: u64,
    remaining: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Period {
    start: String,
    end: String,
}

impl Alert {
    /// The month whose quota it is.
    pub fn month(&self) -> Month {
        Month::of(self.at)
    }

    /// Thirty-two characters that stand for user, month and kind.
    pub fn id(&self) -> String {
        // The user's name comes last: whatever it holds, nothing else reads the same.
        let name = format!("{}\n{}\n{}", self.month(), self.kind.name(), self.user_email);
        hex::encode(&Sha256::digest(name)[..16])
    }

    /// The alert as it is sent; `source` names the deployment that it is from.
    pub fn cloud_event<'a>(&'a self, source: &'a str) -> CloudEvent<'a, Data<'a>> {
        let (user_email, month) = (self.user_email.as_str(), self.month());
        let data = Data {
            user_email,
            period: Period { start: iso_millis(month.start()), end: iso_millis(month.end()) },
            threshold: self.kind.threshold(),
            runs_out_at: self.kind.runs_out().map(|hour| iso_millis(hour.start())),
            used: self.quota.used,
            limit: self.quota.limit,
            remaining: self.quota.remaining(),
        };
        CloudEvent::new(self.id(), source, self.kind.event_type(), user_email, self.at, data)
    }
}

impl Kind {
    /// The threshold, if it is one.
    pub const fn threshold(self) -> Option<u64> {
        match self {
            Self::Threshold(threshold) => Some(threshold),
            Self::RunOut(_) => None,
        }
    }

    /// When the quota runs out, if that is what is told.
    pub const fn runs_out(self) -> Option<Hour> {
        match self {
            Self::Threshold(_) => None,
            Self::RunOut(hour) => Some(hour),
        }
    }

    fn name(self) -> String {
        self.threshold().map_or_else(|| RUN_OUT.to_owned(), |threshold| threshold.to_string())
    }

    const fn event_type(self) -> &'static str {
        match self {
            Self::Threshold(_) => THRESHOLD_TYPE,
            Self::RunOut(_) => RUN_OUT_TYPE,
        }
    }
}

impl Alerts {
    /// Takes note of what an event tells of a quota, if it does. One that tells of a threshold tells of those of the
    /// user's plan that are below it: a call may lead past several.
    pub fn note(&mut self, event: &Event, plans: &Plans) {
        let used = match event.event_type {
            EventType::Threshold => event.usage,
            EventType::RateLimited => event.current_usage,
            EventType::Call | EventType::AuthFailed | EventType::AuthError => None,
        };
        let (Some(user), Some(used), Some(limit)) = (&event.user_email, used, event.limit) else { return };
        let quota = Quota { used, limit };
        for threshold in quota.reached(plans.thresholds(event.plan.as_ref())) {
            let known = self.0.entry((user.clone(), Month::of(event.timestamp))).or_default();
            let first = known.entry(threshold).or_insert((event.timestamp, quota));
            if (event.timestamp, used, limit) < (first.0, first.1.used, first.1.limit) {
                *first = (event.timestamp, quota);
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The alerts of each user and month, lowest threshold first; none of these is empty.
    pub fn by_user(&self) -> impl Iterator<Item = Vec<Alert>> {
        self.0.iter().map(|((user_email, _), known)| {
            let alert = |(threshold, (at, quota)): (&u64, &(Timestamp, Quota))| {
                let kind = Kind::Threshold(*threshold);
                Alert { user_email: user_email.clone(), kind, quota: *quota, at: *at }
            };
            known.iter().map(alert).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use contract::plan::THRESHOLDS;
    use serde_json::json;

    use super::*;

    fn event(kind: &str, at: &str, used: u64, limit: u64) -> Event {
        let (usage, threshold) = if kind == "USAGE_THRESHOLD" { ("usage", 50) } else { ("currentUsage", 0) };
        let event = json!({ "eventType": kind, "requestId": "1", "timestamp": at, "userEmail": "a@b.au",
            "threshold": threshold, usage: used, "limit": limit });
        serde_json::from_value(event).unwrap()
    }

    fn alerts(events: &[Event]) -> Vec<(u64, u64, String)> {
        let (mut alerts, plans) = (Alerts::default(), "pro=60,95 quiet=".parse().unwrap());
        events.iter().for_each(|event| alerts.note(event, &plans));
        let alerts = alerts.by_user().flatten();
        alerts.map(|alert| (alert.kind.threshold().unwrap(), alert.quota.used, alert.at.to_string())).collect()
    }

    #[test]
    fn an_event_tells_of_every_threshold_that_it_is_past_and_the_first_to_tell_is_named() {
        let (early, late) = ("2026-11-24T10:15:07Z", "2026-11-24T10:15:09Z");
        let events = [event("USAGE_THRESHOLD", late, 9, 10), event("USAGE_THRESHOLD", early, 5, 10)];
        let expected = [(50, 5, early), (80, 9, late), (90, 9, late)].map(|(t, used, at)| (t, used, at.to_owned()));
        assert_eq!(alerts(&events), expected);
        let refused = [event("API_RATE_LIMITED", late, 7, 5)];
        assert_eq!(alerts(&refused).iter().map(|(threshold, ..)| *threshold).collect::<Vec<_>>(), THRESHOLDS);
        for nothing in [event("API_CALL", late, 9, 10), event("USAGE_THRESHOLD", late, 4, 10)] {
            assert!(alerts(&[nothing]).is_empty());
        }
    }

    #[test]
    fn an_event_tells_of_the_thresholds_of_its_plan_alone() {
        let of_plan = |plan: &str| {
            let plan = plan.parse().ok();
            alerts(&[Event { plan, ..event("API_RATE_LIMITED", "2026-11-24T10:15:07Z", 9, 10) }])
        };
        let told = |plan| of_plan(plan).iter().map(|(threshold, ..)| *threshold).collect::<Vec<_>>();
        assert_eq!((told("pro"), told("quiet"), told("another")), (vec![60], vec![], vec![50, 80, 90]));
    }

    #[test]
    fn an_id_is_of_user_month_and_kind_and_of_nothing_else() {
        let alert = |at: &str, threshold, used| Alert {
            user_email: "a@b.au".parse().unwrap(),
            kind: Kind::Threshold(threshold),
            quota: Quota { used, limit: 10 },
            at: at.parse().unwrap(),
        };
        let one = alert("2026-11-24T10:15:07Z", 50, 5);
        assert_eq!(one.id(), alert("2026-11-30T23:59:59Z", 50, 7).id());
        let others = [alert("2026-12-01T00:00:00Z", 50, 5), alert("2026-11-24T10:15:07Z", 80, 8)];
        let other = Alert { user_email: "b@b.au".parse().unwrap(), ..one.clone() };
        let run_out = |hour: &str| Alert { kind: Kind::RunOut(hour.parse().unwrap()), ..one.clone() };
        assert_eq!(run_out("2026-11-28T07").id(), run_out("2026-11-29T09").id());
        assert!(others.iter().chain([&other, &run_out("2026-11-28T07")]).all(|other| other.id() != one.id()));
    }

    #[test]
    fn an_alert_is_sent_as_a_cloud_event() {
        let alert = Alert {
            user_email: "a@b.au".parse().unwrap(),
            kind: Kind::Threshold(80),
            quota: Quota { used: 8, limit: 10 },
            at: "2026-11-24T10:15:07.5Z".parse().unwrap(),
        };
        let expected = json!({
            "specversion": "1.0", "id": alert.id(), "source": "/test", "type": "com.complical.usage.threshold",
            "subject": "a@b.au", "time": "2026-11-24T10:15:07.500Z", "datacontenttype": "application/json",
            "data": {
                "userEmail": "a@b.au", "threshold": 80, "used": 8, "limit": 10, "remaining": 2,
                "period": {"start": "2026-11-01T00:00:00.000Z", "end": "2026-12-01T00:00:00.000Z"},
            },
        });
        assert_eq!(serde_json::to_value(alert.cloud_event("/test")).unwrap(), expected);
        let run_out = Alert { kind: Kind::RunOut("2026-11-28T07".parse().unwrap()), ..alert };
        let event = serde_json::to_value(run_out.cloud_event("/test")).unwrap();
        assert_eq!(event["type"], "com.complical.usage.run-out");
        assert_eq!(
            (&event["data"]["runsOutAt"], &event["data"]["threshold"]),
            (&json!("2026-11-28T07:00:00.000Z"), &json!(null))
        );
    }
}
