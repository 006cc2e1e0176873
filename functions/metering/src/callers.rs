//! Those who call in a live minute, and the lists of who calls most.
//!
//! Invariant: each user is there once, with the company that a fold of the same events comes to. Names are asked for where
//! a list needs them, and for nothing else.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::digest::Kind;
use crate::event::EventType;
use crate::hash::Hash;
use crate::leader::{Leader, TOP};
use crate::traffic::{KindSum, Names, Traffic};

/// Of so many with as many calls as the tenth, the first by name are named; of more, ten that their hashes choose.
pub(crate) const TIED: usize = 100;

/// A name that a list needs, and in whose traffic it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The place of the traffic among those that were asked.
    pub traffic: usize,
    /// The kind whose user and company are wanted.
    pub kind: Kind,
}

/// The users with calls in some traffics, none of whom is in two of them.
#[derive(Debug)]
pub struct Callers<'a> {
    traffics: &'a [&'a Traffic],
    callers: Vec<Caller>,
    /// Unnamed companies of users who name several.
    undecided: Vec<Wanted>,
}

/// A user's calls in a minute.
#[derive(Clone, Copy, Debug)]
struct Caller {
    calls: u64,
    /// Somewhere to look the names up: of several companies that calls name, those over the quota too, at the last by
    /// letters.
    wanted: Wanted,
}

/// Of whom a list is made: whose calls, how many, and the place of a caller.
type Count = (Hash, u64, usize);

impl<'a> Callers<'a> {
    /// Who calls in the traffic of some buckets.
    pub fn of(traffics: &'a [&'a Traffic]) -> Self {
        let (mut callers, mut undecided) = (Vec::new(), Vec::new());
        for (traffic, of) in traffics.iter().enumerate() {
            for kinds in of.subjects() {
                let kinds = kinds.filter(|(kind, _)| kind.event_type.is_users() && kind.subject != 0);
                if let Some(caller) = Caller::of(kinds.clone(), traffic, of.names()) {
                    callers.push(caller);
                    let kinds = kinds.map(|(kind, _)| kind).filter(|kind| kind.company != 0);
                    undecided.extend(caller.undecided(kinds, of.names()));
                }
            }
        }
        Self { traffics, callers, undecided }
    }

    /// The names that lists lack. Those of users who name several companies come first: they decide what the list of
    /// companies holds.
    pub fn wanted(&self) -> Vec<Wanted> {
        if !self.undecided.is_empty() {
            return self.undecided.clone();
        }
        let (users, companies) = (leaders(self.by_user()), leaders(self.by_company()));
        let users = users.into_iter().filter(|(user, ..)| self.name(*user, |names| &names.users).is_none());
        let is_unnamed = |company| self.name(company, |names| &names.companies).is_none();
        let companies = companies.into_iter().filter(|(company, ..)| is_unnamed(*company));
        users.chain(companies).map(|(.., caller)| self.callers[caller].wanted).collect()
    }

    /// The traffic in which they call.
    pub const fn traffics(&self) -> &'a [&'a Traffic] {
        self.traffics
    }

    /// Their hashes.
    pub fn users(&self) -> impl Iterator<Item = Hash> {
        self.callers.iter().map(|caller| caller.wanted.kind.subject)
    }

    /// Those of the users with the most calls whose names are known.
    pub fn top_users(&self) -> Vec<Leader> {
        self.top(self.by_user(), |names| &names.users)
    }

    /// Those of the companies.
    pub fn top_companies(&self) -> Vec<Leader> {
        self.top(self.by_company(), |names| &names.companies)
    }

    fn by_user(&self) -> impl Iterator<Item = Count> {
        let counts = self.callers.iter().enumerate();
        counts.map(|(place, caller)| (caller.wanted.kind.subject, caller.calls, place))
    }

    fn by_company(&self) -> impl Iterator<Item = Count> {
        let counts = self.callers.iter().enumerate().filter(|(_, caller)| caller.wanted.kind.company != 0);
        let mut counts: Vec<Count> =
            counts.map(|(place, caller)| (caller.wanted.kind.company, caller.calls, place)).collect();
        counts.sort_unstable();
        counts.dedup_by(|next, one| {
            let is_same = next.0 == one.0;
            if is_same {
                one.1 += next.1;
            }
            is_same
        });
        counts.into_iter()
    }

    fn name(&self, hash: Hash, names: impl Fn(&Names) -> &BTreeMap<Hash, String>) -> Option<&'a String> {
        self.traffics.iter().find_map(|traffic| names(traffic.names()).get(&hash))
    }

    fn top(&self, counts: impl Iterator<Item = Count>, names: fn(&Names) -> &BTreeMap<Hash, String>) -> Vec<Leader> {
        let leaders = leaders(counts).into_iter();
        let mut top: Vec<_> = leaders.filter_map(|(hash, calls, _)| Some((self.name(hash, names)?, calls))).collect();
        top.sort_by(|(one, few), (other, many)| (many, one).cmp(&(few, other)));
        top.truncate(TOP);
        top.into_iter().map(|(name, calls)| Leader::counted(name.clone(), calls)).collect()
    }
}

impl Caller {
    /// The caller of some calls of one subject; nobody where none was let through.
    fn of<'a>(kinds: impl Iterator<Item = (&'a Kind, KindSum)>, traffic: usize, names: &Names) -> Option<Self> {
        let name = |company: Hash| names.companies.get(&company);
        let caller = kinds.fold(None, |caller, (kind, sum)| {
            let new = Self { calls: 0, wanted: Wanted { traffic, kind: *kind } };
            let mut caller: Self = caller.unwrap_or(new);
            caller.calls += if kind.event_type == EventType::Call { sum.events } else { 0 };
            let company = caller.wanted.kind.company;
            if kind.company != company && kind.company != 0 && (company == 0 || name(kind.company) > name(company)) {
                caller.wanted.kind = *kind;
            }
            Some(caller)
        });
        caller.filter(|caller| caller.calls > 0)
    }

    /// Where the companies stand of these kinds that are not known by name, if there are several.
    fn undecided<'a>(&self, kinds: impl Iterator<Item = &'a Kind> + Clone, names: &Names) -> Vec<Wanted> {
        let Wanted { traffic, kind: Kind { company, .. } } = self.wanted;
        if kinds.clone().all(|kind| kind.company == company) {
            return Vec::new();
        }
        let unknown = kinds.filter(|kind| !names.companies.contains_key(&kind.company));
        let by_company: BTreeMap<Hash, Kind> = unknown.map(|kind| (kind.company, *kind)).collect();
        by_company.into_values().map(|kind| Wanted { traffic, kind }).collect()
    }
}

/// Those with as many calls as the tenth.
fn leaders(counts: impl Iterator<Item = Count>) -> Vec<Count> {
    let rank = |(hash, calls, _): &Count| (Reverse(*calls), *hash);
    let mut counts: Vec<Count> = counts.collect();
    if counts.len() > TIED {
        counts.select_nth_unstable_by_key(TIED, rank);
        counts.truncate(TIED);
    }
    counts.sort_unstable_by_key(rank);
    let tenth = counts.get(TOP - 1).map_or(0, |(_, calls, _)| *calls);
    counts.retain(|(_, calls, _)| *calls >= tenth);
    counts
}
