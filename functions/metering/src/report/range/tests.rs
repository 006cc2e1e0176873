//! What durations and granularities are understood, and that a plan reads each minute once.

use proptest::prelude::*;

use super::*;
use crate::window::Hour;

const NOW: &str = "2026-11-24T10:15:30.5Z";

fn range(granularity: &str, duration: &str) -> Result<Range, BadParameter> {
    Range::parse([("granularity", granularity), ("duration", duration)], NOW.parse().unwrap())
}

#[test]
fn without_parameters_it_is_the_last_24_hours_of_which_the_last_runs() {
    let range = Range::parse([], NOW.parse().unwrap()).unwrap();
    assert_eq!((range.granularity(), range.duration().to_string().as_str()), (Granularity::Hour, "24h"));
    assert_eq!(range.windows().count(), 24);
    assert_eq!(range.from().to_string(), "2026-11-23T11:00:00Z");
    assert_eq!(range.to().to_string(), "2026-11-24T11:00:00Z");
}

#[test]
fn every_duration_that_fits_is_taken_up_to_its_bounds() {
    for (granularity, duration, points) in [
        ("minute", "1m", 1),
        ("minute", "15m", 15),
        ("minute", "7d", 10_080),
        ("hour", "60m", 1),
        ("hour", "90d", 2_160),
        ("day", "24h", 1),
        ("day", "1440m", 1),
        ("day", "90d", 90),
    ] {
        assert_eq!(range(granularity, duration).unwrap().windows().count(), points, "{granularity} {duration}");
    }
}

#[test]
fn a_duration_that_does_not_fit_is_refused_by_name() {
    for (granularity, duration) in [
        ("hour", ""),
        ("hour", "0h"),
        ("hour", "-1h"),
        ("hour", "+1h"),
        ("hour", "1.5h"),
        ("hour", "h"),
        ("hour", "24"),
        ("hour", "24H"),
        ("hour", "1w"),
        ("hour", "24ħ"),
        ("hour", "2😀4h"),
        ("hour", "90m"),
        ("day", "36h"),
        ("day", "91d"),
        ("day", "2161h"),
        ("minute", "10081m"),
        ("minute", "8d"),
        ("hour", "99999999999999999999d"),
        ("hour", "4294967295d"),
    ] {
        let bad = range(granularity, duration).unwrap_err();
        assert_eq!(bad.field, "duration", "{granularity} {duration}");
        assert!(bad.message.contains("`duration`"), "{}", bad.message);
    }
}

#[test]
fn an_unknown_granularity_is_refused_by_name() {
    for granularity in ["", "week", "Hour", "1h"] {
        assert_eq!(range(granularity, "24h").unwrap_err().field, "granularity", "{granularity}");
    }
}

#[test]
fn windows_begin_where_hours_and_days_do() {
    let days = range("day", "2d").unwrap();
    assert_eq!(
        (days.from().to_string(), days.to().to_string()),
        ("2026-11-23T00:00:00Z".into(), "2026-11-25T00:00:00Z".into())
    );
    let minutes = range("minute", "2m").unwrap();
    assert_eq!(
        minutes.windows().map(|minute| minute.to_string()).collect::<Vec<_>>(),
        ["2026-11-24T10:14", "2026-11-24T10:15"]
    );
}

#[test]
fn a_minute_belongs_to_the_window_that_holds_it_and_the_future_to_none() {
    let hours = range("hour", "2h").unwrap();
    let index = |minute: &str| hours.index(minute.parse().unwrap());
    assert_eq!(index("2026-11-24T08:59"), None);
    assert_eq!(index("2026-11-24T09:00"), Some(0));
    assert_eq!(index("2026-11-24T10:15"), Some(1));
    assert_eq!(index("2026-11-24T10:16"), None);
}

#[test]
fn a_day_is_read_whole_only_once_its_last_minute_is_set() {
    let now = "2026-12-01T00:00:20Z".parse().unwrap();
    let range = Range::parse([("granularity", "day"), ("duration", "3d")], now).unwrap();
    let plan = |set: &str| range.plan(set.parse().unwrap(), 0);
    let late = plan("2026-11-30T23:58");
    assert_eq!(late.days.iter().map(Day::to_string).collect::<Vec<_>>(), ["2026-11-29"]);
    assert_eq!((late.hours.len(), late.minutes.len(), late.live.len()), (23, 59, 2));
    let set = plan("2026-11-30T23:59");
    assert_eq!((set.days.len(), set.hours.len(), set.minutes.len(), set.live.len()), (2, 0, 0, 1));
}

fn asked(parameters: &[(&'static str, &'static str)]) -> Result<Vec<String>, BadParameter> {
    let range = Range::parse(parameters.iter().copied(), NOW.parse().unwrap())?;
    Ok(range.windows().map(|first| first.to_string()).chain([range.to().to_string()]).collect())
}

#[test]
fn a_range_is_from_one_instant_to_another_or_as_long_as_it_is_said() {
    let hours = ["2026-11-20T10:00", "2026-11-20T11:00", "2026-11-20T12:00:00Z"];
    let (from, to) = (("from", "2026-11-20T10:00:00Z"), ("to", "2026-11-20T17:30:00+05:30"));
    for parameters in [vec![from, to], vec![from, ("duration", "2h")], vec![to, ("duration", "120m")]] {
        assert_eq!(asked(&parameters).unwrap(), hours, "{parameters:?}");
    }
    let open = asked(&[("from", "2026-11-24T09:00:00Z")]).unwrap();
    assert_eq!(open, ["2026-11-24T09:00", "2026-11-24T10:00", "2026-11-24T11:00:00Z"]);
    let range = Range::parse([from, to], NOW.parse().unwrap()).unwrap();
    assert_eq!(range.duration().to_string(), "2h");
}

#[test]
fn days_of_a_zone_are_from_midnight_to_midnight_whatever_its_clocks_do() {
    let days = |zone, from, to| asked(&[("granularity", "day"), ("tz", zone), ("from", from), ("to", to)]).unwrap();
    let kolkata = days("Asia/Kolkata", "2026-11-22T18:30:00Z", "2026-11-24T18:30:00Z");
    assert_eq!(kolkata, ["2026-11-22T18:30", "2026-11-23T18:30", "2026-11-24T18:30:00Z"]);
    let spring = days("Australia/Adelaide", "2026-10-03T14:30:00Z", "2026-10-05T13:30:00Z");
    assert_eq!(spring, ["2026-10-03T14:30", "2026-10-04T13:30", "2026-10-05T13:30:00Z"]);
    let autumn = days("Europe/London", "2026-10-23T23:00:00Z", "2026-10-26T00:00:00Z");
    assert_eq!(autumn, ["2026-10-23T23:00", "2026-10-24T23:00", "2026-10-26T00:00:00Z"]);
    let last = asked(&[("granularity", "day"), ("tz", "Australia/Sydney"), ("duration", "1d")]).unwrap();
    assert_eq!(last, ["2026-11-23T13:00", "2026-11-24T13:00:00Z"]);
}

#[test]
fn a_range_that_would_have_to_be_rounded_or_guessed_is_refused_by_name() {
    for (field, parameters) in [
        ("from", vec![("from", "2026-11-20T10:30:00Z")]),
        ("from", vec![("from", "2026-11-20T10:00:00.5Z")]),
        ("from", vec![("from", "2026-11-20")]),
        ("from", vec![("from", "2026-11-20T10:00:00")]),
        ("from", vec![("from", "2026-11-20T10:00:00 05:30")]),
        ("from", vec![("from", "")]),
        ("from", vec![("from", "2026-08-20T00:00:00Z")]),
        ("from", vec![("from", "-009999-01-01T00:00:00Z")]),
        ("to", vec![("to", "9999-12-30T22:00:00Z")]),
        ("to", vec![("to", "2026-11-24T12:00:00Z")]),
        ("to", vec![("from", "2026-11-24T09:00:00Z"), ("to", "2026-11-24T09:00:00Z")]),
        ("to", vec![("granularity", "day"), ("tz", "Asia/Kolkata"), ("to", "2026-11-24T00:00:00Z")]),
        ("duration", vec![("duration", "3h"), ("from", "2026-11-24T09:00:00Z")]),
        ("duration", vec![("duration", "1h"), ("from", "2026-11-24T09:00:00Z"), ("to", "2026-11-24T10:00:00Z")]),
        ("duration", vec![("duration", "90d"), ("to", "2026-10-24T10:00:00Z")]),
        ("from", vec![("granularity", "minute"), ("from", "2026-11-10T09:00:00Z"), ("to", "2026-11-24T10:00:00Z")]),
        ("tz", vec![("tz", "Mars/Olympus")]),
    ] {
        let bad = asked(&parameters).unwrap_err();
        assert_eq!(bad.field, field, "{parameters:?}: {}", bad.message);
        assert!(bad.message.starts_with(&format!("`{field}` must ")), "{}", bad.message);
    }
}

proptest! {
    #[test]
    fn each_minute_of_a_range_is_read_once_wherever_the_watermark_stands(
        second in 1_750_000_000_i64..1_800_000_000,
        behind in -5_i64..20_000,
        granularity in 0..3_usize,
        n in 1_u32..12,
        live in 0..3_i64,
        zone in 0..4_usize,
    ) {
        let zone = ["UTC", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"][zone];
        let (name, unit) = [("minute", 'm'), ("hour", 'h'), ("day", 'd')][granularity];
        let now = Timestamp::from_second(second).unwrap();
        let duration = format!("{n}{unit}");
        let range = Range::parse([("granularity", name), ("duration", &duration), ("tz", zone)], now).unwrap();
        let current = Minute::of(now);
        let set = current.plus(-behind);
        let Plan { days, hours, minutes, live: blocks, .. } = range.plan(set, live);
        let of_hours = |hour: Hour| hour.first_minute().through(hour.last_minute());
        let all_hours = days.iter().flat_map(|day| day.first_hour().through(day.last_hour())).chain(hours);
        let mut read: Vec<_> = all_hours.flat_map(of_hours).chain(minutes).collect();
        prop_assert!(read.iter().all(|minute| *minute <= set && *minute < current.plus(-live)));
        read.extend(blocks);
        read.sort();
        let first = range.windows().next().unwrap();
        prop_assert_eq!(read, first.through(current).collect::<Vec<_>>());
    }
}
