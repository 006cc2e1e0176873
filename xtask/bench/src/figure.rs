//! One measured figure, beside the original's and the one to reach.
//!
//! Invariant: a figure says what bounds it.

use std::borrow::Cow;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// A figure. All of them are the better the smaller, but for those that say otherwise in their name.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What was measured, with its unit.
    pub(crate) name: String,
    /// The original system's, as its own measurement names it; empty where there is none.
    pub(crate) original: &'static str,
    /// What was to be reached.
    pub(crate) goal: f64,
    pub(crate) value: f64,
    /// What bounds it.
    pub(crate) bound: Cow<'static, str>,
}

impl Figure {
    /// As a document's part.
    pub(crate) fn json(&self) -> Value {
        let Self { name, original, goal, value, bound } = self;
        json!({ "figure": name, "original": original, "goal": goal, "value": value, "bound": bound })
    }
}

/// A number with as many digits as are worth reading.
pub(crate) fn short(value: f64) -> String {
    match value {
        value if value >= 1_000.0 => {
            let whole = format!("{value:.0}");
            let (thousands, rest) = whole.split_at(whole.len() - 3);
            format!("{thousands},{rest}")
        }
        value if value >= 20.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value => format!("{value:.1}"),
    }
}

/// The middle of some measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The write units of the four loads, which `functions/tests/cost.rs` holds to what it measures.
///
/// # Errors
/// When `units.toml` does not have them.
pub(crate) fn write_units() -> Result<Vec<Figure>> {
    let units = include_str!("../../cloud/units.toml");
    let loads = [("a", "3,190", 240.0), ("b", "4,124", 340.0), ("c", "5,000", 2_400.0), ("d", "–", 240.0)];
    let figure = |(load, original, goal): (&str, _, _)| {
        let line = units.lines().find_map(|line| line.strip_prefix(&format!("{load} = ")));
        let value = line.and_then(|number| number.parse().ok()).context("units.toml lacks the write units")?;
        let name = format!("write units per 1,000 calls, {}", load.to_uppercase());
        Ok(Figure {
            name,
            original,
            goal,
            value,
            bound: "one block for each bucket of a batch, and the windows".into(),
        })
    };
    loads.into_iter().map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_digits_that_are_worth_reading() {
        assert_eq!([4.66, 266.0, 28.4, 20_512.3, 1.0].map(short), ["4.7", "266", "28", "20,512", "1"]);
    }

    #[test]
    fn the_write_units_are_there() {
        let figures = write_units().unwrap();
        assert!(figures.len() == 4 && figures.iter().all(|figure| figure.value > 0.0));
    }
}
