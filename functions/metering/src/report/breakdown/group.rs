//! Calls of a usage by what they have in common.
//!
//! Invariant: no call is in two groups, and one that is in none has a name that windows no longer tell apart.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::dimension::{By, Dimension};
use crate::breakdown::OTHER;
use crate::histogram::Histogram;
use crate::performance::is_error;
use crate::report::tops::Top;
use crate::total::Total;
use crate::usage::{KeyCalls, PathCalls, UNKNOWN, Usage};

/// The name of calls whose answer is not known.
const NOT_KNOWN: &str = "unknown";

/// What groups are called: a name for each dimension, in its order.
pub(super) type Names = Vec<String>;

/// Groups by their names.
pub(super) type Groups = BTreeMap<Names, Group>;

/// Calls that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// How many.
    pub calls: u64,
    /// How many they can be at most, where that is more.
    pub at_most: Option<u64>,
    /// Those with a status of 400 or more, where that is known.
    pub errors: Option<u64>,
    /// How long they took to answer, where that is known of each that is answered.
    pub response: Option<Histogram>,
    /// The last of them, where that is known.
    pub last: Option<Timestamp>,
}

impl Group {
    /// The calls of somebody of a ranking.
    pub(super) fn of_top(top: Top) -> Self {
        let Top { count, at_most, outcome, .. } = top;
        let known = outcome.as_ref();
        let (errors, last) = (known.map(|known| known.errors), known.and_then(|known| known.last));
        Self { calls: count, at_most, errors, response: outcome.and_then(|known| known.response), last }
    }
}

/// The groups of a usage.
pub(super) fn groups(by: By, usage: &Usage) -> Groups {
    let dimensions: Vec<Dimension> = by.dimensions().collect();
    match dimensions.as_slice() {
        [Dimension::Key] => of_keys(usage),
        [Dimension::Path] => of_paths(usage),
        [Dimension::Method] => of_methods(usage),
        [Dimension::Status] => of_statuses(usage),
        _ => crossed(&dimensions, usage),
    }
}

/// What is known of all users' calls, as if one had made them. Keys are not.
pub fn usage_of(total: &Total) -> Usage {
    let mut usage = Usage {
        calls: total.calls,
        rate_limited: total.rate_limited,
        auth_failures: total.auth_failures,
        performance: total.performance.clone(),
        path_responses: total.path_responses.clone(),
        ..Usage::default()
    };
    usage.paths.merge(&total.paths);
    usage.crossed.merge(&total.crossed);
    usage
}

fn of_keys(usage: &Usage) -> Groups {
    let group = |(id, key): (&str, &KeyCalls)| {
        let response = usage.key_responses.of(id).cloned();
        let group = Group { calls: key.calls, errors: Some(key.errors), response, last: key.last, at_most: None };
        (vec![id.to_owned()], group)
    };
    usage.keys.iter().map(group).collect()
}

fn of_paths(usage: &Usage) -> Groups {
    let group = |(path, sums): (&str, &PathCalls)| {
        let response = usage.path_responses.of(path).cloned();
        (vec![path.to_owned()], Group { calls: sums.calls, errors: Some(sums.errors), response, ..Group::default() })
    };
    usage.paths.iter().map(group).collect()
}

fn of_methods(usage: &Usage) -> Groups {
    let mut methods = Groups::new();
    for (path, group) in of_paths(usage) {
        let name: Names = path.iter().map(|path| method(path).to_owned()).collect();
        match methods.get_mut(&name) {
            None => _ = methods.insert(name, group),
            Some(sum) => {
                sum.calls += group.calls;
                sum.errors = sum.errors.zip(group.errors).map(|(one, other)| one + other);
                sum.response = sum.response.take().zip(group.response).map(|(mut one, other)| {
                    one.merge(&other);
                    one
                });
            }
        }
    }
    methods
}

fn of_statuses(usage: &Usage) -> Groups {
    let of_calls = usage.performance.of_calls(usage.rate_limited);
    let mut statuses: BTreeMap<String, u64> = of_calls.map(|(status, calls)| (status.to_owned(), calls)).collect();
    let known: u64 = statuses.values().sum();
    statuses.insert(NOT_KNOWN.into(), usage.calls.saturating_sub(known));
    statuses.retain(|_, calls| *calls > 0);
    let group = |(status, calls): (String, u64)| {
        let errors = Some(if is_error(&status) { calls } else { 0 });
        (vec![status], Group { calls, errors, ..Group::default() })
    };
    statuses.into_iter().map(group).collect()
}

/// By two of status, key and path or method.
fn crossed(dimensions: &[Dimension], usage: &Usage) -> Groups {
    let mut groups = Groups::new();
    for (name, calls) in usage.crossed.iter() {
        let mut parts = name.splitn(3, '\t');
        let (Some(status), Some(key), Some(call)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let name = |dimension: &Dimension| match dimension {
            Dimension::Status if status == UNKNOWN => NOT_KNOWN,
            Dimension::Status => status,
            Dimension::Key if key.is_empty() => OTHER,
            Dimension::Key => key,
            Dimension::Method => method(call),
            _ => call,
        };
        let group = groups.entry(dimensions.iter().map(name).map(str::to_owned).collect::<Names>()).or_default();
        group.calls += calls;
        group.errors = Some(group.errors.unwrap_or_default() + if is_error(status) { *calls } else { 0 });
    }
    groups
}

fn method(call: &str) -> &str {
    call.split_once(' ').map_or(OTHER, |(method, _)| method)
}
