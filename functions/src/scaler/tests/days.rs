//! What the scaler makes of recorded days.

use jiff::{SignedDuration, Timestamp};
use metering::window::Minute;

use super::super::change::{Change, Changes};
use super::super::decision::*;
use super::super::load::{Load, Series};
use super::player::{Player, read};

const BOUNDS: Bounds = Bounds { min: 2, max: 10 };

fn story(series: &str) -> Vec<String> {
    let (shards, offers) = read(series);
    let mut player = Player::new(shards, BOUNDS);
    player.play(&offers);
    player.story
}

#[test]
fn a_quiet_night_takes_shards_away_half_an_hour_after_it_has_begun() {
    let expected = [
        "00:31 4 -> 3: for 30 minutes the load filled 1.4 shards at most",
        "01:04 3 -> 2: for 30 minutes the load filled 1.0 shards at most",
    ];
    assert_eq!(story(include_str!("series/quiet-night.txt")), expected);
}

#[test]
fn a_morning_adds_shards_before_any_record_is_refused() {
    let expected = [
        "01:08 2 -> 4: for 2 minutes shards were 85 % full or more",
        "01:38 4 -> 6: for 2 minutes shards were 75 % full or more",
        "02:08 6 -> 10: for 2 minutes shards were 77 % full or more",
    ];
    assert_eq!(story(include_str!("series/morning-ramp.txt")), expected);
}

#[test]
fn a_minute_that_is_only_busy_changes_nothing() {
    assert_eq!(story(include_str!("series/spike.txt")), [""; 0]);
}

#[test]
fn a_flash_crowd_doubles_the_shards_after_each_cool_down_as_far_as_they_go() {
    let expected = [
        "00:32 2 -> 4: 420000 records were refused in a minute",
        "00:37 4 -> 8: 300000 records were refused in a minute",
        "00:42 8 -> 10: 60000 records were refused in a minute",
        "00:48 short by 8: 10 are the most that there may be",
        "01:40 10 -> 5: for 30 minutes the load filled 0.9 shards at most",
        "02:13 5 -> 3: for 30 minutes the load filled 0.9 shards at most",
    ];
    assert_eq!(story(include_str!("series/flash-crowd.txt")), expected);
}

#[test]
fn the_minutes_of_a_long_resharding_are_no_cause_for_another() {
    let (shards, offers) = read(include_str!("series/long-resharding.txt"));
    let mut player = Player::new(shards, BOUNDS);
    player.resharding = 7;
    player.play(&offers);
    assert_eq!(player.story, ["00:32 2 -> 4: 36000 records were refused in a minute"]);
}

#[test]
fn a_load_that_swings_around_a_threshold_is_left_alone() {
    assert_eq!(story(include_str!("series/oscillation.txt")), [""; 0]);
}

#[test]
fn missing_minutes_are_neither_quiet_nor_busy() {
    let expected = [
        "00:25 CloudWatch has no data point of the last 5 minutes: nothing is known",
        "01:08 CloudWatch has no data point of the last 5 minutes: nothing is known",
        "02:13 4 -> 2: for 30 minutes the load filled 0.3 shards at most",
    ];
    assert_eq!(story(include_str!("series/missing-minutes.txt")), expected);
}

#[test]
fn a_low_minute_after_a_gap_is_no_calm_time() {
    let expected = ["00:45 CloudWatch has no data point of the last 5 minutes: nothing is known"];
    assert_eq!(story(include_str!("series/gap.txt")), expected);
}

#[test]
fn bytes_fill_shards_as_records_do() {
    let expected = [
        "00:23 2 -> 4: for 2 minutes shards were 90 % full or more",
        "01:10 4 -> 2: for 30 minutes the load filled 0.4 shards at most",
    ];
    assert_eq!(story(include_str!("series/large-records.txt")), expected);
}

#[test]
fn a_restless_day_keeps_its_last_changes_for_adding_shards() {
    let story = story(include_str!("series/restless-day.txt"));
    let (changes, rest): (Vec<_>, Vec<_>) = story.iter().partition(|line| line.contains(" -> "));
    assert_eq!(changes.len(), 7, "{story:?}");
    assert_eq!(changes[6], "03:53 2 -> 4: for 2 minutes shards were 90 % full or more");
    assert!(rest.iter().all(|line| line.ends_with("kept for adding shards")), "{story:?}");
}

#[test]
fn more_than_the_most_shards_is_said_and_not_taken() {
    let expected = [
        "00:22 8 -> 10: 90000 records were refused in a minute",
        "00:28 short by 9: 10 are the most that there may be",
    ];
    assert_eq!(story(include_str!("series/too-much.txt")), expected);
}

#[test]
fn each_way_to_do_nothing_is_told_from_the_others() {
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    let (nothing, none) = (Changes::default(), Series::default());
    let fresh = nothing.and(Change::new(now, 2, true));
    let decide = |capacity, changes| decide(capacity, changes, &none, BOUNDS, now);
    assert_eq!(decide(ObservedCapacity::OnDemand, &nothing), Decision::Stay(Stay::OnDemand));
    assert_eq!(decide(ObservedCapacity::Changing, &nothing), Decision::Stay(Stay::Changing));
    assert_eq!(decide(ObservedCapacity::Shards(2), &nothing), Decision::Note(2));
    assert_eq!(decide(ObservedCapacity::Shards(2), &fresh), Decision::Stay(Stay::CoolingDown));
}

#[test]
fn a_stream_outside_the_bounds_comes_back_by_doubling_and_halving() {
    let calm = "shards 1\n20x 100";
    let (shards, offers) = read(calm);
    let mut player = Player::new(shards, Bounds { min: 4, max: 10 });
    player.play(&offers);
    assert_eq!(player.shards, 4, "{:?}", player.story);
    let mut player = Player::new(32, BOUNDS);
    player.play(&vec![offers[0]; 300]);
    assert_eq!(player.shards, 2, "{:?}", player.story);
}

#[test]
fn when_the_days_changes_are_spent_shards_are_short() {
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let at = |hour: i64| now - SignedDuration::from_hours(hour);
    let spend =
        |n: i64| (0..n).rev().fold(Changes::default(), |changes, n| changes.and(Change::new(at(1 + 2 * n), 4, true)));
    let full = Load { records: 4.0 * 60_000.0, refused: 12.0, ..Load::default() };
    let minute = Minute::of(now);
    let series = Series([(minute.plus(-2), full), (minute.plus(-1), full)].into());
    let decide = |changes| decide(ObservedCapacity::Shards(4), &changes, &series, BOUNDS, now);
    let because = Cause::Refused(12.0);
    assert_eq!(decide(spend(10)), Decision::Short { by: 4, because, limit: Limit::Day });
    assert_eq!(decide(spend(9)), Decision::Scale { to: 8, because });
    // A change that Kinesis refused, or of more than a day ago, is not one of the ten.
    assert_eq!(decide(spend(10).and(Change::new(at(0), 4, true))), Decision::Stay(Stay::CoolingDown));
    assert_eq!(spend(14).spent(now), 12);
    assert_eq!(spend(10).with_last_refused(4).spent(now), 9);
}
