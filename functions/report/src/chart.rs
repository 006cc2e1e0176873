//! The bars of a report: calls by hour or by day, those that failed at their foot.
//!
//! Invariant: a bar is as high as its figure on an axis from zero; a figure that is not nothing is seen; and what the
//! picture shows is in its label in words, for who does not see it.

use std::fmt::Write as _;

use crate::figure;
use crate::markup::Text;
use crate::report::{Point, Report};

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 190.0;
/// Where the axis' figures stand.
const LEFT: f64 = 44.0;
const TOP: f64 = 12.0;
/// Where the bars stand on.
const FOOT: f64 = 164.0;
/// What a figure that is not nothing has at least.
const LEAST: f64 = 1.5;

/// The picture, as SVG within HTML.
pub(crate) fn of(report: &Report) -> String {
    let most = report.points.iter().map(|point| point.api_calls).max().unwrap_or(0);
    let top = round_up(most);
    let mut svg = format!(
        "<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"100%\" \
         xmlns=\"http://www.w3.org/2000/svg\">",
        Text(&sentence(report))
    );
    // Writing to a text cannot fail.
    for part in 0..=2_u64 {
        let y = FOOT - (FOOT - TOP) * part as f64 / 2.0;
        let label = figure::axis(top * part / 2);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {y}H{WIDTH}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let step = (WIDTH - LEFT) / report.points.len().max(1) as f64;
    for (place, point) in report.points.iter().enumerate() {
        let x = LEFT + step * place as f64;
        bar(&mut svg, point, x + step * 0.14, step * 0.72, top);
        if is_labelled(place, report.points.len()) {
            let (middle, label) = (x + step / 2.0, figure::time(report.period, point.time));
            let y = HEIGHT - 8.0;
            let _ = write!(svg, "<text x=\"{middle:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", short(&label));
        }
    }
    svg.push_str("</svg>");
    svg
}

fn bar(svg: &mut String, point: &Point, x: f64, width: f64, top: u64) {
    let height = |calls: u64| {
        if calls == 0 { 0.0 } else { ((FOOT - TOP) * calls as f64 / top as f64).max(LEAST) }
    };
    let (all, failed) = (height(point.api_calls), height(point.errors.unwrap_or_default()));
    for (class, height) in [("calls", all), ("failed", failed)] {
        if height > 0.0 {
            let y = FOOT - height;
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
}

/// What the picture shows, in a sentence.
pub(crate) fn sentence(report: &Report) -> String {
    let (unit, preposition) = if report.points.len() == 24 { ("hour", "at") } else { ("day", "on") };
    let calls = figure::count(report.whole.api_calls);
    let most = report.points.iter().max_by_key(|point| (point.api_calls, std::cmp::Reverse(point.time)));
    match most.filter(|point| point.api_calls > 0) {
        None => format!("No calls in any {unit}."),
        Some(point) => format!(
            "{calls} calls by {unit}, the most ({}) {preposition} {}.",
            figure::count(point.api_calls),
            figure::time(report.period, point.time)
        ),
    }
}

/// The next of 2, 4, 6, 8, 10, 20, 40 …: a half of it is a whole number.
fn round_up(most: u64) -> u64 {
    let mut power = 1_u64;
    while power.saturating_mul(10) < most {
        power = power.saturating_mul(10);
    }
    let steps = [2, 4, 6, 8, 10].into_iter().map(|step| power.saturating_mul(step));
    steps.into_iter().find(|&step| step >= most).unwrap_or(most)
}

/// Not more labels than there is room for.
fn is_labelled(place: usize, points: usize) -> bool {
    match points {
        0..=8 => true,
        9..=24 => place.is_multiple_of(4),
        // The last would not fit.
        _ => place.is_multiple_of(5) && place + 2 < points,
    }
}

/// Without the month, which the title says.
fn short(label: &str) -> &str {
    label.rsplit_once(' ').map_or(label, |(day, _)| day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::a_day;

    #[test]
    fn the_axis_ends_at_a_round_figure_above_all() {
        assert_eq!([0, 1, 2, 3, 10, 11, 99, 101, 4_001].map(round_up), [2, 2, 2, 4, 10, 20, 100, 200, 6_000]);
    }

    #[test]
    fn a_single_call_among_a_million_is_seen() {
        let mut report = a_day();
        report.points[0].api_calls = 1_000_000;
        let only = report.points[3];
        assert!(only.api_calls > 0);
        let bars = of(&report).matches("class=\"calls\"").count();
        assert_eq!(bars, report.points.iter().filter(|point| point.api_calls > 0).count());
    }
}
