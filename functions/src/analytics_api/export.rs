//! Export: one's own calls, a row each, page by page, with their number.
//!
//! Invariant: all pages of an export are of the moment of the first; a call is on exactly one of them, and they have as
//! many as the first said. A page reads at most about [`PAGE_UNITS`] read units, or one minute where that is more.

mod calls;
mod cursor;

use contract::{Route, header};
use futures::future::try_join_all;
use jiff::Timestamp;
use metering::report::export::{Format, Page};
use metering::report::range::{Duration, Span};
use metering::window::{Minute, iso_millis};

use self::calls::Calls;
use self::cursor::{Cursor, Unverified};
use super::AnalyticsApi;
use super::whose::whose;
use crate::http::parameters::Parameters;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};
use store::table::TableError;

/// Read units of a page, beside those of the count that the first one begins with.
const PAGE_UNITS: usize = 150;
/// Read units in which minutes are counted of which windows do not know everything yet.
const COUNT_UNITS: usize = 60;
/// Minutes that are read at once.
const AT_ONCE: usize = 16;

/// What is asked for.
pub(super) enum Question {
    /// An export from the beginning.
    First { format: Format, span: Span },
    /// A further page of one.
    Next(Unverified),
}

impl Question {
    /// Reads it from the parameters of a request. What a cursor says already is not said again.
    pub(super) fn parse(viewer: &Viewer, parameters: &Parameters, now: Timestamp) -> Result<Self, Failure> {
        // Nobody exports the calls of another, and an answer with one's own would say that they did.
        if whose(viewer, parameters)? != *viewer.email() {
            return Err(Failure::Forbidden);
        }
        let all = || parameters.iter();
        let named = |name: &str| all().find(|(given, _)| *given == name).map(|(_, value)| value);
        let format = named("format").map(str::parse::<Format>).transpose()?;
        let Some(cursor) = named("cursor") else {
            let span = Span::parse(all(), Duration::by_default(Route::Export), now)?;
            return Ok(Self::First { format: format.unwrap_or(Format::Csv), span });
        };
        for name in ["duration", "from", "to"] {
            if named(name).is_some() {
                return Err(Failure::BadRequest(format!("`{name}` must be left out where `cursor` is given")));
            }
        }
        let cursor = Unverified::parse(cursor).filter(|cursor| cursor.is_of(format));
        cursor.map(Self::Next).ok_or_else(unknown_cursor)
    }
}

fn unknown_cursor() -> Failure {
    Failure::BadRequest("`cursor` must be one that a page of your own export links to, at most a week old".into())
}

impl AnalyticsApi {
    /// A page, with a link to the next.
    pub(super) async fn export(&self, viewer: &Viewer, question: Question, now: Timestamp) -> Result<Answer, Failure> {
        let calls = Calls::of(self, viewer.email(), now).await?;
        let (cursor, key) = match question {
            Question::First { format, span: Span { first, end } } => {
                let (total, end) = calls.count(first, end.min(Minute::of(now).plus(1)), now, COUNT_UNITS).await?;
                (Cursor { format, as_of: now, first, end, total, minute: first, skip: 0 }, None)
            }
            Question::Next(cursor) => {
                let key = self.signing_keys.find(cursor.month()).await?.ok_or_else(unknown_cursor)?;
                (cursor.verify(viewer.email(), &key, now).ok_or_else(unknown_cursor)?, Some(key))
            }
        };
        let is_first = key.is_none();
        let mut reading = Reading { calls: &calls, page: Page::new(cursor.format, is_first), units: PAGE_UNITS };
        let next = reading.fill(cursor).await?;
        let answer = answer(&cursor, reading.page, is_first);
        let Some(next) = next else { return Ok(answer) };
        let key = match key {
            Some(key) => key,
            None => self.signing_keys.current(now).await?,
        };
        Ok(answer.with_link("next", &format!("cursor={}", next.seal(viewer.email(), &key))))
    }
}

fn answer(cursor: &Cursor, page: Page, is_first: bool) -> Answer {
    let Cursor { format, as_of, first, end, total, .. } = *cursor;
    let range = format!("{}/{}", iso_millis(first.start()), iso_millis(end.start()));
    Answer::file(page.into_body(), format.media_type(is_first), &format!("calls.{}", format.word()))
        .with_header(header::TOTAL_CALLS, &total.to_string())
        .with_header(header::AS_OF, &iso_millis(as_of))
        .with_header(header::RANGE, &range)
}

/// A page on its way.
struct Reading<'a> {
    calls: &'a Calls<'a>,
    page: Page,
    /// What may still be read for it.
    units: usize,
}

impl Reading<'_> {
    /// Adds rows from a place on, and returns the place of the next page, if there is one.
    async fn fill(&mut self, from: Cursor) -> Result<Option<Cursor>, TableError> {
        let mut minute = from.minute;
        for day in minute.day().through(from.end.plus(-1).day()) {
            minute = minute.max(day.first_hour().first_minute());
            if self.units == 0 {
                return Ok(Some(Cursor { minute, skip: 0, ..from }));
            }
            let (minutes, units) = self.calls.minutes_of(day).await?;
            self.units = self.units.saturating_sub(units);
            let minutes: Vec<Minute> = minutes.into_iter().filter(|one| (minute..from.end).contains(one)).collect();
            if let Some(next) = self.add(&minutes, from).await? {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    /// Adds rows of some minutes, and returns the place at which the page is full, if it is.
    async fn add(&mut self, minutes: &[Minute], from: Cursor) -> Result<Option<Cursor>, TableError> {
        let (mut rest, mut at_once) = (minutes, 1);
        while !rest.is_empty() {
            let (these, others) = rest.split_at(at_once.min(rest.len()));
            let read = these.iter().map(|minute| self.calls.read(*minute, from.as_of, usize::MAX));
            let read: Vec<_> = try_join_all(read).await?.into_iter().flatten().collect();
            let answered = these.iter().map(|minute| self.calls.answered(*minute));
            let answered = try_join_all(answered).await?;
            let units = read.iter().map(|read| read.units).sum::<usize>();
            let units = units + answered.iter().map(|(_, units)| units).sum::<usize>();
            for ((minute, read), (answered, _)) in these.iter().zip(read).zip(answered) {
                let skip = if *minute == from.minute { from.skip } else { 0 };
                let calls = (0_u32..).zip(&read.calls).skip(skip as usize);
                for (n, call) in calls {
                    if !self.page.push(call, answered.to(call)) {
                        return Ok(Some(Cursor { minute: *minute, skip: n, ..from }));
                    }
                }
            }
            self.units = self.units.saturating_sub(units);
            // As many as may be read if they are like these.
            at_once = (self.units * these.len() / units.max(1)).clamp(1, AT_ONCE);
            rest = others;
            if let (0, Some(minute)) = (self.units, rest.first()) {
                return Ok(Some(Cursor { minute: *minute, skip: 0, ..from }));
            }
        }
        Ok(None)
    }
}
