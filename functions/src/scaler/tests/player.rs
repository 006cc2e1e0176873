//! Plays a day: a stream of so many shards is offered a load, CloudWatch gives its metrics a minute late, and the
//! decisions are carried out as Kinesis does it.
//!
//! Invariant: what must hold of every decision is asserted at each.

use metering::window::Minute;

use super::super::change::{Change, Changes};
use super::super::decision::*;
use super::super::load::{Load, Series};

/// Bytes of a record, where a series names no other number.
const RECORD_BYTES: f64 = 500.0;

/// What a minute offers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) load: Load,
    /// Whether CloudWatch will have a data point of it.
    pub(super) known: bool,
}

pub(super) struct Player {
    pub(super) bounds: Bounds,
    pub(super) shards: u32,
    pub(super) changes: Changes,
    /// How many minutes a resharding takes.
    pub(super) resharding: i64,
    /// What was decided, when it was another thing than the minute before.
    pub(super) story: Vec<String>,
    minute: Minute,
    played: i64,
    /// What was offered, whether CloudWatch has it or not.
    offered: Series,
    series: Series,
    /// The minute that CloudWatch does not have yet.
    late: Option<(Minute, Load)>,
    /// The shards that a resharding makes, and in how many minutes.
    coming: Option<(u32, i64)>,
    said: String,
}

/// A series of a file: the shards that it begins with, and what each minute offers.
///
/// A line is `minutes x` and then one or more loads, each `records a second`, with `@bytes` of a record and `minutes*`
/// before it where they are not 500 and 1; after `-` it is one that CloudWatch has no data point of.
pub(super) fn read(text: &str) -> (u32, Vec<Offer>) {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let shards = lines.next().unwrap().strip_prefix("shards ").unwrap().parse().unwrap();
    let offers = lines.flat_map(|line| {
        let (times, loads) = line.split_once("x ").unwrap();
        let round: Vec<Offer> = loads.split(' ').flat_map(minutes).collect();
        (0..times.parse::<usize>().unwrap()).flat_map(move |_| round.clone())
    });
    (shards, offers.collect())
}

fn minutes(text: &str) -> Vec<Offer> {
    let (minutes, load) = text.split_once('*').unwrap_or(("1", text));
    let (known, load) = load.strip_prefix('-').map_or((true, load), |load| (false, load));
    let (records, bytes) = load.split_once('@').unwrap_or((load, ""));
    let load = offered(records.parse().unwrap(), bytes.parse().unwrap_or(RECORD_BYTES));
    vec![Offer { load, known }; minutes.parse().unwrap()]
}

/// A minute of so many records a second, of so many bytes each.
pub(super) fn offered(records: f64, bytes: f64) -> Load {
    Load { records: records * 60.0, bytes: records * 60.0 * bytes, refused: 0.0 }
}

impl Player {
    pub(super) fn new(shards: u32, bounds: Bounds) -> Self {
        let minute: Minute = "2026-11-24T00:00".parse().unwrap();
        let changes = Changes::default().and(Change::new(minute.start(), shards, false));
        let (offered, series) = (Series::default(), Series::default());
        Self {
            bounds,
            shards,
            changes,
            resharding: 1,
            story: Vec::new(),
            minute,
            played: 0,
            offered,
            series,
            late: None,
            coming: None,
            said: String::new(),
        }
    }

    pub(super) fn play(&mut self, offers: &[Offer]) {
        offers.iter().for_each(|offer| self.minute(*offer));
    }

    /// One minute, and the run of the scaler after it.
    fn minute(&mut self, offer: Offer) {
        self.offered.0.insert(self.minute, offer.load);
        let taken = offer.known.then(|| taken(offer.load, self.shards));
        self.series.0.extend(std::mem::replace(&mut self.late, taken.map(|load| (self.minute, load))));
        self.minute = self.minute.plus(1);
        self.played += 1;
        // Until a resharding is over, the old shards take what they can.
        let capacity = match self.coming.take() {
            Some((shards, minutes)) => {
                match minutes - 1 {
                    0 => self.shards = shards,
                    left => self.coming = Some((shards, left)),
                }
                ObservedCapacity::Changing
            }
            None => ObservedCapacity::Shards(self.shards),
        };
        let now = self.minute.start();
        let decision = decide(capacity, &self.changes, &self.series, self.bounds, now);
        self.hold(decision);
        let said = match decision {
            Decision::Scale { to, because } => {
                self.changes = self.changes.and(Change::new(now, to, true));
                self.coming = Some((to, self.resharding));
                format!("{} -> {to}: {because}", self.shards)
            }
            Decision::Short { by, limit, .. } => format!("short by {by}: {limit}"),
            Decision::Stay(stay @ (Stay::NoData | Stay::Sparing)) => stay.to_string(),
            Decision::Stay(Stay::Changing) => {
                self.changes = self.changes.with_changing(now);
                String::new()
            }
            Decision::Stay(_) | Decision::Note(_) => String::new(),
        };
        if !said.is_empty() && said != self.said {
            self.story.push(format!("{:02}:{:02} {said}", self.played / 60, self.played % 60));
        }
        self.said = said;
    }

    /// What holds of every decision.
    fn hold(&self, decision: Decision) {
        let now = self.minute.start();
        let Decision::Scale { to, because } = decision else { return };
        let (shards, Bounds { min, max }) = (self.shards, self.bounds);
        let is_nearer = to < shards && shards > max || to > shards && shards < min;
        assert!((min..=max).contains(&to) || is_nearer, "{to} shards are out of bounds");
        assert!(to != shards && to <= shards * 2 && to * 2 >= shards, "{shards} to {to}");
        assert!(now.duration_since(self.changes.last().unwrap().at) >= COOL_DOWN, "two changes within the cool-down");
        assert!(self.changes.spent(now) < 10, "an eleventh change within 24 hours");
        if to < shards {
            let calm_since = self.minute.plus(-CALM_MINUTES);
            let is_too_much = |load: &Load| load.shards() / f64::from(to) > UPPER;
            assert!(!self.series.0.range(calm_since..).any(|(_, load)| is_too_much(load)), "{because}: but not enough");
            let too_much = self.offered.0.range(calm_since..).filter(|(_, load)| is_too_much(load)).count();
            let unknown = CALM_MINUTES as usize - KNOWN_MINUTES;
            assert!(too_much <= unknown, "{because}: but {too_much} minutes offered too much for {to} shards");
            assert!(self.changes.spent(now) < 10 - KEPT_FOR_MORE, "no change is left for adding shards");
        }
    }
}

/// What so many shards take of a load.
fn taken(load: Load, shards: u32) -> Load {
    let share = (f64::from(shards) / load.shards()).min(1.0);
    let refused = (load.records * (1.0 - share)).round();
    Load { records: load.records * share, bytes: load.bytes * share, refused }
}
