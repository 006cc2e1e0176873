//! Numbers on the command line.
//!
//! Invariant: a number is digits and nothing else, and lies within bounds that its error names.

use std::fmt::Display;
use std::ops::RangeInclusive;

use clap::builder::TypedValueParser;

/// Reads a whole number within bounds, both included. One beyond what `T` holds is out of bounds like any other.
pub(super) fn whole<T>(bounds: RangeInclusive<T>) -> impl TypedValueParser<Value = T>
where
    T: TryFrom<u64> + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text: &str| {
        // `parse` alone would take a sign.
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u64>().ok().filter(|_| is_plain).and_then(|number| T::try_from(number).ok());
        number.filter(|number| bounds.contains(number)).ok_or_else(|| {
            format!("it must be a whole number from {} to {}, in digits alone", bounds.start(), bounds.end())
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::*;

    fn read(text: &str) -> Result<u16, String> {
        let number = Arg::new("n").long("n").value_parser(whole(1..=200_u16)).allow_negative_numbers(true);
        let matches = Command::new("x").arg(number).try_get_matches_from(["x", "--n", text]);
        matches.map(|matches| *matches.get_one("n").unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_is_digits_within_its_bounds() {
        assert_eq!(["1", "200", "007"].map(|text| read(text).unwrap()), [1, 200, 7]);
        let huge = u64::MAX.to_string() + "0";
        for text in ["0", "201", "65537", &huge, "-1", "+5", " 5", "5 ", "5.0", "1e2", "0x5", "５", "", "five"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("--n") && error.contains("from 1 to 200"), "{text:?}: {error}");
        }
    }
}
