//! Days on which calls are known to be unlike other days.
//!
//! Invariant: a holiday is a date of the calendar, `2026-12-25`.

use serde::Deserialize;

/// Holidays, wherever it is such a day. None is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Holidays(Vec<String>);

impl Holidays {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, with spaces between.
    pub fn list(&self) -> String {
        self.0.join(" ")
    }
}

impl TryFrom<Vec<String>> for Holidays {
    type Error = String;

    fn try_from(days: Vec<String>) -> Result<Self, String> {
        match days.iter().find(|day| !is_date(day)) {
            Some(day) => Err(format!("`{day}` is not a day: it must be such as `2026-12-25`")),
            None => Ok(Self(days)),
        }
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse().unwrap_or(0) } else { 0_u32 }
    };
    let (year, month, day) = (number(year, 4), number(month, 2), number(day, 2));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_no_calendar_has_is_refused() {
        assert!(["2026-12-25", "2028-02-29"].into_iter().all(is_date));
        for text in ["", "2026-12", "2026-13-01", "2026-02-29", "2026-04-31", "26-12-25", "2026-12-25T00", "2026-+1-01"]
        {
            assert!(!is_date(text), "{text}");
        }
    }
}
