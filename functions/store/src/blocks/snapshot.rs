//! The calls of a subject in a minute, as they were known at an instant.
//!
//! Invariant: what a block brought is known from when the block was first committed, however often it is written again;
//! a call that several blocks have is one call.

use std::collections::BTreeMap;

use contract::table::SK;
use jiff::Timestamp;
use metering::event::{Event, EventType};
use metering::fold::DistinctEvents;
use metering::subject::Subject;
use metering::window::Minute;

use super::{Blocks, DIGESTED, LIVE, is_block, partition};
use crate::table::{Consistency, Sort, TableError, readable, string};

/// What is read of a minute.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The subject's calls, each once.
    pub calls: DistinctEvents,
    /// About how many bytes the minute's items are, all subjects' together.
    pub bytes: usize,
}

impl Blocks {
    /// A subject's calls in a minute as of an instant, or nothing where the minute's items are more than `max_bytes`.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn snapshot(
        &self,
        subject: &Subject,
        minute: Minute,
        as_of: Timestamp,
        max_bytes: usize,
    ) -> Result<Option<Snapshot>, TableError> {
        let mut pages = self.table.pages(&partition(minute, subject.bucket()), Sort::All, Consistency::Strong);
        let (mut snapshot, mut rewritten) = (Snapshot::default(), Rewritten::default());
        while let Some(page) = pages.next().await? {
            snapshot.bytes += page.iter().map(|item| self.held(item)).sum::<usize>();
            if snapshot.bytes > max_bytes {
                return Ok(None);
            }
            for item in &page {
                let sort = string(item, SK);
                if !is_block(item) {
                    rewritten.note(&sort);
                    continue;
                }
                let Some(block) = readable(self.stored(item))? else { continue };
                let own =
                    |event: &Event| event.event_type == EventType::Call && Subject::of(event).as_ref() == Some(subject);
                let own: Vec<Event> = block.events.into_iter().filter(own).collect();
                match sort.strip_prefix(DIGESTED) {
                    Some(id) => rewritten.blocks.push((id.to_owned(), block.committed_at, own)),
                    None if block.committed_at <= as_of => snapshot.calls.extend(own),
                    None => {}
                }
            }
        }
        snapshot.calls.extend(rewritten.calls(as_of));
        Ok(Some(snapshot))
    }
}

/// Blocks that have digests, which are committed after them: a block that is written once more has a second one, and the
/// first says when its calls were there.
#[derive(Default)]
struct Rewritten {
    first_committed: BTreeMap<String, Timestamp>,
    /// Id, time of the last commit and calls of each.
    blocks: Vec<(String, Timestamp, Vec<Event>)>,
}

impl Rewritten {
    /// Takes note of a digest's commit, by its sort key.
    fn note(&mut self, sort: &str) {
        let digest = sort.strip_prefix(LIVE).and_then(|sort| sort.split_once(LIVE));
        if let Some((committed_at, id)) = digest.and_then(|(ms, id)| Some((ms.parse().ok()?, id))) {
            let committed_at = Timestamp::from_millisecond(committed_at).unwrap_or(Timestamp::MAX);
            let first = self.first_committed.entry(id.to_owned()).or_insert(committed_at);
            *first = committed_at.min(*first);
        }
    }

    /// The calls that were there at a time.
    fn calls(self, as_of: Timestamp) -> impl Iterator<Item = Event> {
        let Self { first_committed, blocks } = self;
        let there = blocks.into_iter().filter(move |(id, committed_at, _)| {
            first_committed.get(id).map_or(*committed_at, |first| *committed_at.min(first)) <= as_of
        });
        there.flat_map(|(_, _, calls)| calls)
    }
}
