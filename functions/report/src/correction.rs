//! What a later edition of a report says otherwise, because events or answers came late.
//!
//! Invariant: two editions with the same figures have no correction, and two that differ in a figure people see have one.

use std::collections::BTreeMap;

use crate::figure;
use crate::report::{Correction, Report};

/// Corrections that are told: those of the whole and of its hours or days leave room for some of the tables, and a message
/// of SNS has room for all.
const MOST: usize = 100;
/// Said in place of a figure that an edition does not have.
const NONE: &str = "none";

impl Report {
    /// Whether another edition says the same of the period, whenever it was made.
    pub fn agrees_with(&self, other: &Self) -> bool {
        corrections(self, other).is_empty()
    }
}

/// What a report says otherwise than an earlier one of the same period and person: the whole first, then its parts, and
/// no more than a message has room for.
pub fn corrections(earlier: &Report, later: &Report) -> Vec<Correction> {
    let (was, is) = (named(earlier), named(later));
    let in_was: BTreeMap<&str, &str> = pairs(&was).collect();
    let in_is: BTreeMap<&str, &str> = pairs(&is).collect();
    let changed = pairs(&is).map(|(figure, is)| (figure, in_was.get(figure).copied().unwrap_or(NONE), is));
    let gone = pairs(&was).filter(|(figure, _)| !in_is.contains_key(figure)).map(|(figure, was)| (figure, was, NONE));
    let differing = changed.chain(gone).filter(|(_, was, is)| was != is).take(MOST);
    differing
        .map(|(figure, was, is)| Correction { figure: figure.to_owned(), was: was.to_owned(), is: is.to_owned() })
        .collect()
}

/// The figures of a report, each with its name, as people read them.
fn named(report: &Report) -> Vec<(String, String)> {
    let count = |value: Option<u64>| value.map_or_else(|| "unknown".into(), figure::count);
    let time = |value: Option<f64>| value.map_or_else(|| "unknown".into(), figure::milliseconds);
    let whole = &report.whole;
    let mut named = vec![
        ("calls".to_owned(), figure::count(whole.api_calls)),
        ("failed".to_owned(), figure::count(whole.errors)),
        ("answers known".to_owned(), count(whole.status_known)),
        ("over quota".to_owned(), figure::count(whole.rate_limited)),
        ("failed authentications".to_owned(), count(whole.auth_failures)),
        ("median response time".to_owned(), time(whole.p50_response_ms)),
        ("99th percentile".to_owned(), time(whole.p99_response_ms)),
        ("people".to_owned(), count(whole.unique_users)),
    ];
    for point in &report.points {
        let at = figure::time(report.period, point.time);
        named.push((format!("calls, {at}"), figure::count(point.api_calls)));
        named.push((format!("failed, {at}"), count(point.errors)));
    }
    for (table, row) in report.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row))) {
        let by = table.by.to_lowercase();
        // Like no name of a row, whatever a caller has chosen.
        let of = if row.is_others() { format!("others by {by}") } else { format!("{by} {}", row.name) };
        named.push((format!("calls, {of}"), figure::count(row.api_calls)));
        named.push((format!("failed, {of}"), count(row.errors)));
        named.push((format!("median response time, {of}"), time(row.p50_response_ms)));
        named.push((format!("99th percentile, {of}"), time(row.p99_response_ms)));
    }
    named
}

fn pairs(named: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    named.iter().map(|(figure, value)| (figure.as_str(), value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::a_day;

    fn told(change: impl Fn(&mut Report)) -> Vec<String> {
        let earlier = a_day();
        let mut later = earlier.clone();
        later.as_of = "2026-11-27T00:20:00Z".parse().unwrap();
        change(&mut later);
        let corrections = corrections(&earlier, &later);
        assert_eq!(earlier.agrees_with(&later), corrections.is_empty());
        corrections.into_iter().map(|Correction { figure, was, is }| format!("{figure}: {was}, now {is}")).collect()
    }

    #[test]
    fn a_late_call_is_told_in_the_whole_and_in_its_hour() {
        let (whole, hour) = (a_day().whole.api_calls, a_day().points[9].api_calls);
        assert_eq!(told(|_| ()), [""; 0]);
        let late = told(|later| {
            later.whole.api_calls += 1;
            later.points[9].api_calls += 1;
        });
        assert_eq!(
            late,
            [format!("calls: {whole}, now {}", whole + 1), format!("calls, 09:00: {hour}, now {}", hour + 1)]
        );
    }

    #[test]
    fn late_answers_are_told_wherever_they_change_a_figure() {
        let known = a_day().whole.status_known.unwrap();
        assert_eq!(
            told(|later| later.whole.status_known = Some(known - 1)),
            [format!("answers known: {known}, now {}", known - 1)]
        );
        let failed = a_day().points[9].errors.unwrap();
        assert_eq!(
            told(|later| later.points[9].errors = Some(failed + 2)),
            [format!("failed, 09:00: {failed}, now {}", failed + 2)]
        );
        let others = told(|later| later.tables[0].rows[1].p99_response_ms = Some(90.0));
        assert_eq!(others, ["99th percentile, others by path: 88 ms, now 90 ms"]);
        let gone = told(|later| later.tables[0].rows.truncate(1));
        assert_eq!((gone.len(), gone[0].as_str()), (4, "calls, others by path: 9, now none"));
    }
}
