//! Live minutes: what their digests and small blocks hold, as far as a reader wants it, kept from one look to the next.
//!
//! Invariant: a look that follows another asks for what was committed since, and finds what a first one would find.
//!
//! It is longer than others, because what is kept and what is asked for next follow from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::table::SK;
use jiff::Timestamp;
use metering::callers::{Callers, Wanted};
use metering::digest::{self, Kind};
use metering::event::Event;
use metering::live::LiveMinute;
use metering::subject::{Bucket, Subject};
use metering::traffic::Traffic;
use metering::window::Minute;

use crate::blocks::{Blocks, LiveItem};
use crate::reads::{all, at_once};
use crate::table::{Item, TableError, readable, string};

/// Bytes of traffic that are kept from one look to the next: two minutes of 600,000 calls are 35 MB.
const KEPT_BYTES: usize = 48 * 1024 * 1024;
/// Partitions that are read at once: a page of each takes some megabytes on its way.
const PARTITIONS: usize = 4;

/// Reads live minutes.
#[derive(Clone, Debug)]
pub struct Live {
    blocks: Blocks,
    kept: Arc<Mutex<Kept>>,
}

/// Whose traffic of which minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    minute: Minute,
    bucket: Bucket,
    /// One subject's, or everybody's.
    subject: Option<Subject>,
}

/// What earlier looks have read.
#[derive(Debug, Default)]
struct Kept {
    read: BTreeMap<Place, Read>,
    looks: u64,
}

/// A partition, as far as it was read.
#[derive(Debug)]
struct Read {
    traffic: Arc<Traffic>,
    through: Timestamp,
    /// The sort keys that the next look finds again.
    known: BTreeSet<String>,
    /// The number of the look that used it last.
    look: u64,
}

impl Live {
    /// Reads these blocks.
    pub fn new(blocks: Blocks) -> Self {
        Self { blocks, kept: Arc::default() }
    }

    /// What some minutes come to for all users together.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn everybody(
        &self,
        minutes: &[Minute],
        now: Timestamp,
    ) -> Result<BTreeMap<Minute, LiveMinute>, TableError> {
        let mut live = BTreeMap::new();
        // One after the other, so that no more than one has to be held.
        for minute in minutes {
            let places: Vec<_> = Bucket::all().map(|bucket| Place::of_all(*minute, bucket)).collect();
            let mut traffics = self.read_all(places.clone(), now).await?;
            live.insert(*minute, self.named(&places, &mut traffics).await?);
        }
        Ok(live)
    }

    /// What a minute comes to, once the blocks are read in which the names stand that its lists need.
    async fn named(&self, places: &[Place], traffics: &mut [Arc<Traffic>]) -> Result<LiveMinute, TableError> {
        let mut asked = BTreeSet::new();
        loop {
            let blocks = {
                let all: Vec<&Traffic> = traffics.iter().map(Arc::as_ref).collect();
                let callers = Callers::of(&all);
                let blocks = |Wanted { traffic, kind }: Wanted| {
                    let blocks = all[traffic].blocks_of(|of| *of == kind).into_iter().map(str::to_owned);
                    blocks.map(move |block| (traffic, block)).collect::<Vec<_>>()
                };
                let blocks = callers.wanted().into_iter().flat_map(blocks);
                let blocks: BTreeSet<_> = blocks.filter(|block| !asked.contains(block)).collect();
                if blocks.is_empty() {
                    return Ok(LiveMinute::of(&callers));
                }
                blocks
            };
            let reads = blocks.iter().map(async |(traffic, block)| {
                let Place { minute, bucket, .. } = &places[*traffic];
                Ok((*traffic, self.blocks.digested(*minute, *bucket, block).await?))
            });
            for (traffic, events) in all(reads).await? {
                self.change(&places[traffic], &mut traffics[traffic], |traffic| traffic.learn(&events));
            }
            asked.extend(blocks);
        }
    }

    /// A subject's traffic in some minutes.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn own(
        &self,
        subject: &Subject,
        minutes: impl IntoIterator<Item = Minute>,
        now: Timestamp,
    ) -> Result<BTreeMap<Minute, Arc<Traffic>>, TableError> {
        let places: Vec<_> = minutes.into_iter().map(|minute| Place::of_one(minute, subject)).collect();
        let traffics = self.read_all(places.clone(), now).await?;
        Ok(places.into_iter().map(|place| place.minute).zip(traffics).collect())
    }

    /// Reads blocks of a subject's minute for as long as `unread` names some, and keeps what they hold of the subject.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn keep(
        &self,
        subject: &Subject,
        minute: Minute,
        traffic: &mut Arc<Traffic>,
        unread: impl Fn(&Traffic) -> Vec<String>,
    ) -> Result<(), TableError> {
        let place = Place::of_one(minute, subject);
        loop {
            let blocks = unread(traffic);
            if blocks.is_empty() {
                return Ok(());
            }
            let reads = blocks.iter().map(|block| self.blocks.digested(minute, place.bucket, block));
            let read = all(reads).await?;
            self.change(&place, traffic, |traffic| {
                for (block, events) in blocks.iter().zip(read) {
                    traffic.keep(events.into_iter().filter(|event| place.has(event)));
                    traffic.kept(block);
                }
            });
        }
    }

    /// A subject's traffic in some minutes, or nothing where the partitions hold more bytes than `budget`. Nothing is
    /// kept of it, and what was written in the last moments may be missing.
    ///
    /// # Errors
    /// When a request fails.
    pub(crate) async fn own_within(
        &self,
        subject: &Subject,
        minutes: impl Iterator<Item = Minute>,
        mut budget: usize,
    ) -> Result<Option<BTreeMap<Minute, Arc<Traffic>>>, TableError> {
        let mut own = BTreeMap::new();
        for minute in minutes {
            let place = Place::of_one(minute, subject);
            let Some(items) = self.blocks.within(minute, place.bucket, &mut budget).await? else { return Ok(None) };
            let mut traffic = Traffic::default();
            self.add(&place, &mut traffic, &items)?;
            own.insert(minute, Arc::new(traffic));
        }
        Ok(Some(own))
    }

    async fn read_all(&self, places: Vec<Place>, now: Timestamp) -> Result<Vec<Arc<Traffic>>, TableError> {
        let look = self.kept().begin();
        let read = at_once(PARTITIONS, places.into_iter().map(|place| self.read(place, now, look))).await?;
        self.kept().forget(look);
        Ok(read)
    }

    async fn read(&self, place: Place, now: Timestamp, look: u64) -> Result<Arc<Traffic>, TableError> {
        let before = self.kept().read.remove(&place);
        let read = match before {
            Some(before) => self.go_on(&place, before, now).await?,
            None => None,
        };
        let read = match read {
            Some(read) => read,
            None => self.begin(&place, now).await?,
        };
        let traffic = Arc::clone(&read.traffic);
        self.kept().read.insert(place, Read { look, ..read });
        Ok(traffic)
    }

    async fn begin(&self, place: &Place, now: Timestamp) -> Result<Read, TableError> {
        let mut pages = self.blocks.live(place.minute, place.bucket, None);
        let (mut traffic, mut known) = (Traffic::default(), BTreeSet::new());
        while let Some(page) = pages.next().await? {
            self.add(place, &mut traffic, &page)?;
            known.extend(page.iter().map(|item| string(item, SK)));
        }
        traffic.shrink();
        let found_again = known.split_off(&Blocks::live_since(now));
        Ok(Read { traffic: Arc::new(traffic), through: now, known: found_again, look: 0 })
    }

    /// What was committed since; nothing where that has to be read anew.
    async fn go_on(&self, place: &Place, before: Read, now: Timestamp) -> Result<Option<Read>, TableError> {
        let Read { mut traffic, through, known: before, look } = before;
        let mut pages = self.blocks.live(place.minute, place.bucket, Some(through));
        let mut known = BTreeSet::new();
        while let Some(mut page) = pages.next().await? {
            known.extend(page.iter().map(|item| string(item, SK)));
            page.retain(|item| !before.contains(&string(item, SK)));
            if !page.is_empty() && self.add(place, Arc::make_mut(&mut traffic), &page)? {
                return Ok(None);
            }
        }
        let found_again = known.split_off(&Blocks::live_since(now));
        Ok(Some(Read { traffic, through: now, known: found_again, look }))
    }

    /// Adds live items, as far as they can be read; whether one of them has readers begin anew.
    fn add(&self, place: &Place, traffic: &mut Traffic, items: &[Item]) -> Result<bool, TableError> {
        let hash = place.subject.as_ref().map(digest::subject_hash);
        let wanted = |kind: &Kind| hash.is_none_or(|hash| kind.subject == hash);
        let (mut digests, mut events, mut anew) = (Vec::new(), Vec::new(), false);
        for item in items {
            match readable(self.blocks.live_item(place.minute, item, wanted))? {
                Some(LiveItem::Block(found)) => events.extend(found.into_iter().filter(|event| place.has(event))),
                Some(LiveItem::Digest(id, digest)) => digests.push((id, digest)),
                Some(LiveItem::BeginAnew) => anew = true,
                None => {}
            }
        }
        traffic.add_digests(digests);
        traffic.add_events(&events);
        if place.subject.is_some() {
            traffic.keep(events);
        }
        Ok(anew)
    }

    /// Changes a traffic, and what is kept of it where it is the same.
    fn change(&self, place: &Place, traffic: &mut Arc<Traffic>, change: impl FnOnce(&mut Traffic)) {
        let mut kept = self.kept();
        let same = kept.read.get_mut(place).filter(|read| Arc::ptr_eq(&read.traffic, traffic));
        match same {
            Some(read) => {
                // Let go, so that it is changed where it is.
                *traffic = Arc::default();
                change(Arc::make_mut(&mut read.traffic));
                *traffic = Arc::clone(&read.traffic);
            }
            None => change(Arc::make_mut(traffic)),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn begin(&mut self) -> u64 {
        self.looks += 1;
        self.looks
    }

    /// Forgets what was not used for longest, until the rest is small enough or of this look.
    fn forget(&mut self, look: u64) {
        let mut bytes: usize = self.read.values().map(|read| read.traffic.bytes()).sum();
        while bytes > KEPT_BYTES
            && let Some(place) = self.read.iter().min_by_key(|(_, read)| read.look).map(|(place, _)| place.clone())
            && let Some(read) = self.read.remove(&place).filter(|read| read.look < look)
        {
            bytes -= read.traffic.bytes();
        }
    }
}

impl Place {
    const fn of_all(minute: Minute, bucket: Bucket) -> Self {
        Self { minute, bucket, subject: None }
    }

    fn of_one(minute: Minute, subject: &Subject) -> Self {
        Self { minute, bucket: subject.bucket(), subject: Some(subject.clone()) }
    }

    fn has(&self, event: &Event) -> bool {
        self.subject.as_ref().is_none_or(|subject| Subject::of(event).as_ref() == Some(subject))
    }
}

#[cfg(test)]
mod tests;
