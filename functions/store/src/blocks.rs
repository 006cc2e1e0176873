//! Where blocks, failed records and late marks are kept: the truth about what was called.
//!
//! Invariant: a block that was not committed within its own minute leaves a mark after it, so that nothing waits
//! for a clock to be counted, and a mark that is cleared has been read by then. A block with a digest is there before
//! it, and whoever reads live items from [`SLACK`] before the last reading on misses none.
//!
//! It is longer than others, because blocks, digests, marks and failed records are written in one order, which readers
//! rely on.

mod snapshot;

use std::collections::BTreeMap;

use contract::limit::RETENTION_DAYS;
use contract::table::{BLOCKS, ERRORS, LATE, PK, SK, TTL};
use jiff::{SignedDuration, Timestamp};
use metering::batch::Batch;
use metering::block::Block;
use metering::digest::{Digest, Kind};
use metering::event::Event;
use metering::hex;
use metering::subject::Bucket;
use metering::window::{Minute, iso_millis};

use crate::failures;
use crate::table::{
    Consistency, Item, Pages, Sort, Table, TableError, binary, integer, number, readable, string, text,
    unless_condition_failed,
};

/// Attribute of a block that holds its events.
const CALLS: &str = "calls";
/// Attribute of a digest that holds what live readers need of its block.
const DIGEST: &str = "digest";
/// Sort keys of live items begin with it, and go on with the time of their commitment: small blocks, digests, and what
/// has readers begin anew. Blocks of earlier deployments are live too; their sort keys are their names.
const LIVE: char = '#';
/// Sort keys of blocks that have a digest begin with it.
const DIGESTED: char = '~';
/// The live items lie between these.
const LIVE_ITEMS: (&str, &str) = ("#", "}");
/// How far back a reader asks who has read a partition before. Half of it is for a write that is under way and half
/// for clocks that differ: those of Lambda do by milliseconds.
pub const SLACK: SignedDuration = SignedDuration::from_secs(1);
/// What takes longer has readers begin anew.
const QUICK: SignedDuration = SignedDuration::from_millis(500);
/// Bytes of a block beside its events: keys, names and numbers.
const OTHER_BYTES: usize = 160;
/// Blocks that a bounded reader begins with, to see how large they are.
const FEW: i32 = 4;
/// The part of an instant's text that names its minute.
const MINUTE_CHARS: usize = "2026-11-24T10:15".len();

/// The analytics table's blocks.
#[derive(Clone, Debug)]
pub struct Blocks {
    table: Table,
}

/// A block as it was read.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// When it was written.
    pub committed_at: Timestamp,
    /// What it holds.
    pub events: Vec<Event>,
}

/// What a live reader finds in a partition.
#[derive(Clone, Debug)]
pub enum LiveItem {
    /// A block.
    Block(Vec<Event>),
    /// The digest of a block of that name.
    Digest(String, Digest),
    /// Something was written so slowly that who has read the partition before may have missed it.
    BeginAnew,
}

/// Says that a minute got a block out of turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub minute: Minute,
    stamp: String,
}

/// Blocks on their way from the table: no more than a page of them is held at once.
#[derive(Debug)]
pub struct OpenBlocks {
    blocks: Blocks,
    items: std::vec::IntoIter<Item>,
    pages: Pages,
}

impl OpenBlocks {
    /// Whether there is none, as far as the first page tells: an empty one is the last.
    pub fn is_empty(&self) -> bool {
        self.items.len() == 0
    }

    /// The next block, unless there is none.
    ///
    /// # Errors
    /// When the query fails or the block cannot be read.
    pub async fn next(&mut self) -> Result<Option<StoredBlock>, TableError> {
        loop {
            if let Some(item) = self.items.by_ref().find(is_block) {
                return self.blocks.stored(&item).map(Some);
            }
            let Some(page) = self.pages.next().await? else { return Ok(None) };
            self.items = page.into_iter();
        }
    }

    /// The next block that can be read, unless there is none.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn next_readable(&mut self) -> Result<Option<StoredBlock>, TableError> {
        loop {
            if let Some(next) = readable(self.next().await)? {
                return Ok(next);
            }
        }
    }
}

impl Blocks {
    /// The blocks of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Writes what a batch brought. `clock` is read before and after: the first is the blocks' time of commitment,
    /// the second decides which of them need a mark.
    ///
    /// # Errors
    /// When a write fails; doing it all again is right then, and changes no count.
    pub async fn commit(&self, batch: &Batch<'_>, clock: impl Fn() -> Timestamp) -> Result<(), TableError> {
        let started = clock();
        let blocks = batch.blocks.iter().map(|block| item_of_block(block, started));
        let failed = batch.failed.iter().map(failures::item_of);
        self.table.put_all(blocks.chain(failed)).await?;
        let digests =
            batch.blocks.iter().filter_map(|block| Some(item_of_digest(block, block.digest.as_ref()?, started)));
        self.table.put_all(digests).await?;
        let finished = self.have_read_anew(batch, started, &clock).await?;
        let minutes = batch.blocks.iter().map(|block| block.minute);
        let arrivals = batch.failed.iter().map(|record| Minute::of(record.arrived_at));
        let late = minutes.chain(arrivals).filter(|minute| Block::is_out_of_turn(*minute, finished));
        self.mark(late).await
    }

    /// Where something was not written quickly, has readers begin anew: by an item of a time that is not over when it
    /// is written. Returns when all is written.
    async fn have_read_anew(
        &self,
        batch: &Batch<'_>,
        started: Timestamp,
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Timestamp, TableError> {
        let (mut finished, mut until) = (clock(), started);
        while finished.duration_since(until) > QUICK {
            let took = finished.duration_since(until);
            until = finished.checked_add(took * 2).unwrap_or(finished);
            self.table.put_all(batch.blocks.iter().map(|block| item_to_begin_anew(block, until))).await?;
            finished = clock();
        }
        Ok(finished)
    }

    /// Has minutes folded again.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn mark(&self, minutes: impl IntoIterator<Item = Minute>) -> Result<(), TableError> {
        self.table.put_all(minutes.into_iter().map(item_of_mark)).await
    }

    /// The blocks of a minute and bucket as they are read, the first page of them at once.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn open(&self, minute: Minute, bucket: Bucket) -> Result<OpenBlocks, TableError> {
        let mut pages = self.table.pages(&partition(minute, bucket), Sort::All, Consistency::Strong);
        let first = pages.next().await?.unwrap_or_default();
        Ok(OpenBlocks { blocks: self.clone(), items: first.into_iter(), pages })
    }

    /// Every block of a minute and bucket that can be read.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn read(
        &self,
        minute: Minute,
        bucket: Bucket,
        consistency: Consistency,
    ) -> Result<Vec<StoredBlock>, TableError> {
        let items = self.table.query(&partition(minute, bucket), Sort::All, consistency).await?;
        items.iter().filter(|item| is_block(item)).filter_map(|item| readable(self.stored(item)).transpose()).collect()
    }

    /// The live items of a minute and bucket, or those from [`SLACK`] before an instant on, page by page.
    pub(crate) fn live(&self, minute: Minute, bucket: Bucket, since: Option<Timestamp>) -> Pages {
        let (first, last) = LIVE_ITEMS;
        let first = since.map_or_else(|| first.to_owned(), Self::live_since);
        let pages =
            self.table.pages(&partition(minute, bucket), Sort::Between(first, last.to_owned()), Consistency::Strong);
        pages.only(&[SK, CALLS, DIGEST])
    }

    /// Where the sort keys begin that a reader asks for who has read up to an instant.
    pub(crate) fn live_since(since: Timestamp) -> String {
        live_sort(since.checked_sub(SLACK).unwrap_or(since), "")
    }

    /// A live item, of its digest the kinds that are wanted.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn live_item(
        &self,
        minute: Minute,
        item: &Item,
        wanted: impl Fn(&Kind) -> bool,
    ) -> Result<LiveItem, TableError> {
        if item.contains_key(CALLS) {
            let events = Block::unpack(self.table.bytes(item, CALLS)?);
            return events.map(LiveItem::Block).map_err(|_| self.table.malformed(item, CALLS));
        }
        if !item.contains_key(DIGEST) {
            return Ok(LiveItem::BeginAnew);
        }
        let digest = Digest::unpack(minute, self.table.bytes(item, DIGEST)?, wanted);
        let digest = digest.ok_or_else(|| self.table.malformed(item, DIGEST))?;
        let sort = string(item, SK);
        let id = sort.rsplit_once(LIVE).map(|(_, id)| id.to_owned()).unwrap_or_default();
        Ok(LiveItem::Digest(id, digest))
    }

    /// The events of a block that a digest names; nothing where it is gone or cannot be read.
    ///
    /// # Errors
    /// When the request fails.
    pub(crate) async fn digested(&self, minute: Minute, bucket: Bucket, id: &str) -> Result<Vec<Event>, TableError> {
        let sort = format!("{DIGESTED}{id}");
        let item = self.table.get(&partition(minute, bucket), &sort, Consistency::Strong).await?;
        let block = item.map(|item| readable(self.stored(&item))).transpose()?.flatten();
        Ok(block.map(|block| block.events).unwrap_or_default())
    }

    /// The live items of a minute and bucket, or nothing where they are more bytes than `budget`, which is lowered by
    /// what was read. It may lack items of the last moments.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn within(
        &self,
        minute: Minute,
        bucket: Bucket,
        budget: &mut usize,
    ) -> Result<Option<Vec<Item>>, TableError> {
        let (first, last) = LIVE_ITEMS;
        let live = Sort::Between(first.to_owned(), last.to_owned());
        let mut pages = self.table.pages(&partition(minute, bucket), live, Consistency::Eventual);
        let mut items = Vec::new();
        let mut next = FEW;
        while let Some(page) = pages.at_most(next).await? {
            let bytes = page.iter().map(|item| self.held(item)).sum::<usize>();
            let Some(left) = budget.checked_sub(bytes) else { return Ok(None) };
            *budget = left;
            items.extend(page);
            // As many as fit if they are like those before.
            next = left.checked_mul(items.len()).map_or(FEW, |product| (product / bytes.max(1)).clamp(1, 1_000) as i32);
        }
        Ok(Some(items))
    }

    /// About how many bytes an item is.
    fn held(&self, item: &Item) -> usize {
        let body = self.table.bytes(item, CALLS).or_else(|_| self.table.bytes(item, DIGEST));
        body.map_or(0, <[u8]>::len) + OTHER_BYTES
    }

    fn stored(&self, item: &Item) -> Result<StoredBlock, TableError> {
        let committed_at = integer(item, "committedAt").and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let committed_at = committed_at.ok_or_else(|| self.table.malformed(item, "committedAt"))?;
        let events = Block::unpack(self.table.bytes(item, CALLS)?);
        Ok(StoredBlock { committed_at, events: events.map_err(|_| self.table.malformed(item, CALLS))? })
    }

    /// How many records could not be counted, by the minute of their arrival; minutes without one are left out.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn failures(&self, first: Minute, last: Minute) -> Result<BTreeMap<Minute, u64>, TableError> {
        let range = Sort::Between(iso_millis(first.start()), iso_millis(last.end()));
        let mut pages = self.table.pages(ERRORS, range, Consistency::Strong);
        let mut failures = BTreeMap::new();
        while let Some(page) = pages.next().await? {
            let minutes = page.iter().filter_map(|item| string(item, SK).get(..MINUTE_CHARS)?.parse::<Minute>().ok());
            minutes.for_each(|minute| *failures.entry(minute).or_default() += 1);
        }
        Ok(failures)
    }

    /// The minutes that got blocks out of turn.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn marks(&self) -> Result<Vec<Mark>, TableError> {
        let items = self.table.query(LATE, Sort::All, Consistency::Strong).await?;
        let mark = |item: &Item| {
            let minute = string(item, SK).parse().map_err(|_| self.table.malformed(item, SK))?;
            Ok(Mark { minute, stamp: string(item, "stamp") })
        };
        items.iter().map(mark).collect()
    }

    /// Clears a mark, unless the minute has been marked again since it was read.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn clear(&self, mark: &Mark) -> Result<(), TableError> {
        let request = self.table.client().delete_item().table_name(self.table.name());
        let request = request.key(PK, text(LATE)).key(SK, text(mark.minute.to_string()));
        let request = request
            .condition_expression("#stamp = :stamp")
            .expression_attribute_names("#stamp", "stamp")
            .expression_attribute_values(":stamp", text(&mark.stamp));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| self.table.failed("DeleteItem", &error))
    }
}

fn partition(minute: Minute, bucket: Bucket) -> String {
    format!("{BLOCKS}{minute}#{bucket}")
}

/// Whether an item of a minute is a block, and not the digest of one.
fn is_block(item: &Item) -> bool {
    item.contains_key(CALLS)
}

fn live_sort(committed_at: Timestamp, id: &str) -> String {
    format!("{LIVE}{:013}{LIVE}{id}", committed_at.as_millisecond())
}

fn item_of_block(block: &Block, committed_at: Timestamp) -> Item {
    let Block { id, events, body, digest, .. } = block;
    let sort = if digest.is_some() { format!("{DIGESTED}{id}") } else { live_sort(committed_at, id) };
    let mut item = item_at(block, sort);
    item.insert(CALLS.into(), binary(body.clone()));
    item.insert("n".into(), number(events));
    item.insert("committedAt".into(), number(committed_at.as_millisecond()));
    item
}

fn item_of_digest(block: &Block, digest: &[u8], committed_at: Timestamp) -> Item {
    let mut item = item_at(block, live_sort(committed_at, &block.id));
    item.insert(DIGEST.into(), binary(digest));
    item
}

fn item_to_begin_anew(block: &Block, committed_at: Timestamp) -> Item {
    item_at(block, live_sort(committed_at, &format!("{}{DIGESTED}", block.id)))
}

fn item_at(block: &Block, sort: String) -> Item {
    Item::from([
        (PK.into(), text(partition(block.minute, block.bucket))),
        (SK.into(), text(sort)),
        (TTL.into(), number(after_days(block.minute.start(), RETENTION_DAYS))),
    ])
}

fn item_of_mark(minute: Minute) -> Item {
    let mut stamp = [0_u8; 16];
    // Without randomness the mark is never equal to one that was read, and so is never cleared too early.
    let stamp = getrandom::fill(&mut stamp).map_or_else(|error| error.to_string(), |()| hex::encode(&stamp));
    Item::from([(PK.into(), text(LATE)), (SK.into(), text(minute.to_string())), ("stamp".into(), text(stamp))])
}

/// Seconds since 1970 of the instant that many days later.
pub fn after_days(instant: Timestamp, days: u32) -> i64 {
    instant.as_second() + SignedDuration::from_hours(i64::from(days) * 24).as_secs()
}
