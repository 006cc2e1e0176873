//! What a live minute comes to, from the traffic of its buckets.
//!
//! Invariant: every figure is what a fold of the same events comes to. Names are asked for where a list needs them, and
//! for nothing else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Kind;
use crate::event::EventType;
use crate::hash::Hash;
use crate::leader::{Leader, TOP};
use crate::total::Total;
use crate::traffic::{Names, Traffic};

/// Of so many with as many calls as the tenth, the first by name are named; of more, ten that their hashes choose.
const TIED: usize = 100;

/// A minute that is live.
#[derive(Clone, Debug, Default)]
pub struct LiveMinute {
    /// Its sums and lists.
    pub total: Total,
    /// The latencies of its calls, in microseconds, in any order.
    pub latencies: Vec<u64>,
    /// The users with calls.
    pub users: BTreeSet<Hash>,
}

/// A name that a list needs, and in whose traffic it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The place of the traffic among those that were asked.
    pub traffic: usize,
    /// The kind whose user and company are wanted.
    pub kind: Kind,
}

/// A user's calls in a minute.
#[derive(Clone, Copy, Debug)]
struct Caller {
    calls: u64,
    /// The company; of several that calls name, the last by letters.
    company: Hash,
    /// Somewhere to look the names up.
    wanted: Wanted,
}

impl LiveMinute {
    /// What the traffic of some buckets comes to, as far as names are known. Where `wanted` names none that is missing,
    /// the lists are whole.
    pub fn of(traffics: &[&Traffic]) -> Self {
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
        let callers = callers(traffics);
        minute.total.users = callers.len() as u64;
        minute.users = callers.keys().copied().collect();
        minute.total.top_users = top(users(&callers), traffics, |names| &names.users);
        minute.total.top_companies = top(companies(&callers), traffics, |names| &names.companies);
        minute
    }

    /// The names that its lists lack. Those of users who name several companies come first: they decide what the list
    /// of companies holds.
    pub fn wanted(traffics: &[&Traffic]) -> Vec<Wanted> {
        let undecided = undecided(traffics);
        if !undecided.is_empty() {
            return undecided;
        }
        let callers = callers(traffics);
        let is_unknown = |names: &dyn Fn(&Names) -> bool| !traffics.iter().any(|traffic| names(traffic.names()));
        let users = leaders(users(&callers)).into_iter();
        let users = users.filter(|(user, ..)| is_unknown(&|names| names.users.contains_key(user)));
        let companies = leaders(companies(&callers)).into_iter();
        let companies = companies.filter(|(company, ..)| is_unknown(&|names| names.companies.contains_key(company)));
        users.chain(companies).map(|(.., wanted)| wanted).collect()
    }
}

/// The kinds of users who name several companies, some of which are not known by name.
fn undecided(traffics: &[&Traffic]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (traffic, of) in traffics.iter().enumerate() {
        let mut companies = BTreeMap::<Hash, BTreeMap<Hash, Kind>>::new();
        for kind in of.kinds().filter(|kind| kind.company != 0) {
            companies.entry(kind.subject).or_default().entry(kind.company).or_insert(*kind);
        }
        let several = companies.into_values().filter(|companies| companies.len() > 1).flatten();
        let unknown = several.filter(|(company, _)| !of.names().companies.contains_key(company));
        wanted.extend(unknown.map(|(_, kind)| Wanted { traffic, kind }));
    }
    wanted
}

fn callers(traffics: &[&Traffic]) -> BTreeMap<Hash, Caller> {
    let mut callers = BTreeMap::<Hash, Caller>::new();
    for (traffic, of) in traffics.iter().enumerate() {
        let is_caller = |kind: &Kind| kind.event_type == EventType::Call && kind.subject != 0;
        for (kind, sum) in of.sums().filter(|(kind, _)| is_caller(kind)) {
            let new = Caller { calls: 0, company: 0, wanted: Wanted { traffic, kind: *kind } };
            let caller = callers.entry(kind.subject).or_insert(new);
            caller.calls += sum.events;
            let name = |company: Hash| of.names().companies.get(&company);
            let is_later = || name(kind.company) > name(caller.company);
            if kind.company != 0 && (caller.company == 0 || is_later()) {
                (caller.company, caller.wanted.kind) = (kind.company, *kind);
            }
        }
    }
    callers
}

/// Calls by user or company, with somewhere to look the name up.
type Counts = Vec<(Hash, u64, Wanted)>;

fn users(callers: &BTreeMap<Hash, Caller>) -> Counts {
    callers.iter().map(|(user, caller)| (*user, caller.calls, caller.wanted)).collect()
}

fn companies(callers: &BTreeMap<Hash, Caller>) -> Counts {
    let mut companies = BTreeMap::<Hash, (u64, Wanted)>::new();
    for caller in callers.values().filter(|caller| caller.company != 0) {
        companies.entry(caller.company).or_insert((0, caller.wanted)).0 += caller.calls;
    }
    companies.into_iter().map(|(company, (calls, wanted))| (company, calls, wanted)).collect()
}

/// Those with as many calls as the tenth.
fn leaders(mut counts: Counts) -> Counts {
    counts.sort_unstable_by_key(|(hash, calls, _)| (Reverse(*calls), *hash));
    counts.truncate(TIED);
    let tenth = counts.get(TOP - 1).map_or(0, |(_, calls, _)| *calls);
    counts.retain(|(_, calls, _)| *calls >= tenth);
    counts
}

fn top<'a>(
    counts: Counts,
    traffics: &[&'a Traffic],
    names: impl Fn(&'a Names) -> &'a BTreeMap<Hash, String>,
) -> Vec<Leader> {
    let name = |hash: Hash| traffics.iter().find_map(|traffic| names(traffic.names()).get(&hash)).cloned();
    let named = leaders(counts).into_iter().filter_map(|(hash, calls, _)| Some((name(hash)?, calls)));
    let mut top: Vec<_> = named.collect();
    top.sort_by(|(one, few), (other, many)| (many, one).cmp(&(few, other)));
    top.truncate(TOP);
    top.into_iter().map(|(name, calls)| Leader::counted(name, calls)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::digest::Digest;
    use crate::event::Event;
    use crate::fold::DistinctEvents;
    use crate::subject::Subject;
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
            for Wanted { kind, .. } in LiveMinute::wanted(&[traffic]) {
                let blocks: Vec<usize> =
                    traffic.blocks_of(|of| *of == kind).iter().map(|block| block.parse().unwrap()).collect();
                blocks.into_iter().for_each(|block| traffic.learn(parts[block]));
            }
        }
        assert_eq!(LiveMinute::wanted(&[traffic]), []);
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
            let minute = LiveMinute::of(&[&all]);
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
        let wanted = LiveMinute::wanted(&[&all]);
        assert_eq!(wanted.len(), TIED + 4, "a hundred users and their four companies");
        name_all(&mut all, &parts);
        let total = LiveMinute::of(&[&all]).total;
        assert_eq!((total.users, total.top_users.len(), total.top_companies.len()), (250, TOP, 4));
    }
}
