//! Traffic that follows a clock that was put forward or back.
//!
//! Invariant: the newest hours are never moved; older ones are moved only by whole hours, so that they line up with
//! the newest.
//!
//! Hours are counted in UTC, while people and their schedules follow a local clock. For a week after such a clock
//! changes, every forecast from the weeks before is an hour off, which on traffic by schedule costs more than all else
//! together. The day after the change shows it: shifted by an hour it is like the same day a week before.

use crate::history::{DAY, WEEK};

/// A shifted day has to be this much more like the week before than it is unshifted.
const CLEARLY: f64 = 0.6;
/// The same for the days that follow.
const STILL: f64 = 0.65;
/// How many days confirm a change.
const CONFIRMING: usize = 6;

/// How hours of a week before are found: an hour earlier, in place, an hour later.
const SHIFTS: [isize; 3] = [-1, 0, 1];

/// Moves what is older than each change of the clock so that it lines up with what is newer.
pub(crate) fn realign(hours: &mut [f64]) {
    for (start, shift) in changes(hours) {
        let older = &mut hours[..start];
        match shift {
            1 => older.copy_within(..start - 1, 1),
            _ => older.copy_within(1.., 0),
        }
    }
}

/// The first hour after each change, and by how much it moved the traffic; oldest first.
fn changes(hours: &[f64]) -> Vec<(usize, isize)> {
    let n_days = hours.len() / DAY;
    let first = hours.len() % DAY;
    let mut changes = Vec::new();
    let mut day = 8;
    while day < n_days {
        let start = first + day * DAY;
        match change(hours, start) {
            Some(shift) => {
                changes.push((start, shift));
                day += 7;
            }
            None => day += 1,
        }
    }
    changes
}

/// The change of the clock at the start of a day, if there is one.
fn change(hours: &[f64], start: usize) -> Option<isize> {
    let [earlier, unmoved, later] = differences(hours, start);
    let (index, moved) = if earlier < later { (0, earlier) } else { (2, later) };
    if moved >= CLEARLY * unmoved {
        return None;
    }
    let mut sums = [0.0; 3];
    for start in (start..=hours.len() - DAY).step_by(DAY).take(CONFIRMING) {
        for (sum, difference) in sums.iter_mut().zip(differences(hours, start)) {
            *sum += difference;
        }
    }
    (sums[index] < STILL * sums[1]).then_some(SHIFTS[index])
}

/// How unlike a day is to the same day a week before, for each shift.
fn differences(hours: &[f64], start: usize) -> [f64; 3] {
    SHIFTS.map(|shift| {
        let before = (start - WEEK).wrapping_add_signed(-shift);
        hours[start..start + DAY].iter().zip(&hours[before..]).map(|(now, before)| (now - before).abs()).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Busy from 9 to 17 on a clock that is put back at the start of a day.
    fn office(change: usize, n_hours: usize) -> Vec<f64> {
        let busy = |clock: usize| if (9..17).contains(&(clock % DAY)) { 40.0 + (clock % 7) as f64 } else { 0.0 };
        (0..n_hours).map(|hour| busy(if hour < change { hour + 1 } else { hour })).collect()
    }

    #[test]
    fn what_is_older_than_a_change_is_moved_to_the_newer_clock() {
        let mut hours = office(20 * DAY, 21 * DAY);
        realign(&mut hours);
        let rose = hours.iter().position(|hour| *hour > 0.0);
        assert_eq!(rose, Some(9));
    }

    #[test]
    fn steady_traffic_and_a_day_off_move_nothing() {
        let mut hours = office(0, 30 * DAY);
        hours[20 * DAY..21 * DAY].fill(0.0);
        let before = hours.clone();
        realign(&mut hours);
        assert_eq!(hours, before);
    }
}
