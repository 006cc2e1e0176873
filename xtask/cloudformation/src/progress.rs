//! How far the operation on a stack is: a line for each event, and the foot of the terminal in between.
//!
//! Invariant: pure functions over events and a clock that is handed in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use metering::window::iso_millis;
use serde_json::{Value, json};

use super::event::StackEvent;

/// How many resources of one stack the foot names at most.
const LIVE_RESOURCES: usize = 8;

/// What is under way, and how much is done.
#[derive(Debug, Default)]
pub struct Progress {
    /// The stack's name, its last status and when its operation began.
    stack: Option<(String, String, Timestamp)>,
    /// By logical id: the last status, and when the resource began.
    under_way: BTreeMap<String, (String, Timestamp)>,
    n_done: usize,
    /// How many resources there are to do, where that is known.
    n_all: Option<usize>,
}

/// What an event adds to the story.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How long the resource took, in seconds; nothing while it is under way.
    pub seconds: Option<f64>,
}

impl Progress {
    /// Nothing yet, of so many resources.
    pub fn of(n_all: Option<usize>) -> Self {
        Self { n_all, ..Self::default() }
    }

    /// Takes an event in.
    pub fn take(&mut self, event: &StackEvent) -> Step {
        let StackEvent { time, stack, logical_id, status, .. } = event;
        let is_under_way = status.ends_with("_IN_PROGRESS");
        if event.is_of_stack() {
            let began = self.stack.as_ref().map_or(*time, |(_, _, began)| *began);
            self.stack = Some((stack.clone(), status.clone(), began));
            return Step { seconds: (!is_under_way).then(|| seconds(began, *time)) };
        }
        if is_under_way {
            let began = self.under_way.get(logical_id).map_or(*time, |(_, began)| *began);
            self.under_way.insert(logical_id.clone(), (status.clone(), began));
            return Step { seconds: None };
        }
        let began = self.under_way.remove(logical_id);
        self.n_done += usize::from(status.ends_with("_COMPLETE"));
        Step { seconds: began.map(|(_, began)| seconds(began, *time)) }
    }

    /// The lines for the foot: the stack, then what is under way in it, longest first.
    pub fn live_area(&self, now: Timestamp) -> Vec<String> {
        let Some((name, status, began)) = &self.stack else { return Vec::new() };
        let of = self.n_all.map_or_else(String::new, |n_all| format!("/{}", n_all.max(self.n_done)));
        let mut lines = vec![format!("{name} {status} {}, {}{of} done", so_far(*began, now), self.n_done)];
        let mut under_way: Vec<_> = self.under_way.iter().collect();
        under_way.sort_by_key(|(logical_id, (_, began))| (*began, *logical_id));
        let n_more = under_way.len().saturating_sub(LIVE_RESOURCES);
        lines.extend(
            under_way.into_iter().take(LIVE_RESOURCES).map(|(logical_id, (status, began))| {
                format!("  {status:<28} {:>10} {logical_id}", so_far(*began, now))
            }),
        );
        if n_more > 0 {
            lines.push(format!("  and {n_more} more"));
        }
        lines
    }
}

impl Step {
    /// The event for people: time, stack, status, logical id, type, how long it took, why.
    pub fn line(&self, event: &StackEvent) -> String {
        let StackEvent { id: _, time, stack, logical_id, resource_type, status, reason } = event;
        let took = self.seconds.map_or_else(String::new, |seconds| format!(" ({seconds:.1} s)"));
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("{} {stack} {status:<28} {logical_id} {resource_type}{took}{reason}", time.strftime("%H:%M:%S"))
    }

    /// The event for programs, as an object of this type.
    pub fn object(&self, object_type: &str, event: &StackEvent) -> Value {
        let StackEvent { id: _, time, stack, logical_id, resource_type, status, reason } = event;
        let mut object = json!({
            "type": object_type, "time": iso_millis(*time), "stack": stack, "logicalId": logical_id,
            "resourceType": resource_type, "status": status
        });
        if !reason.is_empty() {
            object["reason"] = reason.as_str().into();
        }
        if let Some(seconds) = self.seconds {
            object["seconds"] = seconds.into();
        }
        object
    }
}

fn so_far(from: Timestamp, to: Timestamp) -> String {
    match seconds(from, to) {
        seconds if seconds < 100.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor()),
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;

    #[test]
    fn a_line_says_how_long_it_took() {
        let mut progress = Progress::default();
        progress.take(&event(10, "A", "CREATE_IN_PROGRESS", ""));
        progress.take(&event(11, "A", "CREATE_IN_PROGRESS", "Resource creation Initiated"));
        let done = event(13, "A", "CREATE_COMPLETE", "");
        let line = progress.take(&done).line(&done);
        assert_eq!(line, "00:00:13 S CREATE_COMPLETE              A AWS::DynamoDB::Table (3.0 s)");
    }

    #[test]
    fn an_object_has_what_the_line_has() {
        let failed = event(13, "A", "CREATE_FAILED", "no");
        let object = Step { seconds: Some(3.0) }.object("event", &failed);
        assert_eq!(
            object,
            json!({"type": "event", "time": "1970-01-01T00:00:13.000Z", "stack": "S", "logicalId": "A",
                   "resourceType": "AWS::DynamoDB::Table", "status": "CREATE_FAILED", "reason": "no", "seconds": 3.0})
        );
    }

    #[test]
    fn the_live_area_shows_what_is_under_way_and_how_much_is_done() {
        let mut progress = Progress::of(Some(3));
        assert!(progress.live_area(Timestamp::UNIX_EPOCH).is_empty());
        for event in [
            event(10, "S", "CREATE_IN_PROGRESS", ""),
            event(12, "B", "CREATE_IN_PROGRESS", ""),
            event(11, "A", "CREATE_IN_PROGRESS", ""),
            event(11, "C", "CREATE_IN_PROGRESS", ""),
            event(13, "C", "CREATE_COMPLETE", ""),
        ] {
            progress.take(&event);
        }
        let live_area = progress.live_area(Timestamp::from_second(20).unwrap());
        assert_eq!(
            live_area,
            [
                "S CREATE_IN_PROGRESS 10 s, 1/3 done",
                "  CREATE_IN_PROGRESS                  9 s A",
                "  CREATE_IN_PROGRESS                  8 s B"
            ]
        );
        let later = progress.live_area(Timestamp::from_second(310).unwrap());
        assert!(later[0].contains("CREATE_IN_PROGRESS 5 min 00 s, 1/3 done"), "{}", later[0]);
    }

    #[test]
    fn a_live_area_names_eight_resources_and_counts_the_rest() {
        let mut progress = Progress::default();
        progress.take(&event(1, "S", "DELETE_IN_PROGRESS", ""));
        for number in 0..10 {
            progress.take(&event(2, &format!("R{number}"), "DELETE_IN_PROGRESS", ""));
        }
        let live_area = progress.live_area(Timestamp::from_second(3).unwrap());
        assert_eq!((live_area.len(), live_area.last().map(String::as_str)), (10, Some("  and 2 more")));
        assert!(live_area[0].ends_with("0 done"), "{}", live_area[0]);
    }
}
