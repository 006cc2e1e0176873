//! Calls of three records of the same minutes, compared one by one.
//!
//! The clock of the gateway and that of the authorizer may put a call into neighbouring minutes. So calls are compared
//! by their id, and each is shown in the minute of its event, in which it is counted.
//!
//! Invariant: a call is judged once, in one minute, with all that any record knows of it.

use std::collections::BTreeMap;

use metering::window::Minute;
use serde_json::{Value, json};

/// Ids that a line shows.
pub(super) const SHOWN: usize = 3;

/// The calls that one record knows, by the gateway's id. A caller may choose that id, and so give it to several calls;
/// of each there is what tells it from the others, and its minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<String, BTreeMap<String, Minute>>);

/// Everything that is known of some minutes.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Calls that the gateway let through; nothing where it keeps no record.
    pub gateway: Option<Calls>,
    /// Lines of the gateway's record that nobody can read, by their id: a caller may have had a part in one.
    pub unreadable: Vec<String>,
    /// Calls on the stream; nothing where there is none.
    pub stream: Option<Calls>,
    /// Calls in blocks, or in the journal on the way there.
    pub counted: Calls,
    /// Calls in the blocks of each minute.
    pub blocks: BTreeMap<Minute, u64>,
    /// Calls in the window of each minute that has been set; minutes to be set again are left out.
    pub windows: BTreeMap<Minute, u64>,
}

/// What the records say of a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub minute: Minute,
    /// Calls that the gateway let through.
    pub gateway: Option<u64>,
    /// Calls on the stream.
    pub stream: Option<u64>,
    /// Calls counted.
    pub counted: u64,
    /// Of these, calls that came by the journal, because the stream did not take them.
    pub journal: u64,
    /// Ids of calls that are not counted.
    pub lost: Vec<String>,
    /// Ids of calls that are counted more often than they were made.
    pub doubled: Vec<String>,
    /// Ids of calls of which the gateway knows nothing.
    pub unknown: Vec<String>,
    /// Calls in the minute's window, and those in its blocks, where these differ.
    pub window: Option<(u64, u64)>,
}

impl Calls {
    /// Takes a call in: the gateway's id, what tells it from others of that id, and its minute. The same call again
    /// changes nothing.
    pub fn add(&mut self, id: &str, distinct: impl Into<String>, minute: Minute) {
        self.0.entry(id.to_owned()).or_default().entry(distinct.into()).or_insert(minute);
    }

    fn count(&self, id: &str) -> u64 {
        self.0.get(id).map_or(0, |calls| calls.len() as u64)
    }

    fn minute(&self, id: &str) -> Option<Minute> {
        self.0.get(id)?.values().min().copied()
    }
}

/// The gateway's id of an event's call. The authorizer puts 32 hexadecimal digits behind an id that the caller chose.
pub fn gateway_id(event_id: &str) -> &str {
    match event_id.rsplit_once('.') {
        Some((id, random)) if random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit()) => id,
        _ => event_id,
    }
}

/// Compares every minute from `first` to `last`.
pub fn compare(sources: &Sources, first: Minute, last: Minute) -> Vec<Row> {
    let Sources { gateway, unreadable: _, stream, counted, blocks, windows } = sources;
    let empty = |minute| {
        let in_blocks = blocks.get(&minute).copied().unwrap_or_default();
        let window = windows.get(&minute).copied().filter(|window| *window != in_blocks);
        Row {
            minute,
            gateway: gateway.as_ref().map(|_| 0),
            stream: stream.as_ref().map(|_| 0),
            counted: 0,
            journal: 0,
            lost: Vec::new(),
            doubled: Vec::new(),
            unknown: Vec::new(),
            window: window.map(|window| (window, in_blocks)),
        }
    };
    let mut rows: BTreeMap<Minute, Row> = first.through(last).map(|minute| (minute, empty(minute))).collect();
    let sides = [Some(counted), stream.as_ref(), gateway.as_ref()];
    let mut ids: Vec<&String> = sides.iter().flatten().flat_map(|side| side.0.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let minute = sides.iter().flatten().find_map(|side| side.minute(id));
        let Some(row) = minute.and_then(|minute| rows.get_mut(&minute)) else { continue };
        row.enter(
            id,
            gateway.as_ref().map(|side| side.count(id)),
            stream.as_ref().map(|side| side.count(id)),
            counted.count(id),
        );
    }
    rows.into_values().collect()
}

impl Row {
    fn enter(&mut self, id: &str, gateway: Option<u64>, stream: Option<u64>, counted: u64) {
        let add = |sum: &mut Option<u64>, n: Option<u64>| *sum = sum.zip(n).map(|(sum, n)| sum + n);
        add(&mut self.gateway, gateway);
        add(&mut self.stream, stream);
        self.counted += counted;
        let on_stream = stream.unwrap_or_default();
        let made = gateway.unwrap_or_default().max(on_stream);
        if counted < made {
            self.lost.push(id.to_owned());
        } else if gateway == Some(0) {
            self.unknown.push(id.to_owned());
        } else if made > 0 && counted > made {
            self.doubled.push(id.to_owned());
        } else if stream.is_some() {
            self.journal += counted - on_stream;
        }
    }

    /// Whether the records differ.
    pub fn differs(&self) -> bool {
        self.window.is_some() || [&self.lost, &self.doubled, &self.unknown].iter().any(|ids| !ids.is_empty())
    }

    /// The row for a person.
    pub fn text(&self) -> String {
        let Self { minute: _, gateway, stream, counted, journal, lost, doubled, unknown, window } = self;
        let mut text = numbers(*gateway, *stream, *journal, *counted);
        let findings = [("not counted", lost), ("counted twice", doubled), ("unknown to the gateway", unknown)];
        for (what, ids) in findings.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            let more = if ids.len() > SHOWN { ", …" } else { "" };
            text += &format!("; {} {what}: {}{more}", ids.len(), ids[..ids.len().min(SHOWN)].join(", "));
        }
        if let Some((window, blocks)) = window {
            text += &format!("; the minute's window has {window}, its blocks have {blocks}");
        }
        text
    }

    /// The row for a program.
    pub fn to_json(&self) -> Value {
        let Self { minute, gateway, stream, counted, journal, lost, doubled, unknown, window } = self;
        json!({
            "minute": minute, "gateway": gateway, "stream": stream, "journal": journal, "counted": counted,
            "lost": lost, "doubled": doubled, "unknown": unknown, "window": window.map(|(window, _)| window),
        })
    }
}

/// Calls by each record, in words.
pub fn numbers(gateway: Option<u64>, stream: Option<u64>, journal: u64, counted: u64) -> String {
    let mut parts = Vec::new();
    parts.extend(gateway.map(|calls| format!("{calls} at the gateway")));
    parts.extend(stream.map(|calls| format!("{calls} on the stream")));
    if journal > 0 {
        parts.push(format!("{journal} by the journal"));
    }
    parts.push(format!("{counted} counted"));
    parts.join(", ")
}

#[cfg(test)]
mod tests;
