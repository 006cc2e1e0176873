//! Figures as people read them.
//!
//! Invariant: what is rounded is so to one place, and a figure that is not nothing is never written as 0.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::period::Period;

/// `1,234,567`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure of an axis, in four characters or so: `500`, `1.5k`, `20M`.
pub(crate) fn axis(count: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let unit = units.into_iter().find(|(size, _)| count >= *size);
    unit.map_or_else(|| count.to_string(), |(size, unit)| format!("{}{unit}", count as f64 / size as f64))
}

/// `0.4 ms`, `88 ms`, `1.2 s`.
pub(crate) fn milliseconds(value: f64) -> String {
    match value {
        value if value >= 1_000.0 => format!("{:.1} s", value / 1_000.0),
        value if value >= 10.0 => format!("{value:.0} ms"),
        value => format!("{value:.1} ms"),
    }
}

/// `0.42 %`; `< 0.01 %` where it would be written as nothing; a dash where there is no whole.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        percent if part > 0 && percent < 0.01 => "< 0.01 %".into(),
        percent if percent < 10.0 => format!("{percent:.2} %"),
        percent => format!("{percent:.1} %"),
    }
}

/// How much more or less than before: `+12 %`, `−3 %`, `as before`, `new`.
pub(crate) fn change(before: u64, now: u64) -> String {
    if before == now {
        return "as before".into();
    }
    if before == 0 {
        return "none before".into();
    }
    let percent = (now as f64 - before as f64) * 100.0 / before as f64;
    let sign = if percent > 0.0 { '+' } else { '−' };
    match percent.abs() {
        percent if percent < 0.1 => format!("{sign}< 0.1 %"),
        percent if percent < 10.0 => format!("{sign}{percent:.1} %"),
        percent => format!("{sign}{percent:.0} %"),
    }
}

/// The hour of a day (`09:00`), or the day of a longer period (`Mon 23 Nov`).
pub(crate) fn time(period: Period, time: Timestamp) -> String {
    let format = if matches!(period, Period::Day(_)) { "%H:%M" } else { "%a %-d %b" };
    TimeZone::UTC.to_datetime(time).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_never_hide_something() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 500, 1_000, 1_500, 20_000, 4_000_000].map(axis), ["0", "500", "1k", "1.5k", "20k", "4M"]);
        assert_eq!([0.44, 9.96, 88.4, 1_250.0].map(milliseconds), ["0.4 ms", "10.0 ms", "88 ms", "1.2 s"]);
        assert_eq!([share(0, 0), share(0, 9), share(1, 1_000_000), share(1, 3)], ["–", "0.00 %", "< 0.01 %", "33.3 %"]);
        let changes = [change(5, 5), change(0, 2), change(100, 112), change(100, 97), change(1_000_000, 1_000_001)];
        assert_eq!(changes, ["as before", "none before", "+12 %", "−3.0 %", "+< 0.1 %"]);
    }
}
