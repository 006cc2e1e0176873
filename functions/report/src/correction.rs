//! What a later edition of a report says otherwise, because events came late.
//!
//! Invariant: two editions with the same figures have no correction, and two that differ in a figure people see have one.

use crate::figure;
use crate::report::{Correction, Figures, Report};

/// What a report says otherwise than an earlier one of the same period and person.
pub fn corrections(earlier: &Report, later: &Report) -> Vec<Correction> {
    let mut found: Vec<Correction> = std::iter::zip(named(&earlier.whole), named(&later.whole))
        .filter(|((_, was), (_, is))| was != is)
        .map(|((figure, was), (_, is))| Correction { figure: figure.to_owned(), was, is })
        .collect();
    for point in &later.points {
        let was = earlier.points.iter().find(|earlier| earlier.time == point.time).map_or(0, |point| point.api_calls);
        if was != point.api_calls {
            let figure = format!("calls, {}", figure::time(later.period, point.time));
            found.push(Correction { figure, was: figure::count(was), is: figure::count(point.api_calls) });
        }
    }
    found
}

/// Each figure with its name, as people read them.
fn named(figures: &Figures) -> [(&'static str, String); 7] {
    let count = |value: Option<u64>| value.map_or_else(|| "unknown".into(), figure::count);
    let time = |value: Option<f64>| value.map_or_else(|| "unknown".into(), figure::milliseconds);
    [
        ("calls", figure::count(figures.api_calls)),
        ("failed", figure::count(figures.errors)),
        ("over quota", figure::count(figures.rate_limited)),
        ("failed authentications", count(figures.auth_failures)),
        ("median response time", time(figures.p50_response_ms)),
        ("99th percentile", time(figures.p99_response_ms)),
        ("people", count(figures.unique_users)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::a_day;

    #[test]
    fn a_late_call_is_told_in_the_whole_and_in_its_hour() {
        let earlier = a_day();
        let mut later = earlier.clone();
        later.as_of = "2026-11-27T00:20:00Z".parse().unwrap();
        assert_eq!(corrections(&earlier, &later), []);
        later.whole.api_calls += 1;
        later.points[9].api_calls += 1;
        let told: Vec<String> = corrections(&earlier, &later)
            .into_iter()
            .map(|Correction { figure, was, is }| format!("{figure}: {was}, now {is}"))
            .collect();
        let (whole, hour) = (earlier.whole.api_calls, earlier.points[9].api_calls);
        assert_eq!(
            told,
            [format!("calls: {whole}, now {}", whole + 1), format!("calls, 09:00: {hour}, now {}", hour + 1)]
        );
    }
}
