//! Days that say nothing of the weeks after them: a holiday, a storm, an outage.
//!
//! Invariant: a day is replaced only when the day a week before it is known and the days after it are like theirs
//! again; the newest day never is.
//!
//! The forecast that repeats last week would otherwise repeat the holiday. A change that stays, such as a new
//! schedule, is told from it by the days that follow.

use crate::history::{DAY, WEEK};

/// A day is unusual when it differs from the week before by this many times what days do.
const TIMES: f64 = 3.0;
/// And by this share of that day's calls.
const SHARE: f64 = 0.15;
/// The days around it that are looked at.
const AROUND: usize = 6;

/// Puts the day a week before in the place of each unusual day, oldest first.
pub(crate) fn replace(hours: &mut [f64]) {
    let n_days = hours.len() / DAY;
    let first = hours.len() % DAY;
    let start = |day: usize| first + day * DAY;
    // What each day differs by from the one a week before.
    let mut differences: Vec<f64> =
        (0..n_days).map(|day| if day < 7 { 0.0 } else { difference(hours, start(day)) }).collect();
    for day in 14..n_days.saturating_sub(1) {
        let after = median(&differences[day + 1..(day + 1 + AROUND).min(n_days)]);
        let before = median(&differences[(day - AROUND).max(7)..day]);
        let usual = after.max(before).max(differences[day - 7]);
        let calls: f64 = hours[start(day - 7)..start(day - 6)].iter().sum();
        if differences[day] > TIMES * usual && differences[day] > SHARE * calls {
            hours.copy_within(start(day - 7)..start(day - 6), start(day));
            differences[day] = 0.0;
            if day + 7 < n_days {
                differences[day + 7] = difference(hours, start(day + 7));
            }
        }
    }
}

fn difference(hours: &[f64], start: usize) -> f64 {
    hours[start..start + DAY].iter().zip(&hours[start - WEEK..]).map(|(now, before)| (now - before).abs()).sum()
}

/// The middle one, or between the two in the middle; of at most [`AROUND`] values, at least one.
fn median(values: &[f64]) -> f64 {
    let mut sorted = [0.0; AROUND];
    let sorted = &mut sorted[..values.len()];
    sorted.copy_from_slice(values);
    sorted.sort_unstable_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(n_days: usize) -> Vec<f64> {
        (0..n_days * DAY).map(|hour| 50.0 + (hour % WEEK) as f64 + (hour * 7 % 5) as f64).collect()
    }

    #[test]
    fn a_holiday_gives_way_to_the_week_before() {
        let mut hours = weeks(28);
        let usual = hours[18 * DAY..19 * DAY].to_vec();
        hours[25 * DAY..26 * DAY].fill(3.0);
        replace(&mut hours);
        assert_eq!(hours[25 * DAY..26 * DAY], usual);
    }

    #[test]
    fn a_change_that_stays_is_kept() {
        let mut hours = weeks(28);
        hours[22 * DAY..].fill(3.0);
        let before = hours.clone();
        replace(&mut hours);
        assert_eq!(hours, before);
    }

    #[test]
    fn the_newest_day_is_kept_however_unusual() {
        let mut hours = weeks(28);
        hours[27 * DAY..].fill(0.0);
        let before = hours.clone();
        replace(&mut hours);
        assert_eq!(hours, before);
    }
}
