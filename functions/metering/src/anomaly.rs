//! An anomaly: that calls of a user, or of everybody, were not what was to be expected.
//!
//! Invariant: an anomaly is named by whose calls they are, by step and beginning, so that whoever finds it again finds
//! the same one.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cloud_event::CloudEvent;
use crate::email::Email;
use crate::hex;
use crate::number::round;
use crate::window::{Hour, InvalidWindow, Minute, iso_millis};

/// What CloudEvents call the kind of event.
pub const TYPE: &str = "com.complical.usage.anomaly";
/// What stands for everybody.
const EVERYBODY: &str = "everybody";

/// Counts of calls that are watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// Whose calls; everybody's where it is nobody's.
    pub user: Option<Email>,
    /// How long each count is of.
    pub step: Step,
}

/// How long a count is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

/// An anomaly.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// In which calls.
    pub series: Series,
    /// The first minute of the count with which it began.
    pub begin: Minute,
    /// The first minute of the count with which it was over; nothing while it lasts.
    pub end: Option<Minute>,
    /// Calls that were expected where it began.
    pub expected: f64,
    /// Calls that there were.
    pub observed: f64,
    /// How rare it is, from 0 to 1.
    pub score: f64,
}

/// What an event says of an anomaly.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Data<'a> {
    user_email: Option<&'a str>,
    step: Step,
    begin: String,
    expected: f64,
    observed: f64,
}

impl Step {
    /// How many minutes it has.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
        }
    }

    /// The text of a step that begins with a minute.
    fn text(self, first: Minute) -> String {
        match self {
            Self::Minute => first.to_string(),
            Self::Hour => first.hour().to_string(),
        }
    }
}

impl Anomaly {
    /// Thirty-two characters that stand for whose it is, step and beginning.
    pub fn id(&self) -> String {
        // The user's name comes last: whatever it holds, nothing else reads the same.
        let name = format!("{}\n{}", self.step_text(), self.series);
        hex::encode(&Sha256::digest(name)[..16])
    }

    /// The count with which it began: a minute or an hour.
    pub fn step_text(&self) -> String {
        self.series.step.text(self.begin)
    }

    /// When that began.
    pub fn at(&self) -> Timestamp {
        self.begin.start()
    }

    /// The anomaly as it is sent; `source` names the deployment that it is from.
    pub fn cloud_event<'a>(&'a self, source: &'a str) -> CloudEvent<'a, Data<'a>> {
        let user_email = self.series.user.as_ref().map(Email::as_str);
        let (expected, observed) = (round(self.expected), round(self.observed));
        let data = Data { user_email, step: self.series.step, begin: iso_millis(self.at()), expected, observed };
        CloudEvent::new(self.id(), source, TYPE, user_email.unwrap_or(EVERYBODY), self.at(), data)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.user.as_ref().map_or(EVERYBODY, Email::as_str))
    }
}

/// The first minute of a minute or an hour, and which of them it is.
pub fn step_of(text: &str) -> Result<(Step, Minute), InvalidWindow> {
    let hour = Hour::from_str(text).map(|hour| (Step::Hour, hour.first_minute()));
    hour.or_else(|_| Minute::from_str(text).map(|minute| (Step::Minute, minute)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_anomaly_is_sent_as_a_cloud_event_whose_id_is_of_whose_it_is_and_when_alone() {
        let of = |user: Option<&str>, step, begin: &str, observed| Anomaly {
            series: Series { user: user.map(|user| user.parse().unwrap()), step },
            begin: begin.parse().unwrap(),
            end: None,
            expected: 7.333,
            observed,
            score: 0.9,
        };
        let one = of(Some("a@b.au"), Step::Minute, "2026-11-24T10:15", 0.0);
        let expected = json!({
            "specversion": "1.0", "id": one.id(), "source": "/test", "type": "com.complical.usage.anomaly",
            "subject": "a@b.au", "time": "2026-11-24T10:15:00.000Z", "datacontenttype": "application/json",
            "data": {"userEmail": "a@b.au", "step": "minute", "begin": "2026-11-24T10:15:00.000Z", "expected": 7.33,
                     "observed": 0.0},
        });
        assert_eq!(serde_json::to_value(one.cloud_event("/test")).unwrap(), expected);
        assert_eq!(one.id(), of(Some("a@b.au"), Step::Minute, "2026-11-24T10:15", 3.0).id());
        for other in [
            of(None, Step::Minute, "2026-11-24T10:15", 0.0),
            of(Some("a@b.au"), Step::Minute, "2026-11-24T10:16", 0.0),
            of(Some("a@b.au"), Step::Hour, "2026-11-24T10:00", 0.0),
        ] {
            assert_ne!(one.id(), other.id());
            assert_eq!(step_of(&other.step_text()), Ok((other.series.step, other.begin)));
        }
    }
}
