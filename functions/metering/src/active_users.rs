//! The users with the most calls of a day, who are watched on the days after it.
//!
//! Invariant: a list depends on the whole day alone, whatever its parts and their order, and takes a bounded number of
//! bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use contract::limit::WATCHED_BY_HOUR;
use serde::{Deserialize, Serialize};

use crate::email::Email;
use crate::fold::UsageBySubject;
use crate::subject::Subject;

/// Bytes of their addresses at most: an item takes 400 KB, and compression may not help at all.
const MAX_BYTES: usize = 256 * 1024;

/// Users by their calls: those with the most first, then by letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Email, u64)>", into = "Vec<(Email, u64)>")]
pub struct ActiveUsers {
    ranked: BTreeSet<(Reverse<u64>, Email)>,
}

/// What a user did on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveUser {
    /// Whose calls.
    pub user_email: Email,
    /// Calls of all the days.
    pub calls: u64,
    /// Calls of the day with the most.
    pub most_in_a_day: u64,
}

impl ActiveUsers {
    /// Adds the users of a part, who are in no other.
    pub fn add(&mut self, fold: &UsageBySubject) {
        for (subject, usage) in &fold.usages {
            if let (Subject::User(user_email), 1..) = (subject, usage.calls) {
                self.ranked.insert((Reverse(usage.calls), user_email.clone()));
                if self.ranked.len() > WATCHED_BY_HOUR {
                    self.ranked.pop_last();
                }
            }
        }
    }

    /// The users of some days together, those with the most calls first, then by letters.
    pub fn of_days(days: impl IntoIterator<Item = Self>) -> Vec<ActiveUser> {
        let mut sums = BTreeMap::<Email, (u64, u64)>::new();
        for (Reverse(of_day), user_email) in days.into_iter().flat_map(|day| day.ranked) {
            let (calls, most_in_a_day) = sums.entry(user_email).or_default();
            *calls += of_day;
            *most_in_a_day = of_day.max(*most_in_a_day);
        }
        let user = |(user_email, (calls, most_in_a_day))| ActiveUser { user_email, calls, most_in_a_day };
        let mut users: Vec<_> = sums.into_iter().map(user).collect();
        users.sort_by_key(|user| Reverse(user.calls));
        users
    }
}

impl From<Vec<(Email, u64)>> for ActiveUsers {
    fn from(users: Vec<(Email, u64)>) -> Self {
        Self { ranked: users.into_iter().map(|(user_email, calls)| (Reverse(calls), user_email)).collect() }
    }
}

impl From<ActiveUsers> for Vec<(Email, u64)> {
    /// As many as there is room for.
    fn from(ActiveUsers { ranked }: ActiveUsers) -> Self {
        let mut bytes = 0;
        let mut has_room = |user_email: &Email| {
            bytes += user_email.as_str().len();
            bytes <= MAX_BYTES
        };
        let users = ranked.into_iter().map(|(Reverse(calls), user_email)| (user_email, calls));
        users.take_while(|(user_email, _)| has_room(user_email)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;

    fn fold<'a>(users: impl IntoIterator<Item = (&'a str, u64)>) -> UsageBySubject {
        let mut fold = UsageBySubject::default();
        for (user, calls) in users {
            fold.add(Subject::User(user.parse().unwrap()), &Usage { calls, events: calls + 1, ..Usage::default() });
        }
        fold
    }

    fn list<'a>(users: impl IntoIterator<Item = (&'a str, u64)>) -> ActiveUsers {
        let mut list = ActiveUsers::default();
        list.add(&fold(users));
        list
    }

    #[test]
    fn of_very_many_users_those_with_the_most_calls_are_kept_whatever_the_order_of_parts() {
        let names: Vec<String> = (0..2 * WATCHED_BY_HOUR).map(|n| format!("{n:04}{}@b.au", "x".repeat(200))).collect();
        let parts: Vec<_> = names
            .chunks(700)
            .map(|part| fold(part.iter().map(|name| (name.as_str(), name[2..4].parse().unwrap()))))
            .collect();
        let (mut forth, mut back) = (ActiveUsers::default(), ActiveUsers::default());
        parts.iter().for_each(|part| forth.add(part));
        parts.iter().rev().for_each(|part| back.add(part));
        assert!(forth == back && forth.ranked.len() == WATCHED_BY_HOUR);
        let (Reverse(least), _) = forth.ranked.last().unwrap();
        assert_eq!(*least, 50);
        let stored = serde_json::to_vec(&forth).unwrap();
        assert!((MAX_BYTES..300 * 1024).contains(&stored.len()), "{}", stored.len());
        let read: ActiveUsers = serde_json::from_slice(&stored).unwrap();
        assert!(forth.ranked.iter().take(1_000).eq(read.ranked.iter().take(1_000)));
    }

    #[test]
    fn users_of_days_are_ranked_by_all_their_calls_and_who_made_none_is_no_user() {
        let days = [list([("a@b.au", 5), ("c@b.au", 9), ("idle@b.au", 0)]), list([("a@b.au", 7), ("b@b.au", 9)])];
        let user = |(user, calls, most_in_a_day): (&str, u64, u64)| ActiveUser {
            user_email: user.parse().unwrap(),
            calls,
            most_in_a_day,
        };
        let expected = [("a@b.au", 12, 7), ("b@b.au", 9, 9), ("c@b.au", 9, 9)].map(user);
        assert_eq!(ActiveUsers::of_days(days), expected);
    }
}
