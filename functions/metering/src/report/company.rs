//! The answer of `company-stats`: what a company's members did, day by day and each of them.
//!
//! Invariant: the days add up to the whole, and so do the members with those under `*`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::BadParameter;
use super::instant::Instant;
use super::range::Range;
use crate::breakdown::OTHER;
use crate::company::{CompanyDay, MemberSums};
use crate::window::{Day, Minute};

/// The answer of `company-stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CompanyStats {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Until when it is put together: the end of the last whole hour.
    settled_to: Instant,
    /// When the first day begins.
    from: Instant,
    /// When the last day ends.
    to: Instant,
    /// The company. A member is in the one that the calls of a day name; of several, in the last by letters.
    company: String,
    /// What all of them did.
    #[serde(flatten)]
    pub sums: Sums,
    /// Members with calls that were let through; null where a day had more than are told apart.
    pub users: Option<u64>,
    /// Who called, also if only over the quota, the most calls first; what is not told apart is one entry, `*`.
    pub members: Vec<Member>,
    /// Each day, oldest first.
    pub by_day: Vec<OnDay>,
}

/// What some members did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    /// Calls that were let through.
    pub api_calls: u64,
    /// Those that were answered with a status of 400 or more, as far as answers are known.
    pub errors: u64,
    /// Calls over a quota.
    pub rate_limited: u64,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Their address, or `*`.
    pub user_email: String,
    /// What they did.
    #[serde(flatten)]
    pub sums: Sums,
    /// When the last call that was let through was; null for `*`, and where there was none.
    last_used: Option<Instant>,
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OnDay {
    /// When the day begins.
    time: Instant,
    /// What happened on it.
    #[serde(flatten)]
    pub sums: Sums,
    /// Members with calls that were let through.
    users: u64,
}

/// The company that a request has to name.
///
/// # Errors
/// When it names none.
pub fn company<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<String, BadParameter> {
    find(parameters)?.ok_or_else(unnamed)
}

/// The company that a request names, if it names one.
///
/// # Errors
/// When none has such a name.
pub fn find<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Option<String>, BadParameter> {
    let name = parameters.into_iter().find(|(name, _)| *name == "company").map(|(_, value)| value);
    // Of those that are longer in bytes none is that of a company, as events cut them.
    let is_name = |name: &str| (1..=contract::limit::MAX_COMPANY_BYTES).contains(&name.chars().count());
    name.map(|name| if is_name(name) { Ok(name.to_owned()) } else { Err(unnamed()) }).transpose()
}

fn unnamed() -> BadParameter {
    BadParameter::must("company", "be the name of a company, in 1 to 256 characters")
}

impl CompanyStats {
    /// The answer from a company's days, with windows that are set up to a minute.
    pub fn new(
        as_of: Timestamp,
        set: Minute,
        range: &Range,
        company: String,
        days: impl IntoIterator<Item = (Day, CompanyDay)>,
    ) -> Self {
        let (mut whole, mut members, mut by_day) = (MemberSums::default(), BTreeMap::new(), Vec::new());
        let mut is_told = true;
        for (day, of) in days {
            whole.add(&of.sums);
            is_told &= of.users == callers(of.members.iter().map(|(_, sums)| sums));
            by_day.push(OnDay { time: day.first_hour().start().into(), sums: Sums::of(&of.sums), users: of.users });
            for (member, sums) in of.members {
                members.entry(member).or_insert_with(MemberSums::default).add(&sums);
            }
        }
        let last_whole_hour = set.plus(1).hour().first_minute().plus(-1);
        Self {
            as_of: as_of.into(),
            settled_to: range.settled_to(last_whole_hour).into(),
            from: range.from().into(),
            to: range.to().into(),
            company,
            sums: Sums::of(&whole),
            users: is_told.then(|| callers(members.values())),
            members: most_first(&whole, members),
            by_day,
        }
    }
}

/// How many of some members had calls let through.
fn callers<'a>(members: impl Iterator<Item = &'a MemberSums>) -> u64 {
    members.filter(|sums| sums.calls > 0).count() as u64
}

fn most_first(whole: &MemberSums, members: BTreeMap<String, MemberSums>) -> Vec<Member> {
    let mut rest = Sums::of(whole);
    let member = |(user_email, sums): (String, MemberSums)| {
        let sums_of = Sums::of(&sums);
        rest = rest.without(&sums_of);
        Member { user_email, sums: sums_of, last_used: sums.last.map(Instant::from) }
    };
    let mut members: Vec<_> = members.into_iter().map(member).collect();
    members.sort_by_key(|member| Reverse((member.sums.api_calls, member.sums.rate_limited)));
    if rest != Sums::NONE {
        members.push(Member { user_email: OTHER.into(), sums: rest, last_used: None });
    }
    members
}

impl Sums {
    const NONE: Self = Self { api_calls: 0, errors: 0, rate_limited: 0 };

    const fn of(sums: &MemberSums) -> Self {
        Self { api_calls: sums.calls, errors: sums.errors, rate_limited: sums.rate_limited }
    }

    const fn without(&self, other: &Self) -> Self {
        Self {
            api_calls: self.api_calls.saturating_sub(other.api_calls),
            errors: self.errors.saturating_sub(other.errors),
            rate_limited: self.rate_limited.saturating_sub(other.rate_limited),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_told_apart_is_told_also_where_all_of_it_was_over_the_quota() {
        let refused = |rate_limited| MemberSums { rate_limited, ..MemberSums::default() };
        let members = BTreeMap::from([("a@b.au".to_owned(), refused(5))]);
        let told: Vec<_> = most_first(&refused(7), members).into_iter().map(|member| member.user_email).collect();
        assert_eq!(told, ["a@b.au", "*"]);
    }

    #[test]
    fn days_and_members_add_up_to_the_whole() {
        let sums = |calls, errors| MemberSums { calls, errors, ..MemberSums::default() };
        let now = "2026-11-24T10:15:30Z".parse().unwrap();
        let range = Range::parse([("granularity", "day"), ("duration", "2d")], now).unwrap();
        let member = |name: &str, sums| (name.to_owned(), sums);
        let days = [
            CompanyDay {
                sums: sums(9, 2),
                users: 2,
                members: vec![member("a@b.au", sums(5, 1)), member("c@d.au", sums(4, 1))],
                ..CompanyDay::default()
            },
            CompanyDay {
                sums: sums(7, 3),
                users: 3,
                members: vec![member("c@d.au", sums(6, 2))],
                ..CompanyDay::default()
            },
        ];
        let days = range.days().zip(days);
        let set = "2026-11-24T10:14".parse().unwrap();
        let answer = serde_json::to_value(CompanyStats::new(now, set, &range, "Example".into(), days)).unwrap();
        let told: Vec<_> = answer["members"].as_array().unwrap().iter().collect();
        let row = |member: &&serde_json::Value| json!([member["userEmail"], member["apiCalls"], member["errors"]]);
        let told: Vec<_> = told.iter().map(row).collect();
        assert_eq!(json!(told), json!([["c@d.au", 10, 3], ["a@b.au", 5, 1], ["*", 1, 1]]));
        assert_eq!((&answer["apiCalls"], &answer["users"]), (&json!(16), &json!(null)));
        assert_eq!(answer["byDay"][1]["users"], 3);
        assert_eq!(answer["settledTo"], "2026-11-24T10:00:00.000Z");
        for bad in [&[][..], &[("company", "")]] {
            assert_eq!(company(bad.iter().copied()).unwrap_err().field, "company");
        }
    }
}
