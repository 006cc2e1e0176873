//! Spans of time on the command line.
//!
//! Invariant: a span is digits and one unit, at least a second and at most a day.

use std::time::Duration;

/// The longest, in seconds.
const MAX_SECONDS: u64 = 24 * 60 * 60;

/// Reads a span such as `30s`, `10m` or `2h`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let seconds = [("s", 1), ("m", 60), ("h", 60 * 60)].into_iter().find_map(|(unit, seconds)| {
        let digits = text.strip_suffix(unit)?;
        // `parse` alone would take a sign.
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_plain)?.checked_mul(seconds)
    });
    match seconds.filter(|seconds| (1..=MAX_SECONDS).contains(seconds)) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err("it must be a number of seconds, minutes or hours, such as 30s, 10m or 2h, up to a day".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_its_unit() {
        let seconds = ["1s", "90s", "10m", "2h", "24h"].map(|text| span(text).unwrap().as_secs());
        assert_eq!(seconds, [1, 90, 600, 7_200, 86_400]);
        for bad in ["", "s", "0s", "10", "-1s", "+1s", "1.5h", "1 h", "25h", "1d", "99999999999999999999h", "١s"] {
            assert!(span(bad).is_err(), "{bad:?}");
        }
    }
}
