//! What a warm instance knows of a user's month: what was counted, what it let through since, what the gate said.
//!
//! Invariant: the number is never above the calls that were made, and never forgets one that this instance let
//! through a moment ago, whether or not it has been counted yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use metering::event::Event;
use metering::identity::Identity;
use metering::quota::Quota;
use metering::window::Minute;

use store::history::History;

/// How long a call may be on its way into a block. No window holds a call that is younger: the aggregator leaves a
/// minute to the blocks for as long.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(10);
/// How long a count that could not be read is not asked for again.
const COOL_DOWN: SignedDuration = SignedDuration::from_secs(1);
/// Most calls remembered; the oldest are forgotten first.
const MAX_RECENT: usize = 10_000;

/// A user's month.
#[derive(Debug, Default)]
pub(super) struct MonthlyUsage {
    counted: u64,
    gate: u64,
    /// When it is to be read again, by the limit of the latest call.
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    limit: Option<u64>,
    recent: Recent,
    /// Calls that this instance let through, by minute, as far as no window holds them.
    passed: BTreeMap<Minute, u64>,
    /// The highest threshold that this instance has told of, in percent.
    told: u64,
}

/// The calls of the last moments, by what makes each one event, in the order in which they came.
#[derive(Debug, Default)]
struct Recent {
    order: VecDeque<(Timestamp, Arc<Identity<'static>>)>,
    calls: BTreeSet<Arc<Identity<'static>>>,
}

impl MonthlyUsage {
    /// The quota under a limit.
    pub(super) fn quota(&mut self, limit: u64) -> Quota {
        self.limit = Some(limit);
        Quota { used: self.counted.max(self.gate), limit }
    }

    /// Whether the count is too old for what is left. One that is used up stays so until the month is over.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let quota = Quota { used: self.counted.max(self.gate), limit: self.limit.unwrap_or(u64::MAX) };
        !quota.is_exhausted() && is_older(self.read_at, quota.fresh(), now)
    }

    /// Whether to read it now: it is due, and no reading has failed a moment ago.
    pub(super) fn ask(&mut self, now: Timestamp) -> bool {
        let asks = self.is_due(now) && is_older(self.asked_at, COOL_DOWN, now);
        if asks {
            self.asked_at = Some(now);
        }
        asks
    }

    /// Takes over a count that was read, and what of this instance's own calls it cannot hold yet.
    pub(super) fn read(&mut self, history: &History, now: Timestamp) {
        let is_counted =
            |call: &Identity<'_>| history.live.get(&call.minute()).is_some_and(|traffic| traffic.contains(call));
        self.recent.forget_arrived(now);
        self.passed.retain(|minute, _| history.watermark.is_none_or(|watermark| *minute > watermark));
        let on_their_way = if history.is_cut {
            self.passed.values().sum()
        } else {
            self.recent.calls.iter().filter(|call| !is_counted(call)).count() as u64
        };
        self.counted = history.sum().calls + on_their_way;
        (self.read_at, self.asked_at) = (Some(now), None);
    }

    /// Whether the call has been let through before: the gateway may ask twice.
    pub(super) fn has(&self, call: &Event) -> bool {
        self.recent.calls.contains(&call.identity().into_owned())
    }

    /// Remembers a call that was let through.
    pub(super) fn pass(&mut self, call: &Event, now: Timestamp) {
        self.recent.forget_arrived(now);
        let new = u64::from(self.recent.remember(call.identity().into_owned(), now));
        self.counted += new;
        *self.passed.entry(Minute::of(now)).or_default() += new;
    }

    /// The highest of some thresholds that is reached, unless this instance has told of it. Whether one is passed is not a
    /// matter of a call: calls that other instances let through are in the count all at once.
    pub(super) fn newly_reached(&mut self, quota: Quota, thresholds: &[u64]) -> Option<u64> {
        let reached = quota.reached(thresholds).next_back().filter(|threshold| *threshold > self.told)?;
        self.told = reached;
        Some(reached)
    }

    /// Remembers what the gate said.
    pub(super) fn at_gate(&mut self, used: u64) {
        self.gate = self.gate.max(used);
    }
}

impl Recent {
    /// Whether it is a call that is not remembered yet.
    fn remember(&mut self, call: Identity<'static>, now: Timestamp) -> bool {
        let call = Arc::new(call);
        let is_new = self.calls.insert(Arc::clone(&call));
        if is_new {
            self.order.push_back((now, call));
        }
        if self.order.len() > MAX_RECENT {
            self.forget_first();
        }
        is_new
    }

    /// Forgets the calls that have had the time to arrive.
    fn forget_arrived(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(at, _)| now.duration_since(*at) >= ON_ITS_WAY) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, call)) = self.order.pop_front() {
            self.calls.remove(&call);
        }
    }
}

fn is_older(since: Option<Timestamp>, age: SignedDuration, now: Timestamp) -> bool {
    since.is_none_or(|since| now.duration_since(since) >= age)
}

#[cfg(test)]
mod tests {
    use contract::plan::THRESHOLDS;
    use metering::traffic::Traffic;
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        "2026-11-24T10:15:30Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
    }

    fn call(id: &str) -> Event {
        let event = json!({ "eventType": "API_CALL", "requestId": id, "timestamp": at(0), "userEmail": "a@b.au" });
        serde_json::from_value(event).unwrap()
    }

    fn history(ids: &[&str]) -> History {
        let mut traffic = Traffic::default();
        traffic.add_events(&ids.iter().map(|id| call(id)).collect::<Vec<_>>());
        History { live: [(Minute::of(at(0)), Arc::new(traffic))].into(), ..History::default() }
    }

    #[test]
    fn an_own_call_counts_once_before_and_after_it_is_in_a_block() {
        let mut monthly_usage = MonthlyUsage::default();
        monthly_usage.pass(&call("1"), at(0));
        monthly_usage.pass(&call("2"), at(1));
        assert_eq!(monthly_usage.quota(1_000).used, 2);
        monthly_usage.read(&history(&["1", "other"]), at(2));
        assert_eq!(monthly_usage.quota(1_000).used, 3);
        monthly_usage.read(&history(&["1", "2", "other"]), at(3));
        assert_eq!(monthly_usage.quota(1_000).used, 3);
    }

    #[test]
    fn a_call_counts_once_while_it_is_remembered_and_is_not_remembered_longer() {
        let mut monthly_usage = MonthlyUsage::default();
        for _ in 0..2 {
            monthly_usage.pass(&call("1"), at(0));
            assert!(monthly_usage.has(&call("1")));
        }
        assert_eq!(monthly_usage.quota(1_000).used, 1);
        monthly_usage.pass(&call("2"), at(10));
        assert!(!monthly_usage.has(&call("1")) && monthly_usage.has(&call("2")));
        for n in 0..=MAX_RECENT {
            monthly_usage.pass(&call(&format!("call {n}")), at(11));
        }
        assert!(
            !monthly_usage.has(&call("2")) && !monthly_usage.has(&call("call 0")) && monthly_usage.has(&call("call 1"))
        );
        assert_eq!(monthly_usage.recent.calls.len(), MAX_RECENT);
    }

    #[test]
    fn one_id_in_two_minutes_is_two_calls() {
        let mut monthly_usage = MonthlyUsage::default();
        monthly_usage.pass(&call("1"), at(29));
        let mut next = call("1");
        next.timestamp = at(30);
        assert!(!monthly_usage.has(&next));
        monthly_usage.pass(&next, at(30));
        assert_eq!(monthly_usage.quota(1_000).used, 2);
        monthly_usage.read(&history(&["1"]), at(31));
        assert_eq!(monthly_usage.quota(1_000).used, 2);
    }

    #[test]
    fn where_blocks_are_too_many_own_calls_count_until_windows_hold_them() {
        let mut monthly_usage = MonthlyUsage::default();
        for n in 0..50 {
            monthly_usage.pass(&call(&n.to_string()), at(n * 2));
        }
        let cut = |watermark: &str| History {
            is_cut: true,
            watermark: Some(watermark.parse().unwrap()),
            ..History::default()
        };
        monthly_usage.read(&cut("2026-11-24T10:14"), at(100));
        assert_eq!(monthly_usage.quota(1_000).used, 50);
        monthly_usage.read(&cut("2026-11-24T10:15"), at(130));
        assert_eq!(monthly_usage.quota(1_000).used, 35);
    }

    #[test]
    fn a_threshold_is_told_once_also_where_others_calls_lead_past_it() {
        let mut monthly_usage = MonthlyUsage::default();
        let told = [49, 50, 51, 79, 93, 94, 95, 100]
            .map(|used| monthly_usage.newly_reached(Quota { used, limit: 100 }, &THRESHOLDS));
        assert_eq!(told, [None, Some(50), None, None, Some(90), None, Some(95), Some(100)]);
        assert_eq!(MonthlyUsage::default().newly_reached(Quota { used: 85, limit: 100 }, &THRESHOLDS), Some(80));
    }

    #[test]
    fn what_the_gate_said_holds_while_blocks_are_late() {
        let mut monthly_usage = MonthlyUsage::default();
        monthly_usage.at_gate(60);
        monthly_usage.read(&history(&["1"]), at(0));
        assert_eq!(monthly_usage.quota(100).used, 60);
    }

    #[test]
    fn a_count_is_read_again_when_it_is_old_for_what_is_left_and_not_at_each_failure() {
        let mut monthly_usage = MonthlyUsage::default();
        assert!(monthly_usage.is_due(at(0)) && monthly_usage.ask(at(0)));
        assert!(!monthly_usage.ask(at(0)) && monthly_usage.ask(at(1)));
        monthly_usage.read(&history(&[]), at(1));
        monthly_usage.quota(10_000);
        assert!(!monthly_usage.is_due(at(30)) && monthly_usage.is_due(at(31)));
        monthly_usage.quota(100);
        assert!(monthly_usage.is_due(at(2)));
        monthly_usage.at_gate(100);
        assert!(!monthly_usage.is_due(at(100)));
    }
}
