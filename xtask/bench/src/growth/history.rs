//! Answers about long ranges: what they cost when every window of ninety days is there.
//!
//! Invariant: each window is set by the aggregator's own store; hours and days hold as many parts as they can have.

use anyhow::Result;
use contract::Function;
use contract::limit::HISTORY_DAYS;
use jiff::Timestamp;
use metering::course::Course;
use metering::fold::UsageBySubject;
use metering::subject::Subject;
use metering::total::Total;
use metering::window::{Day, Hour, Minute};
use store::windows::{Span, Windows};
use xtask::Printer;

use super::hour::stores;
use super::minute::deliver;
use super::row::{Row, alone};
use super::system::{Look, System};
use super::traffic::{HOT_USER, Traffic};

/// A route, its parameters, and its bound in read units.
type Question = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// What is asked. What the API has no route for is left out.
const QUESTIONS: [Question; 12] = [
    ("timeseries", &[("granularity", "minute"), ("duration", "7d")], "1,500"),
    ("timeseries", &[("granularity", "hour"), ("duration", "90d")], "300"),
    ("timeseries", &[("granularity", "day"), ("duration", "90d")], "300"),
    ("user-stats", &[], "300"),
    ("realtime", &[], "300"),
    ("summary", &[], "300"),
    ("breakdown", &[("by", "path"), ("duration", "90d")], "300"),
    ("heatmap", &[], "300"),
    ("forecast", &[("horizon", "7d")], "300"),
    ("anomalies", &[], "300"),
    ("alerts", &[], "300"),
    ("security", &[], "300"),
];
/// Days of which the hours are set: the week of the longest answer in minutes, and a day more.
const HOURS_OF: i64 = 8;

/// Calls of which there are blocks; a tenth of them are the user's.
const LATEST: u64 = 1_000;

/// Measures every question, as an administrator and as the user asks it.
pub(crate) async fn measure(printer: &Printer) -> Result<Vec<Row>> {
    printer.say("growth: answers about long ranges");
    let system = System::start().await;
    let (windows, watermark) = stores(&system);
    let now = Timestamp::now();
    let of_minute = Traffic::RISING[1].fold(now);
    fill(&windows, &of_minute, now).await?;
    let last = Minute::of(now).plus(-1);
    watermark.begin(last).await?;
    // Calls for the list of the latest, which would else be looked for in all of history.
    let processor = system.run(Function::StreamProcessor, &[]).await?;
    deliver(&system, &processor, &mut Traffic::RISING[1].batches(last.start(), 0), LATEST).await?;
    let mut rows = Vec::new();
    for (route, parameters, bound) in QUESTIONS {
        for is_admin in [true, false] {
            let api = system.run(Function::AnalyticsApi, &[]).await?;
            let Ok(Some((cost, _))) = system.look(&api, Look { route, parameters, is_admin }).await else { continue };
            let asked: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let asked = if asked.is_empty() { String::new() } else { format!("?{}", asked.join("&")) };
            let who = if is_admin { "an administrator" } else { "the user" };
            rows.push(alone(format!("`{route}{asked}` of {who}, 90 days set: read units"), bound, cost.read_units));
        }
    }
    Ok(rows)
}

/// Sets the minutes of the present hour, the hours of a week, and the days of all history.
async fn fill(windows: &Windows, minute: &UsageBySubject, now: Timestamp) -> Result<()> {
    let hot: Subject = Subject::User(HOT_USER.parse()?);
    let hour = of_parts(minute, 60, |_| true);
    let day = of_parts(minute, 24, |subject| *subject == hot);
    let total = Total::of(minute);
    let current = Hour::of(now);
    for minute_of_hour in current.first_minute().through(current.last_minute()) {
        windows.set_minute(minute_of_hour, minute).await?;
        windows.set_total(Span::Minute(minute_of_hour), &total, None).await?;
    }
    let course = |parts: u8| {
        let mut course = Course::default();
        (0..parts).for_each(|place| course.add_total(place, &total));
        course
    };
    // Of the others those beside whom the user is kept are enough.
    let mut beside = hour;
    beside.usages.retain(|subject, _| subject.bucket() == hot.bucket());
    for n in 1..=HOURS_OF * 24 {
        windows.set_hour(current.plus(-n), &beside, |_| true).await?;
        windows.set_total(Span::Hour(current.plus(-n)), &total, Some(&course(60))).await?;
    }
    for n in 0..i64::from(HISTORY_DAYS) {
        let date = Day::of(now).plus(-n);
        windows.set_day(date, date.last_hour().last_minute().min(current.first_minute().plus(-1)), &day).await?;
        windows.set_total(Span::Day(date), &total, Some(&course(24))).await?;
    }
    Ok(())
}

/// So many parts that are all alike, of the subjects that are wanted.
fn of_parts(part: &UsageBySubject, parts: u8, wanted: impl Fn(&Subject) -> bool) -> UsageBySubject {
    let mut fold = UsageBySubject::default();
    for (subject, usage) in part.usages.iter().filter(|(subject, _)| wanted(subject)) {
        (0..parts).for_each(|place| fold.add_part(place, subject.clone(), usage));
    }
    fold
}
