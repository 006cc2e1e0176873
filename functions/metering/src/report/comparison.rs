//! Figures beside those of an earlier span.
//!
//! Invariant: both of a figure are made in the same way, of spans that are as long.

use std::str::FromStr;

use contract::limit::HISTORY_DAYS;
use jiff::Timestamp;
use serde::Serialize;

use super::BadParameter;
use super::instant::Instant;
use super::range::Range;
use crate::number::round;
use crate::total::Total;
use crate::window::Minute;

const MINUTES_PER_DAY: i64 = 24 * 60;

/// A figure and what it was earlier; null where it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    value: Option<f64>,
    before: Option<f64>,
    /// By how many percent it has risen, or fallen where it is below zero; null where it was zero.
    change: Option<f64>,
}

/// With what a range is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Earlier {
    /// With the span before it.
    Previous,
    /// With the same span a week before.
    Week,
}

/// The sums of a range beside those of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// When the earlier span begins.
    from: Instant,
    /// When it ends: as long after its beginning as the current minute began after the range's, or the range is over.
    to: Instant,
    /// Calls that were let through.
    api_calls: Figure,
    /// The share of them that was answered with a status of 400 or more, from 0 to 1, of those whose answer is known.
    error_rate: Figure,
    /// From the arrival of a request to the departure of its answer: half of the calls took no longer, within 2 %.
    #[serde(rename = "p50ResponseMs")]
    p50_response_ms: Figure,
    /// The same of 99 % of the calls.
    #[serde(rename = "p99ResponseMs")]
    p99_response_ms: Figure,
    /// Calls without a good key.
    auth_failures: Figure,
    /// Calls over a quota.
    rate_limited: Figure,
}

impl Figure {
    pub(super) fn new(value: Option<f64>, before: Option<f64>) -> Self {
        let change = value.zip(before).filter(|(_, before)| *before > 0.0);
        Self { value, before, change: change.map(|(value, before)| round((value / before - 1.0) * 100.0)) }
    }
}

impl FromStr for Earlier {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "previous" => Ok(Self::Previous),
            "week" => Ok(Self::Week),
            _ => Err(BadParameter::must("compare", "be `previous` or `week`")),
        }
    }
}

impl Earlier {
    /// What a request asks for, if it does.
    ///
    /// # Errors
    /// When `compare` is neither.
    pub fn find<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Option<Self>, BadParameter> {
        parameters.into_iter().find(|(name, _)| *name == "compare").map(|(_, value)| value.parse()).transpose()
    }

    /// The span with which a range is compared, whole minutes of it.
    ///
    /// # Errors
    /// When windows of it are no longer kept.
    pub fn span(self, range: &Range, now: Timestamp) -> Result<Range, BadParameter> {
        let (first, end) = (Minute::of(range.from()), Minute::of(range.to()));
        let back = match self {
            Self::Previous => end.since(first),
            Self::Week => 7 * MINUTES_PER_DAY,
        };
        let current = Minute::of(now);
        if first.plus(-back) < current.plus(-i64::from(HISTORY_DAYS) * MINUTES_PER_DAY) {
            let must = format!("leave the earlier span within the last {HISTORY_DAYS} days");
            return Err(BadParameter::must("compare", &must));
        }
        let end = end.min(current.max(first.plus(1)));
        Ok(Range::between(first.plus(-back), end.plus(-back), range.zone().clone(), now))
    }
}

impl Comparison {
    /// The sums of a range beside those of an earlier span.
    pub fn new(earlier: &Range, now: &Total, before: &Total) -> Self {
        let figure = |of: &dyn Fn(&Total) -> Option<f64>| Figure::new(of(now), of(before));
        let response = |percent| figure(&|total| total.performance.response.percentile_ms(percent));
        Self {
            from: earlier.from().into(),
            to: earlier.to().into(),
            api_calls: figure(&|total| Some(total.calls as f64)),
            error_rate: figure(&|total| total.performance.error_rate(total.rate_limited)),
            p50_response_ms: response(50),
            p99_response_ms: response(99),
            auth_failures: figure(&|total| Some(total.auth_failures as f64)),
            rate_limited: figure(&|total| Some(total.rate_limited as f64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(compare: &str, parameters: &[(&'static str, &'static str)]) -> Result<[String; 2], BadParameter> {
        let now = "2026-11-24T10:15:30Z".parse().unwrap();
        let range = Range::parse(parameters.iter().copied(), now).unwrap();
        let span = compare.parse::<Earlier>()?.span(&range, now)?;
        Ok([span.from(), span.to()].map(|edge| edge.to_string()))
    }

    #[test]
    fn a_range_is_compared_with_as_much_of_the_span_before_or_of_a_week_before_as_is_over() {
        let over = [("from", "2026-11-24T06:00:00Z"), ("duration", "2h")];
        assert_eq!(span("previous", &over).unwrap(), ["2026-11-24T04:00:00Z", "2026-11-24T06:00:00Z"]);
        assert_eq!(span("week", &over).unwrap(), ["2026-11-17T06:00:00Z", "2026-11-17T08:00:00Z"]);
        assert_eq!(span("previous", &[("duration", "2h")]).unwrap(), ["2026-11-24T07:00:00Z", "2026-11-24T08:15:00Z"]);
        assert_eq!(span("week", &[("duration", "2h")]).unwrap(), ["2026-11-17T09:00:00Z", "2026-11-17T10:15:00Z"]);
        for (compare, duration) in [("previous", "46d"), ("week", "90d"), ("year", "1d"), ("", "1d")] {
            assert_eq!(span(compare, &[("duration", duration)]).unwrap_err().field, "compare");
        }
    }

    #[test]
    fn a_figure_says_by_how_much_it_has_changed_where_it_can() {
        let change = |value, before| Figure::new(value, before).change;
        assert_eq!(change(Some(15.0), Some(10.0)), Some(50.0));
        assert_eq!(change(Some(0.0), Some(8.0)), Some(-100.0));
        assert_eq!((change(Some(5.0), Some(0.0)), change(None, Some(1.0))), (None, None));
    }
}
