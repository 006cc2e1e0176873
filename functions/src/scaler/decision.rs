//! Whether the stream needs more shards or fewer: a pure function of what is known.
//!
//! Out is quick: two busy minutes, or one refused record. In is slow: half an hour, nearly all of it known, in which
//! fewer shards would not even have been half full. Between the two thresholds nothing happens, so a load that swings
//! around either is left alone.
//!
//! Invariant: no decision leaves the bounds, more than doubles or halves, or rests on a missing data point.

use std::fmt;

use contract::limit::SHARD_CHANGES_PER_DAY;
use jiff::{SignedDuration, Timestamp};
use metering::window::Minute;

use super::change::{Change, Changes};
use super::load::{Load, Series};

/// The share of their capacity above which shards are too full. Seconds within a minute and keys among shards are
/// uneven, so it is well below one.
pub const UPPER: f64 = 0.7;
/// The share that a change aims at. Fewer shards are never fuller than this, and so stay below [`UPPER`].
pub const AIM: f64 = 0.5;
/// How many minutes in a row are busy before shards are added.
pub const BUSY_MINUTES: usize = 2;
/// For how many minutes fewer shards would have been enough before some are taken away.
pub const CALM_MINUTES: i64 = 30;
/// Of how many of these minutes there is a data point at least: all but those that CloudWatch may be behind.
pub const KNOWN_MINUTES: usize = (CALM_MINUTES - FRESH_MINUTES) as usize;
/// How old the last data point may be, in minutes. CloudWatch is usually one or two behind.
pub const FRESH_MINUTES: i64 = 5;
/// After a change, how long nothing is changed.
pub const COOL_DOWN: SignedDuration = SignedDuration::from_mins(5);
/// Changes of a day that are kept for adding shards.
pub const KEPT_FOR_MORE: usize = 4;

/// How many shards there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least, 1 or more.
    pub min: u32,
    /// At most, `min` or more.
    pub max: u32,
}

/// What the stream takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedCapacity {
    /// As much as comes: it has no shards to be chosen.
    OnDemand,
    /// It is changing just now, and takes no other change.
    Changing,
    /// So many shards.
    Shards(u32),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Nothing.
    Stay(Stay),
    /// This number of shards was chosen by somebody else, or nothing is remembered yet: remember it, go on from there.
    Note(u32),
    /// Another number of shards.
    Scale {
        /// How many.
        to: u32,
        because: Cause,
    },
    /// More shards are needed and cannot be had.
    Short {
        /// How many more.
        by: u32,
        /// Why they are needed.
        because: Cause,
        /// What stands in the way.
        limit: Limit,
    },
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stay {
    /// The stream follows its traffic by itself.
    OnDemand,
    /// The stream is changing.
    Changing,
    /// There is no recent data point, so nothing is known.
    NoData,
    /// The last change is too recent.
    CoolingDown,
    /// The shards are neither too full nor too many. The share of them that the last minute has filled.
    Fits(f64),
    /// Fewer would be enough, but the day's last changes are kept for adding shards.
    Sparing,
}

/// Why another number of shards is needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cause {
    /// Records were refused, so many in a minute.
    Refused(f64),
    /// Shards were full to this share at least.
    Busy(f64),
    /// For half an hour the load was no more than this, in shards.
    Calm(f64),
    /// There are fewer than the least.
    BelowMinimum,
}

/// What stands in the way of more shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The most that there may be.
    Maximum(u32),
    /// The changes that Kinesis allows in a day.
    Day,
}

/// Decides.
pub fn decide(
    capacity: ObservedCapacity,
    changes: &Changes,
    series: &Series,
    bounds: Bounds,
    now: Timestamp,
) -> Decision {
    let shards = match capacity {
        ObservedCapacity::OnDemand => return Decision::Stay(Stay::OnDemand),
        ObservedCapacity::Changing => return Decision::Stay(Stay::Changing),
        ObservedCapacity::Shards(shards) => shards,
    };
    let Some(last) = changes.last() else { return Decision::Note(shards) };
    if now.duration_since(last.at) < COOL_DOWN {
        return Decision::Stay(Stay::CoolingDown);
    }
    if last.shards != shards {
        return Decision::Note(shards);
    }
    let minute = Minute::of(now);
    let fresh = series.last().filter(|(known, _)| minute.since(*known) <= FRESH_MINUTES);
    let Some((_, newest)) = fresh else { return Decision::Stay(Stay::NoData) };
    let spent = changes.spent(now);
    if let Some((wanted, because)) = more(shards, last, series, bounds) {
        return add(shards, wanted, because, bounds, spent);
    }
    match fewer(shards, last, series, bounds, minute) {
        Some(_) if spent + KEPT_FOR_MORE >= SHARD_CHANGES_PER_DAY => Decision::Stay(Stay::Sparing),
        Some((to, because)) => Decision::Scale { to, because },
        None => Decision::Stay(Stay::Fits(newest.shards() / f64::from(shards))),
    }
}

/// How many shards are needed, if that is more. A minute that began before the last change was over says
/// nothing of these shards.
fn more(shards: u32, last: Change, series: &Series, bounds: Bounds) -> Option<(u32, Cause)> {
    if shards < bounds.min {
        return Some((bounds.min, Cause::BelowMinimum));
    }
    let recent = series.tail(BUSY_MINUTES, last.first_minute());
    let refused = recent.iter().map(|load| load.refused).fold(0.0, f64::max);
    if refused > 0.0 {
        // What was refused is in no other metric: how much is missing is not known.
        return Some((shards.saturating_mul(2), Cause::Refused(refused)));
    }
    let least = recent.iter().map(Load::shards).fold(f64::INFINITY, f64::min) / f64::from(shards);
    let peak = recent.iter().map(Load::shards).fold(0.0, f64::max);
    (recent.len() == BUSY_MINUTES && least > UPPER).then(|| (filled_to_aim(peak), Cause::Busy(least)))
}

fn add(shards: u32, wanted: u32, because: Cause, bounds: Bounds, spent: usize) -> Decision {
    let to = wanted.min(bounds.max).min(shards.saturating_mul(2));
    if to <= shards {
        let limit = Limit::Maximum(bounds.max);
        return Decision::Short { by: wanted.saturating_sub(shards).max(1), because, limit };
    }
    if spent >= SHARD_CHANGES_PER_DAY {
        return Decision::Short { by: to - shards, because, limit: Limit::Day };
    }
    Decision::Scale { to, because }
}

/// How many shards are enough, if that is fewer, and is known to have been for a whole calm time since the last change.
fn fewer(shards: u32, last: Change, series: &Series, bounds: Bounds, now: Minute) -> Option<(u32, Cause)> {
    let calm_since = now.plus(-CALM_MINUTES);
    if last.first_minute() > calm_since || series.known(calm_since) < KNOWN_MINUTES {
        return None;
    }
    let peak = series.peak(calm_since);
    let to = filled_to_aim(peak).max(bounds.min).max(shards.div_ceil(2));
    (to < shards && !has_refused(series, calm_since)).then_some((to, Cause::Calm(peak)))
}

fn has_refused(series: &Series, first: Minute) -> bool {
    series.0.range(first..).any(|(_, load)| load.refused > 0.0)
}

/// How many shards a load fills to the share that is aimed at.
fn filled_to_aim(load: f64) -> u32 {
    (load / AIM).ceil() as u32
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stay(stay) => stay.fmt(f),
            Self::Note(shards) => write!(f, "finds {shards} shards, and goes on from there"),
            Self::Scale { to, because } => write!(f, "to {to} shards: {because}"),
            Self::Short { by, because, limit } => write!(f, "{by} more shards are needed ({because}), but {limit}"),
        }
    }
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnDemand => f.write_str("an on-demand stream chooses its shards itself"),
            Self::Changing => f.write_str("the stream is changing just now"),
            Self::NoData => {
                write!(f, "CloudWatch has no data point of the last {FRESH_MINUTES} minutes: nothing is known")
            }
            Self::CoolingDown => write!(f, "the last change is less than {} minutes old", COOL_DOWN.as_mins()),
            Self::Fits(share) => write!(f, "shards are {:.0} % full", share * 100.0),
            Self::Sparing => {
                write!(f, "fewer would do, but the last {KEPT_FOR_MORE} changes of a day are kept for adding shards")
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(records) => write!(f, "{records:.0} records were refused in a minute"),
            Self::Busy(share) => {
                write!(f, "for {BUSY_MINUTES} minutes shards were {:.0} % full or more", share * 100.0)
            }
            Self::Calm(load) => write!(f, "for {CALM_MINUTES} minutes the load filled {load:.1} shards at most"),
            Self::BelowMinimum => f.write_str("there are fewer than the least"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maximum(max) => write!(f, "{max} are the most that there may be"),
            Self::Day => write!(f, "the {SHARD_CHANGES_PER_DAY} changes that Kinesis allows in 24 hours are spent"),
        }
    }
}
