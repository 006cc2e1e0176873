//! What a live minute comes to, from the traffic of its buckets.
//!
//! Invariant: every figure is what a fold of the same events comes to.

use crate::callers::Callers;
use crate::event::EventType;
use crate::hash::Hash;
use crate::total::Total;

/// A minute that is live.
#[derive(Clone, Debug, Default)]
pub struct LiveMinute {
    /// Its sums and lists.
    pub total: Total,
    /// The latencies of its calls, in microseconds, in any order.
    pub latencies: Vec<u64>,
    /// The users with calls, each once.
    pub users: Vec<Hash>,
}

impl LiveMinute {
    /// What the traffic of some buckets comes to, as far as names are known. Where their callers want none that is
    /// missing, the lists are whole.
    pub fn of(callers: &Callers<'_>) -> Self {
        let traffics = callers.traffics();
        let mut minute = Self::default();
        for (kind, sum) in traffics.iter().flat_map(|traffic| traffic.sums()) {
            let total = &mut minute.total;
            total.events += sum.events;
            match kind.event_type {
                EventType::Call => {
                    total.calls += sum.events;
                    total.timed += sum.timed;
                    total.latency_us = total.latency_us.saturating_add(sum.latency_us);
                }
                EventType::AuthFailed => total.auth_failures += sum.events,
                EventType::RateLimited => total.rate_limited += sum.events,
                EventType::Threshold | EventType::AuthError => {}
            }
        }
        minute.latencies = traffics.iter().flat_map(|traffic| traffic.latencies()).collect();
        for traffic in traffics {
            minute.total.performance.latency.merge(traffic.latency());
        }
        minute.users = callers.users().collect();
        minute.total.users = minute.users.len() as u64;
        minute.total.top_users = callers.top_users();
        minute.total.top_companies = callers.top_companies();
        minute
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::callers::{TIED, Wanted};
    use crate::digest::Digest;
    use crate::event::Event;
    use crate::fold::DistinctEvents;
    use crate::leader::{Leader, TOP};
    use crate::subject::Subject;
    use crate::traffic::Traffic;
    use crate::usage::Usage;

    type Said = (u8, u8, u8, u8, u8, u8);

    fn event((kind, user, id, company, path, latency): Said) -> Event {
        let kind = ["API_CALL", "API_CALL", "API_RATE_LIMITED", "API_AUTH_FAILED"][usize::from(kind) % 4];
        let is_somebodys = kind != "API_AUTH_FAILED";
        serde_json::from_value(json!({
            "eventType": kind, "requestId": id.to_string(), "timestamp": format!("2026-11-24T10:15:{:02}Z", id % 60),
            "userEmail": is_somebodys.then(|| format!("user {user}@example.com")), "apiKeyId": format!("k{}", path % 3),
            "keyOwner": (!is_somebodys && user > 5).then(|| format!("user {user}@example.com")),
            "apiKeyName": format!("n{}", path % 2), "companyName": format!("Company {}", user % 4 + company % 2),
            "method": "GET", "path": format!("/{path}"), "latencyMs": (latency > 9).then_some(latency),
        }))
        .unwrap()
    }

    /// Traffic of some parts, the even ones as blocks and the odd ones as digests.
    fn traffic(parts: &[&[Event]], wanted: impl Fn(&Event) -> bool) -> Traffic {
        let mut traffic = Traffic::default();
        for (n, part) in parts.iter().enumerate() {
            let distinct: DistinctEvents = part.iter().filter(|event| wanted(event)).cloned().collect();
            match Digest::of(distinct.events()).filter(|_| n % 2 == 1) {
                Some(digest) => traffic.add_digests([(n.to_string(), digest)]),
                None => traffic.add_events(distinct.events()),
            }
        }
        traffic
    }

    /// Reads the blocks that lists need the names of, until they need no more.
    fn name_all(traffic: &mut Traffic, parts: &[&[Event]]) {
        for _ in 0..3 {
            for Wanted { kind, .. } in Callers::of(&[traffic]).wanted() {
                let blocks: Vec<usize> =
                    traffic.blocks_of(|of| *of == kind).iter().map(|block| block.parse().unwrap()).collect();
                blocks.into_iter().for_each(|block| traffic.learn(parts[block]));
            }
        }
        assert_eq!(Callers::of(&[traffic]).wanted(), []);
    }

    /// Of a total what answers show of a live minute.
    fn shown(total: Total) -> Total {
        let Total { events, calls, users, latency_us, timed, auth_failures, rate_limited, .. } = total;
        let Total { top_users, top_companies, performance, .. } = total;
        let sums = Total { events, calls, users, latency_us, timed, auth_failures, rate_limited, ..Total::default() };
        let counted = |list: Vec<Leader>| list.into_iter().map(|top| Leader::counted(top.name, top.count)).collect();
        Total { top_users: counted(top_users), top_companies: counted(top_companies), performance, ..sums }
    }

    fn calls_by_key(usage: &Usage) -> Vec<(String, String, u64)> {
        let keys = usage.keys.iter();
        keys.map(|(id, key)| (id.to_owned(), key.name.clone().into(), key.calls)).collect()
    }

    /// Of a usage what answers show of a live minute, but its keys and paths.
    fn sums(usage: &Usage) -> Usage {
        let Usage { events, calls, latency_us, timed, rate_limited, auth_failures, company, first, last, .. } =
            usage.clone();
        Usage {
            events,
            calls,
            latency_us,
            timed,
            rate_limited,
            auth_failures,
            company,
            first,
            last,
            ..Usage::default()
        }
    }

    proptest! {
        #[test]
        fn a_minute_is_its_fold_whatever_comes_as_digests_and_how_often(
            said in prop::collection::vec((0..4_u8, 0..20_u8, 0..30_u8, any::<u8>(), 0..6_u8, 0..40_u8), 1..120),
            cut in 1..40_usize,
        ) {
            let events: Vec<Event> = said.iter().copied().map(event).collect();
            let again: Vec<Event> = events.iter().step_by(3).cloned().collect();
            let parts: Vec<&[Event]> = events.chunks(cut).chain(again.chunks(cut + 3)).collect();
            let fold = events.iter().cloned().collect::<DistinctEvents>().fold();
            let mut all = traffic(&parts, |_| true);
            name_all(&mut all, &parts);
            let minute = LiveMinute::of(&Callers::of(&[&all]));
            prop_assert_eq!(minute.total, shown(Total::of(&fold)));
            prop_assert_eq!(minute.users.len(), fold.usages.values().filter(|usage| usage.calls > 0).count());
            for (subject, usage) in fold.usages.iter().filter(|(subject, _)| matches!(subject, Subject::User(_))) {
                let is_own = |event: &Event| Subject::of(event).as_ref() == Some(subject);
                let mut own = traffic(&parts, is_own);
                own.learn(events.iter().filter(|event| is_own(event)));
                own.keep(events.iter().filter(|event| is_own(event)).cloned());
                prop_assert_eq!(calls_by_key(&own.usage()), calls_by_key(usage));
                prop_assert_eq!(&own.usage().paths, &usage.paths);
                prop_assert_eq!(&own.usage().crossed, &usage.crossed);
                prop_assert_eq!(sums(&own.usage()), sums(usage));
            }
        }
    }

    #[test]
    fn of_many_with_as_many_calls_ten_are_named() {
        let events: Vec<Event> = (0..250).map(|n| event((0, n, 0, 0, 0, 0))).collect();
        let parts: Vec<&[Event]> = vec![&[], &events];
        let mut all = traffic(&parts, |_| true);
        let wanted = Callers::of(&[&all]).wanted();
        assert_eq!(wanted.len(), TIED + 4, "a hundred users and their four companies");
        name_all(&mut all, &parts);
        let total = LiveMinute::of(&Callers::of(&[&all])).total;
        assert_eq!((total.users, total.top_users.len(), total.top_companies.len()), (250, TOP, 4));
    }
}
