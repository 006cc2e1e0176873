//! How many users a point of a series has.
//!
//! Invariant: nobody counts twice, however many parts of the point they are in.

use std::collections::BTreeSet;

use super::{Series, Sums};
use crate::hash::Hash;
use crate::sketch::Sketch;
use crate::total::Total;
use crate::user_set::UserSet;
use crate::window::{Hour, Minute};

/// How the users of a point are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Users {
    /// By the totals of whole windows and the names in parts.
    #[default]
    Counted,
    /// There is one whose calls these are.
    One,
    /// By name alone.
    Named,
    /// By those of its hours together, and the names in other parts.
    OfHours(Sketch),
    /// Not at all: the windows that make the point are counted each by itself.
    Unknown,
}

impl Users {
    /// How many there are, with what the point comes to and the names in its parts.
    pub(super) fn number(&self, total: &Total, names: &BTreeSet<Hash>) -> Option<u64> {
        match self {
            Self::Counted => Some(total.users + names.len() as u64),
            Self::Named => Some(names.len() as u64),
            Self::One => Some(u64::from(total.calls > 0)),
            Self::OfHours(users) => {
                let mut users = users.clone();
                names.iter().for_each(|name| users.add(*name));
                Some(users.users())
            }
            Self::Unknown => None,
        }
    }
}

impl Series {
    /// The windows whose users nobody has told yet, latest first: the first minute of each, and the last.
    pub fn untold(&self) -> Vec<(Minute, Minute)> {
        let is_unknown = |sums: &Sums| sums.users == Users::Unknown;
        let unknown = self.range.edges().zip(&self.points).filter(|(_, sums)| is_unknown(sums)).map(|(edges, _)| edges);
        let mut windows: Vec<_> = unknown.map(|(first, next)| (first, next.plus(-1))).collect();
        windows.reverse();
        windows
    }

    /// Those of them whose users can be counted from hours, and from minutes in the hour in which windows are set up to
    /// one, latest first: the first hour of each, and the last.
    pub fn of_hours(&self, set: Minute) -> Vec<(Hour, Hour)> {
        let is_whole = |first: Minute, next: Minute| first.of_hour() == 0 && (next.of_hour() == 0 || next > set);
        let untold = self.untold().into_iter().map(|(first, last)| (first, last.plus(1)));
        let untold = untold.filter(|(first, next)| is_whole(*first, *next));
        let hours = untold.map(|(first, next)| (first.hour(), next.hour().plus(-1)));
        hours.filter(|(first, last)| first <= last).collect()
    }

    /// Names all users of such a window that windows know; live minutes name theirs.
    pub fn name_users(&mut self, first: Minute, callers: &UserSet) {
        let Some(point) = self.point(first) else { return };
        point.users = Users::Named;
        point.names.extend(callers.iter());
    }

    /// The users of the first window, where they are known.
    pub fn users(&self) -> Option<u64> {
        self.points.first().and_then(|point| point.users.number(&point.total, &point.names))
    }

    /// Tells the users of the hours that are set of such a window; others are named by [`add_users`](Self::add_users).
    pub fn count_hours(&mut self, first: Hour, hours: &[Sketch]) {
        let Some(point) = self.point(first.first_minute()) else { return };
        let mut users = Sketch::default();
        hours.iter().for_each(|hour| users.merge(hour));
        point.users = Users::OfHours(users);
    }

    /// Names the users of a part of a window by their hashes.
    pub fn add_callers(&mut self, first: Minute, callers: &UserSet) {
        if let Some(point) = self.point(first) {
            point.names.extend(callers.iter());
        }
    }

    /// Takes note that a window has users of whom nobody knows how many they are.
    pub fn leave_users_unknown(&mut self, minute: Minute) {
        if let Some(point) = self.point(minute) {
            point.users = Users::Unknown;
        }
    }

    /// Whether a minute is in a window whose users are counted from hours.
    pub fn is_of_hours(&self, minute: Minute) -> bool {
        let point = self.range.index(minute).and_then(|place| self.points.get(place));
        point.is_some_and(|point| matches!(point.users, Users::OfHours(_)))
    }
}
