//! What a caller asks of a range: from when to when, or how long, in which windows.
//!
//! Invariant: a range is answered as it was asked for or refused; nothing is rounded.

use contract::limit::HISTORY_DAYS;
use jiff::Timestamp;

use super::{BadParameter, Duration, Granularity, MAX_POINTS, Range, Span};
use crate::report::zone::Zone;
use crate::window::Minute;

/// What the parameters say, each by itself.
pub(super) struct Question {
    granularity: Granularity,
    zone: Zone,
    duration: Option<Duration>,
    /// How long the range is where it is not said.
    default: Duration,
    from: Option<Minute>,
    to: Option<Minute>,
}

/// The windows of a granularity, which never end.
struct Windows<'a> {
    granularity: Granularity,
    zone: &'a Zone,
}

pub(super) fn parse<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    granularity: Granularity,
    default: Duration,
) -> Result<Question, BadParameter> {
    let mut question = Question { granularity, zone: Zone::UTC, duration: None, default, from: None, to: None };
    for (name, value) in parameters {
        match name {
            "granularity" => question.granularity = value.parse()?,
            "duration" => question.duration = Some(value.parse()?),
            "from" => question.from = Some(minute("from", value)?),
            "to" => question.to = Some(minute("to", value)?),
            "tz" => question.zone = value.parse()?,
            _ => {}
        }
    }
    Ok(question)
}

/// The minute that begins with an instant.
fn minute(field: &'static str, text: &str) -> Result<Minute, BadParameter> {
    let plus = if text.contains(' ') { "; a `+` in it is sent as `%2B`" } else { "" };
    let must = || {
        let form = "be where a minute begins, such as `2026-11-24T10:15:00Z` (RFC 3339)";
        BadParameter::must(field, &format!("{form}{plus}"))
    };
    let instant: Timestamp = text.parse().map_err(|_| must())?;
    let minute = Minute::of(instant);
    if minute.start() == instant { Ok(minute) } else { Err(must()) }
}

impl Question {
    /// From when to when.
    pub(super) fn span(&self, now: Timestamp) -> Result<Span, BadParameter> {
        let Self { granularity, ref zone, duration, default, from, to } = *self;
        let (windows, current) = (Windows { granularity, zone }, Minute::of(now));
        let oldest = current.plus(-i64::from(HISTORY_DAYS) * Granularity::Day.minutes());
        let under_way = windows.after(windows.first(current), 1);
        for (field, edge) in [("from", from), ("to", to)] {
            edge.map_or(Ok(()), |edge| windows.check(field, edge, oldest, under_way))?;
        }
        if let (Some(_), Some(_), Some(_)) = (duration, from, to) {
            return Err(BadParameter::must("duration", "be left out where `from` and `to` are given"));
        }
        let n = windows.count(duration.unwrap_or(default));
        let (first, end) = match (from, to) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) if duration.is_some() => (from, windows.after(from, n?)),
            (Some(from), None) => (from, under_way),
            (None, to) => {
                let end = to.unwrap_or(under_way);
                (windows.after(end, -n?), end)
            }
        };
        if end > under_way {
            return Err(BadParameter::must("duration", "not go beyond the window under way"));
        }
        if end <= first {
            return Err(BadParameter::must("to", "be after `from`"));
        }
        if first < oldest.plus(-Granularity::Day.minutes()) {
            return Err(BadParameter::must("duration", &format!("begin at most {HISTORY_DAYS} days ago")));
        }
        Ok(Span { first, end })
    }

    pub(super) fn range(self, now: Timestamp) -> Result<Range, BadParameter> {
        let Span { first, end } = self.span(now)?;
        let Self { granularity, zone, duration, default, from, .. } = self;
        if end.since(first) / granularity.minutes() > MAX_POINTS {
            let field = if from.is_some() { "from" } else { "duration" };
            let most = format!("leave at most {MAX_POINTS} points; a coarser `granularity` covers more time");
            return Err(BadParameter::must(field, &most));
        }
        let edges = Windows { granularity, zone: &zone }.edges(first, end);
        let default = from.is_none().then_some(default);
        let duration = duration.or(default).unwrap_or_else(|| Duration::of_minutes(end.since(first)));
        Ok(Range { granularity, duration, edges, current: Minute::of(now), zone })
    }
}

impl Windows<'_> {
    /// Whether an edge that was asked for lies where a window begins, not too long ago and not in the future.
    fn check(&self, field: &'static str, edge: Minute, oldest: Minute, under_way: Minute) -> Result<(), BadParameter> {
        if edge < oldest {
            return Err(BadParameter::must(field, &format!("be at most {HISTORY_DAYS} days ago")));
        }
        if edge > under_way {
            return Err(BadParameter::must(field, "not be after the window under way"));
        }
        if self.first(edge) != edge {
            let unit = self.granularity.word();
            let must = format!("be where a window of the granularity begins; a finer one than `{unit}` is exact");
            return Err(BadParameter::must(field, &must));
        }
        Ok(())
    }

    /// The first minute of the window that holds a minute.
    fn first(&self, minute: Minute) -> Minute {
        match self.granularity {
            Granularity::Minute => minute,
            Granularity::Hour => minute.hour().first_minute(),
            Granularity::Day => self.zone.midnight(minute),
        }
    }

    /// The first minute of the window `n` windows after the one that begins with a minute.
    fn after(&self, first: Minute, n: i64) -> Minute {
        match self.granularity {
            Granularity::Minute | Granularity::Hour => first.plus(n * self.granularity.minutes()),
            Granularity::Day => self.zone.days_after(first, n),
        }
    }

    /// How many windows a duration has.
    fn count(&self, duration: Duration) -> Result<i64, BadParameter> {
        let unit = self.granularity.minutes();
        if duration.minutes() % unit != 0 {
            return Err(BadParameter::must("duration", "be a whole multiple of the granularity"));
        }
        Ok(duration.minutes() / unit)
    }

    fn edges(&self, first: Minute, end: Minute) -> Vec<Minute> {
        let mut edges = vec![first];
        let mut edge = first;
        while edge < end {
            edge = self.after(edge, 1);
            edges.push(edge);
        }
        edges
    }
}
