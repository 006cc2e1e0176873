//! When the next read of a shard is due.
//!
//! Invariant: a shard that holds more is read at once, one that somebody says may hold more as soon as the pace allows,
//! and any other at rest: what nobody tells of is read later, but it is read.

use std::time::Duration;

use tokio::time::Instant;

use crate::options::Pace;

/// The schedule of one shard.
#[derive(Clone, Debug)]
pub(crate) struct ReadSchedule {
    pace: Pace,
    due: Instant,
    /// When it was last seen that the shard holds no more.
    at_tip: Option<Instant>,
    /// Whether somebody has said so since the last read began.
    is_woken: bool,
    failures: u32,
}

impl ReadSchedule {
    /// Due now.
    pub(crate) fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, due: now, at_tip: None, is_woken: false, failures: 0 }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// A read begins: what is said from now on, it may miss.
    pub(crate) fn begin(&mut self) {
        self.is_woken = false;
    }

    /// Somebody says that there may be more.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.is_woken = true;
        self.due = self.at_tip.map_or(now, |at| at + self.pace.poll);
    }

    /// A read has ended, at the tip of the shard or before it.
    pub(crate) fn succeeded(&mut self, is_at_tip: bool, now: Instant) {
        let Pace { poll, rest, .. } = self.pace;
        self.failures = 0;
        self.at_tip = is_at_tip.then_some(now);
        self.due = now
            + if !is_at_tip {
                Duration::ZERO
            } else if self.is_woken {
                poll
            } else {
                rest
            };
    }

    /// A read has failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures += 1;
        self.due = now + self.pace.poll.saturating_mul(1 << self.failures.min(16)).min(self.pace.longest_pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Pace::LOCAL.poll;
    const REST: Duration = Pace::LOCAL.rest;

    fn schedule() -> (ReadSchedule, Instant) {
        let now = Instant::now();
        (ReadSchedule::new(Pace::LOCAL, now), now)
    }

    #[test]
    fn a_shard_that_holds_more_is_read_at_once_and_one_that_does_not_at_rest() {
        let (mut schedule, now) = schedule();
        assert_eq!(schedule.due(), now);
        schedule.begin();
        schedule.succeeded(false, now);
        assert_eq!(schedule.due(), now);
        schedule.begin();
        schedule.succeeded(true, now);
        assert_eq!(schedule.due(), now + REST);
    }

    #[test]
    fn what_is_told_of_at_rest_is_read_at_once_and_no_faster_than_the_pace() {
        let (mut schedule, now) = schedule();
        schedule.succeeded(true, now);
        schedule.wake(now + POLL * 4);
        assert_eq!(schedule.due(), now + POLL, "which is over");
        schedule.begin();
        schedule.succeeded(true, now + POLL * 5);
        schedule.wake(now + POLL * 5);
        assert_eq!(schedule.due(), now + POLL * 6);
    }

    #[test]
    fn what_is_told_of_during_a_read_is_not_left_until_the_next_rest() {
        let (mut schedule, now) = schedule();
        schedule.begin();
        schedule.wake(now);
        schedule.succeeded(true, now);
        assert_eq!(schedule.due(), now + POLL);
        schedule.begin();
        schedule.succeeded(true, now + POLL);
        assert_eq!(schedule.due(), now + POLL + REST);
    }

    #[test]
    fn a_shard_that_cannot_be_read_is_tried_ever_more_seldom() {
        let (mut schedule, now) = schedule();
        for pause in [POLL * 2, POLL * 4, POLL * 8] {
            schedule.failed(now);
            assert_eq!(schedule.due(), now + pause);
        }
        (0..40).for_each(|_| schedule.failed(now));
        assert_eq!(schedule.due(), now + Pace::LOCAL.longest_pause);
        schedule.succeeded(true, now);
        schedule.failed(now);
        assert_eq!(schedule.due(), now + POLL * 2);
    }
}
