//! How long records wait that the processor has not taken.
//!
//! Invariant: records that were put and never taken are told as well as those that are taken late: a processor that is
//! given nothing has no metric that would grow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use metering::window::Minute;

/// How far back minutes are looked at.
pub(super) const LOOKED_BACK_MINUTES: i64 = 180;
/// How old a minute is, in minutes, before what it does not have is missing: the metrics of a minute do not come together.
const WHOLE_AFTER_MINUTES: i64 = 3;
/// How old what was taken last may be, in minutes, to say something of now.
const FRESH_MINUTES: i64 = 5;

/// How long the oldest record waits, in milliseconds, by how old the records were that the processor was given in each
/// minute, also in batches that failed, and by how many were put. Nothing where nothing was put of late.
pub(super) fn waiting(ages: &BTreeMap<Minute, f64>, put: &BTreeMap<Minute, f64>, now: Timestamp) -> Option<u64> {
    let current = Minute::of(now);
    let taken = ages.last_key_value();
    let is_left = |minute: Minute| taken.is_none_or(|(last, _)| minute > *last);
    let is_whole = |minute: Minute| current.since(minute) >= WHOLE_AFTER_MINUTES;
    let left = put.iter().find(|(minute, records)| **records > 0.0 && is_left(**minute) && is_whole(**minute));
    if let Some((minute, _)) = left {
        return u64::try_from(now.duration_since(minute.end()).as_millis()).ok();
    }
    let (_, age) = taken.filter(|(minute, _)| current.since(**minute) <= FRESH_MINUTES)?;
    Some(*age as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-12-01T00:10:20Z";

    fn minutes(of: &[(i64, f64)]) -> BTreeMap<Minute, f64> {
        let first: Minute = "2026-12-01T00:00".parse().unwrap();
        of.iter().map(|(minute, value)| (first.plus(*minute), *value)).collect()
    }

    #[test]
    fn the_age_of_what_is_taken_is_told_and_of_what_is_left_since_when_it_is() {
        for (what, ages, put, expected) in [
            ("nothing is known", &[][..], &[][..], None),
            ("all is taken", &[(7, 120.0), (8, 180.0)], &[(7, 9.0), (8, 9.0)], Some(180)),
            (
                "a batch that fails is given again and again",
                &[(7, 65_000.0), (8, 125_000.0)],
                &[(5, 1.0)],
                Some(125_000),
            ),
            ("what was taken long ago says nothing of now", &[(4, 120.0)], &[(4, 9.0)], None),
            ("what is put is taken in the next minute", &[(5, 120.0)], &[(4, 9.0), (8, 9.0)], Some(120)),
            ("nothing is taken since", &[(2, 120.0)], &[(2, 9.0), (3, 9.0), (7, 9.0)], Some(380_000)),
            ("nothing was ever taken", &[], &[(0, 0.0), (1, 9.0), (9, 9.0)], Some(500_000)),
        ] {
            assert_eq!(waiting(&minutes(ages), &minutes(put), NOW.parse().unwrap()), expected, "{what}");
        }
    }
}
