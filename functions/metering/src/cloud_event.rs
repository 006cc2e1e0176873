//! What is sent to people and their programs, in a form that others know: CloudEvents 1.0, JSON event format.
//!
//! Invariant: an event that is sent again is the same one, by its id.

use jiff::Timestamp;
use serde::Serialize;

use crate::window::iso_millis;

/// An event that says `D`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CloudEvent<'a, D> {
    specversion: &'static str,
    id: String,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    data: D,
}

impl<'a, D> CloudEvent<'a, D> {
    /// An event of a kind, from a deployment, about a subject, of a time.
    pub fn new(id: String, source: &'a str, kind: &'static str, subject: &'a str, time: Timestamp, data: D) -> Self {
        let (time, datacontenttype) = (iso_millis(time), "application/json");
        Self { specversion: "1.0", id, source, kind, subject, time, datacontenttype, data }
    }
}
