//! Which lists of who called tell of a span of time, and what they cost.
//!
//! Invariant: a list is one that names all of its users, as the totals tell; what an answer may read of lists is taken
//! from one budget.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use metering::total::Total;
use metering::user_set::Listed;
use metering::window::{Day, Hour, Minute};

use store::windows::{End, Past, Span, begins_part};

/// Bytes that half a read unit reads: eventually consistent ones, as lists are read at first.
const HALF_UNIT_BYTES: u64 = 4_096;
/// Half read units for lists of users in an answer: for 130,000 users of each of two days.
const HALF_UNITS: u64 = 480;
/// Bytes of a listed user, and of an item beside them.
const USER_BYTES: u64 = 6;
const ITEM_BYTES: u64 = 100;

/// What an answer may still read of lists.
#[derive(Debug)]
pub(super) struct Budget(AtomicU64);

/// What totals tell of the users of windows.
pub(super) struct Told {
    windows: BTreeMap<Span, Total>,
    /// The minute up to which windows are set.
    set: Minute,
}

/// A list, or one end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Who has called up to a minute.
    UpTo(Span, Minute),
    /// Who called in a window that is over, at one end of it, with the place at which that ends.
    At(Span, End, u8),
}

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU64::new(HALF_UNITS))
    }
}

impl Budget {
    /// Takes half read units, if there are as many.
    pub(super) fn take(&self, half_units: u64) -> bool {
        let take = |left: u64| left.checked_sub(half_units);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Takes as many read units as there are, between two numbers; tells how many that is, none where there are fewer.
    pub(super) fn rest(&self, (least, most): (u64, u64)) -> u64 {
        let units = (self.0.load(Ordering::Relaxed) / 2).min(most);
        if units >= least && self.take(units * 2) { units } else { 0 }
    }
}

impl Told {
    pub(super) fn new<'a>(
        totals: impl Iterator<Item = &'a (Span, Total)>,
        past: impl Iterator<Item = &'a Past>,
        set: Minute,
    ) -> Self {
        let past = past.map(|past| (past.span, Total { users: past.users, listed: past.listed, ..Total::default() }));
        let counted = |(span, total): &(Span, Total)| {
            (*span, Total { users: total.users, listed: total.listed, ..Total::default() })
        };
        Self { windows: totals.map(counted).chain(past).collect(), set }
    }

    /// The minute up to which windows are set.
    pub(super) const fn set(&self) -> Minute {
        self.set
    }

    /// How many callers of a window are listed, where those of all its parts are.
    pub(super) fn listed(&self, whole: Span) -> Option<u64> {
        let parts = self.windows.iter().filter(|(span, _)| whole.holds(**span)).map(|(_, total)| total);
        let Listed { of_hour, of_day } = Total::listed_in(parts)?;
        Some(if matches!(whole, Span::Day(_)) { of_day } else { of_hour })
    }

    /// How many users a window that is over has; nobody calls in one without a total.
    fn users(&self, whole: Span) -> u64 {
        self.windows.get(&whole).map_or(0, |total| total.users)
    }
}

impl List {
    /// The lists that together name those who called from one minute to another, both set; nothing where there are none.
    pub(super) fn between(first: Minute, last: Minute, set: Minute) -> Option<Vec<Self>> {
        let days = first.day().through(last.day()).map(|day| {
            let (begin, end) = (day.first_hour().first_minute(), day.last_hour().last_minute());
            let (first, last) = (first.max(begin), last.min(end));
            match (first == begin, last == end && end <= set) {
                (true, true) => Some(vec![Self::At(Span::Day(day), End::First, place(end.hour().of_day()))]),
                (true, false) => Some(Self::up_to(day, last, set)),
                (false, true) => Self::from(day, first),
                (false, false) => Self::within(first, last, set),
            }
        });
        Some(days.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// From the beginning of a day to a minute.
    fn up_to(day: Day, last: Minute, set: Minute) -> Vec<Self> {
        let next = last.plus(1);
        if day.last_hour().last_minute() > set || !begins_part(next) {
            return vec![Self::UpTo(Span::Day(day), last)];
        }
        let hours =
            (next.hour().of_day() > 0).then(|| Self::At(Span::Day(day), End::First, place(next.hour().of_day() - 1)));
        let quarters =
            (next.of_hour() > 0).then(|| Self::At(Span::Hour(next.hour()), End::First, place(last.of_hour())));
        hours.into_iter().chain(quarters).collect()
    }

    /// From a minute to the end of a day that is over.
    fn from(day: Day, first: Minute) -> Option<Vec<Self>> {
        let hour = |hour: Hour| Self::At(Span::Day(day), End::Last, place(hour.of_day()));
        match first.of_hour() {
            0 => Some(vec![hour(first.hour())]),
            minutes if begins_part(first) => {
                let quarters = Self::At(Span::Hour(first.hour()), End::Last, place(minutes));
                let next = Some(first.hour().plus(1)).filter(|next| next.day() == day);
                Some([quarters].into_iter().chain(next.map(hour)).collect())
            }
            _ => None,
        }
    }

    /// From a minute to another of the same day, hour by hour.
    fn within(first: Minute, last: Minute, set: Minute) -> Option<Vec<Self>> {
        let hours = first.hour().through(last.hour()).map(|hour| {
            let (begin, end) = (hour.first_minute(), hour.last_minute());
            let from = first.max(begin);
            if end <= last.min(set) && begins_part(from) {
                Some(Self::At(Span::Hour(hour), End::Last, place(from.of_hour())))
            } else {
                (from == begin).then(|| Self::UpTo(Span::Hour(hour), last.min(end)))
            }
        });
        hours.collect()
    }

    /// At most how many users it names; nothing where it does not name all.
    pub(super) fn users(self, told: &Told) -> Option<u64> {
        match self {
            Self::UpTo(whole, _) => told.listed(whole),
            Self::At(whole, ..) => Some(told.users(whole)),
        }
    }

    /// In how many items these are.
    pub(super) fn items(self, users: u64) -> u64 {
        let parts = match self {
            Self::UpTo(Span::Day(_), _) => 24 * 60,
            Self::UpTo(..) => 60,
            Self::At(..) => 24,
        };
        users.min(parts)
    }
}

/// Half read units of an eventually consistent read of so many users in so many items.
pub(super) const fn half_units((users, items): (u64, u64)) -> u64 {
    (users * USER_BYTES + items * ITEM_BYTES) / HALF_UNIT_BYTES + 1
}

fn place(number: i64) -> u8 {
    u8::try_from(number).unwrap_or_default()
}
