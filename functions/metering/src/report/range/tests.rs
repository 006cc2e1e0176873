//! What durations and granularities are understood, and that a plan reads each minute once.

use proptest::prelude::*;

use super::*;

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

proptest! {
    #[test]
    fn each_minute_of_a_range_is_read_once_wherever_the_watermark_stands(
        second in 1_750_000_000_i64..1_800_000_000,
        behind in -5_i64..20_000,
        granularity in 0..3_usize,
        n in 1_u32..12,
        live in 0..3_i64,
    ) {
        let (name, unit) = [("minute", 'm'), ("hour", 'h'), ("day", 'd')][granularity];
        let now = Timestamp::from_second(second).unwrap();
        let duration = format!("{n}{unit}");
        let range = Range::parse([("granularity", name), ("duration", &duration)], now).unwrap();
        let current = Minute::of(now);
        let set = current.plus(-behind);
        let Plan { days, hours, minutes, live: blocks } = range.plan(set, live);
        let of_hours = |hour: Hour| hour.first_minute().through(hour.last_minute());
        let all_hours = days.iter().flat_map(|day| day.first_hour().through(day.last_hour())).chain(hours);
        let mut read: Vec<_> = all_hours.flat_map(of_hours).chain(minutes).collect();
        prop_assert!(read.iter().all(|minute| *minute <= set && *minute < current.plus(-live)));
        read.extend(blocks);
        let first = range.windows().next().unwrap();
        prop_assert_eq!(read, first.through(current).collect::<Vec<_>>());
    }
}
