//! The hours that a forecast is made from.
//!
//! Invariant: the hours are finite, not negative, without gaps, oldest first, and at most twelve weeks.

/// Hours in a day.
pub(crate) const DAY: usize = 24;
/// Hours in a week.
pub(crate) const WEEK: usize = 7 * DAY;
/// The newest hours that a forecast looks at. What is older says little of next week, and costs time.
pub const LONGEST: usize = 12 * WEEK;

/// Calls by hour, oldest first, up to the hour before the first that is forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    hours: Vec<f64>,
}

impl History {
    /// From counts of consecutive hours, oldest first. An hour without calls is a zero.
    pub fn new(counts: &[u64]) -> Self {
        let newest = &counts[counts.len().saturating_sub(LONGEST)..];
        Self { hours: newest.iter().map(|count| *count as f64).collect() }
    }

    /// From counts of consecutive hours of which some are unknown (`None`), such as those of an outage of the counting
    /// itself. They are taken to have been like the same hour a week before, else a day before, else an hour before;
    /// unknown hours before the first known one are left out.
    pub fn with_gaps(counts: &[Option<u64>]) -> Self {
        let newest = &counts[counts.len().saturating_sub(LONGEST)..];
        let mut hours: Vec<f64> = Vec::with_capacity(newest.len());
        for count in newest.iter().skip_while(|count| count.is_none()) {
            let earlier = [WEEK, DAY, 1].into_iter().find_map(|ago| hours.get(hours.len().checked_sub(ago)?).copied());
            hours.push(count.map_or(earlier.unwrap_or(0.0), |count| count as f64));
        }
        Self { hours }
    }

    /// Oldest first.
    pub(crate) fn hours(&self) -> &[f64] {
        &self.hours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_twelve_weeks_are_looked_at() {
        let counts: Vec<u64> = (0..LONGEST as u64 + 5).collect();
        assert_eq!(History::new(&counts).hours().first(), Some(&5.0));
    }

    #[test]
    fn an_unknown_hour_is_like_the_same_hour_a_week_before() {
        let mut counts: Vec<Option<u64>> = (0..200).map(Some).collect();
        counts[180] = None;
        counts[30] = None;
        counts[0] = None;
        counts[1] = None;
        let hours = History::with_gaps(&counts);
        assert_eq!((hours.hours()[178], hours.hours()[28], hours.hours().len()), (12.0, 6.0, 198));
    }
}
