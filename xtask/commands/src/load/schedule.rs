//! When each call of a load is due, and who makes it.
//!
//! Invariant: neither depends on an answer, so a system that is slow meets the same calls as one that is not.

use std::time::Duration;

/// Nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

/// The calls of a load, numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Calls a second, at least one.
    pub rate: u32,
    /// How many there are.
    pub calls: u64,
    /// How many users make them, at least one.
    pub users: u32,
    /// The percentage that the first user makes; where it is `None`, all make as many.
    pub hot: Option<u8>,
}

impl Schedule {
    /// When a call is due, from the beginning on.
    pub fn due(&self, call: u64) -> Duration {
        let nanoseconds = u128::from(call) * SECOND / u128::from(self.rate.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// The index of the user who makes a call. The calls of one are spread evenly over those of all.
    pub fn user(&self, call: u64) -> usize {
        let (users, others) = (u64::from(self.users.max(1)), u64::from(self.users.saturating_sub(1)));
        let hot = self.hot.map(|percent| (hot_calls(call, percent), hot_calls(call.saturating_add(1), percent)));
        let user = match hot {
            None => call % users,
            Some((before, after)) if others == 0 || after > before => 0,
            Some((before, _)) => 1 + (call - before) % others,
        };
        usize::try_from(user).unwrap_or_default()
    }
}

/// How many of the first calls the first user makes.
fn hot_calls(calls: u64, percent: u8) -> u64 {
    let hot = u128::from(calls) * u128::from(percent) / 100;
    u64::try_from(hot).unwrap_or(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls_by_user(users: u32, hot: Option<u8>) -> Vec<u64> {
        let schedule = Schedule { rate: 100, calls: 1_000, users, hot };
        let mut calls = vec![0; users as usize];
        (0..schedule.calls).for_each(|call| calls[schedule.user(call)] += 1);
        calls
    }

    #[test]
    fn calls_are_due_at_the_rate_and_at_no_other_time() {
        let schedule = Schedule { rate: 3, calls: 7, users: 1, hot: None };
        let due: Vec<u128> = (0..schedule.calls).map(|call| schedule.due(call).as_micros()).collect();
        assert_eq!(due, [0, 333_333, 666_666, 1_000_000, 1_333_333, 1_666_666, 2_000_000]);
        let day = Schedule { rate: 100_000, calls: 8_640_000_000, users: 1, hot: None };
        assert_eq!(day.due(day.calls), Duration::from_secs(86_400));
    }

    #[test]
    fn without_a_hot_user_all_make_as_many_calls() {
        assert_eq!(calls_by_user(8, None), [125; 8]);
        assert_eq!(calls_by_user(1, None), [1_000]);
    }

    #[test]
    fn a_hot_user_makes_their_share_and_the_others_make_the_rest_alike() {
        assert_eq!(calls_by_user(6, Some(50)), [500, 100, 100, 100, 100, 100]);
        assert_eq!(calls_by_user(3, Some(10)), [100, 450, 450]);
        assert_eq!(calls_by_user(3, Some(100)), [1_000, 0, 0]);
        assert_eq!(calls_by_user(1, Some(10)), [1_000], "there is nobody else");
    }

    #[test]
    fn the_calls_of_a_hot_user_are_spread_over_the_whole_time() {
        let schedule = Schedule { rate: 100, calls: 1_000, users: 4, hot: Some(20) };
        let is_hot: Vec<bool> = (0..schedule.calls).map(|call| schedule.user(call) == 0).collect();
        assert!(is_hot.chunks(5).all(|five| five.iter().filter(|hot| **hot).count() == 1));
    }
}
