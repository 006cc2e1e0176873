//! A caller's question, and the page of deadlines that answers it.
//!
//! Invariant: deadlines are filtered before they are counted, and counted before they are cut into pages; a parameter
//! that cannot be understood is refused by name, never guessed.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::deadline::{Agency, Country, Deadline, Kind, Unknown, partition};
use crate::{FIRST_YEAR, LAST_YEAR};

/// Deadlines on a page where the caller names no other number.
pub const DEFAULT_LIMIT: usize = 50;
/// Deadlines on a page at most.
pub const MAX_LIMIT: usize = 100;
/// Deadlines before a page at most.
pub const MAX_OFFSET: usize = 1_000_000;

/// Which deadlines are asked for.
///
/// Without `year` these are the upcoming ones: due today or later, where today lasts until its end in the country.
/// With `year` they are all of that year, past or not. Without `country` they are those of all countries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    country: Option<Country>,
    year: Option<i16>,
    month: Option<i8>,
    kind: Option<Kind>,
    agency: Option<Agency>,
    limit: usize,
    offset: usize,
}

/// A parameter of the query that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadParameter {
    /// Its name.
    pub field: &'static str,
    /// What is wrong with it, naming it; it repeats nothing that the caller sent.
    pub message: String,
}

/// A part of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Page<'a> {
    /// The deadlines of this page, by due date and then by id.
    pub deadlines: Vec<&'a Deadline>,
    /// How many there are on all pages.
    pub total: usize,
    /// How many a page holds, 1 to 100.
    pub limit: usize,
    /// How many precede this page.
    pub offset: usize,
}

impl Query {
    /// Reads a query from the parameters of a request, each given once. Parameters with other names are ignored.
    ///
    /// # Errors
    /// When a value is none that its parameter can have; of several the first that is given.
    pub fn parse<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadParameter> {
        let mut query =
            Self { country: None, year: None, month: None, kind: None, agency: None, limit: DEFAULT_LIMIT, offset: 0 };
        for (name, value) in parameters {
            match name {
                "country" => query.country = Some(word("country", value)?),
                "type" => query.kind = Some(word("type", value)?),
                "agency" => query.agency = Some(word("agency", value)?),
                "year" => query.year = Some(number("year", value, FIRST_YEAR, LAST_YEAR)?),
                "month" => query.month = Some(number("month", value, 1, 12)?),
                "limit" => query.limit = number("limit", value, 1, MAX_LIMIT)?,
                "offset" => query.offset = number("offset", value, 0, MAX_OFFSET)?,
                _ => {}
            }
        }
        Ok(query)
    }

    /// The partitions of the table that hold every deadline asked for.
    pub fn partitions(&self, now: Timestamp) -> Vec<String> {
        let countries = self.countries();
        let years = |country: Country| match self.year {
            Some(year) => year..=year,
            None => today(country, now).year().max(FIRST_YEAR)..=LAST_YEAR,
        };
        countries.iter().flat_map(|&country| years(country).map(move |year| partition(country, year))).collect()
    }

    /// The query of the next page, where there are so many deadlines on all pages.
    pub fn next(&self, total: usize) -> Option<Self> {
        let offset = self.offset + self.limit;
        (offset < total).then(|| Self { offset, ..self.clone() })
    }

    /// The query of the page before.
    pub fn previous(&self) -> Option<Self> {
        (self.offset > 0).then(|| Self { offset: self.offset.saturating_sub(self.limit), ..self.clone() })
    }

    /// The page of those deadlines that are asked for.
    pub fn page<'a>(&self, deadlines: impl IntoIterator<Item = &'a Deadline>, now: Timestamp) -> Page<'a> {
        let mut found: Vec<_> = deadlines.into_iter().filter(|deadline| self.asks_for(deadline, now)).collect();
        found.sort_by(|a, b| (a.due_date, &a.id).cmp(&(b.due_date, &b.id)));
        let total = found.len();
        let deadlines = found.into_iter().skip(self.offset).take(self.limit).collect();
        Page { deadlines, total, limit: self.limit, offset: self.offset }
    }

    fn asks_for(&self, deadline: &Deadline, now: Timestamp) -> bool {
        let in_time = match self.year {
            Some(year) => deadline.due_date.year() == year,
            None => deadline.due_date >= today(deadline.country, now),
        };
        in_time
            && self.countries().contains(&deadline.country)
            && self.month.is_none_or(|month| deadline.due_date.month() == month)
            && self.kind.is_none_or(|kind| deadline.kind == kind)
            && self.agency.is_none_or(|agency| deadline.agency == agency)
    }

    fn countries(&self) -> &[Country] {
        self.country.as_ref().map_or(Country::ALL, std::slice::from_ref)
    }
}

/// As the query of a URL. Of all that it can hold, only the names of agencies have a character to escape: the space.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { country, year, month, kind, agency, limit, offset } = self;
        let parameters = [
            ("country", country.map(|country| country.to_string())),
            ("year", year.map(|year| year.to_string())),
            ("month", month.map(|month| month.to_string())),
            ("type", kind.map(|kind| kind.to_string())),
            ("agency", agency.map(|agency| agency.to_string().replace(' ', "%20"))),
        ];
        for (name, value) in parameters {
            if let Some(value) = value {
                write!(f, "{name}={value}&")?;
            }
        }
        write!(f, "limit={limit}&offset={offset}")
    }
}

/// The day that is not over yet everywhere in the country.
fn today(country: Country, now: Timestamp) -> Date {
    country.last_offset().to_datetime(now).date()
}

fn word<T: FromStr<Err = Unknown>>(field: &'static str, value: &str) -> Result<T, BadParameter> {
    value.parse().map_err(|unknown| BadParameter { field, message: format!("`{field}` {unknown}") })
}

fn number<T>(field: &'static str, value: &str, least: T, most: T) -> Result<T, BadParameter>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    // The standard library takes a sign before a number.
    let digits = Some(value).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| (&least..=&most).contains(&number));
    number.ok_or_else(|| BadParameter {
        field,
        message: format!("`{field}` must be a whole number from {least} to {most}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T10:15:30Z";

    fn query<'a>(parameters: &[(&'a str, &'a str)]) -> Query {
        Query::parse(parameters.iter().copied()).unwrap()
    }

    fn refused(name: &str, value: &str) -> BadParameter {
        Query::parse([(name, value)]).unwrap_err()
    }

    fn ids<'a>(page: &Page<'a>) -> Vec<&'a str> {
        page.deadlines.iter().map(|deadline| deadline.id.as_str()).collect()
    }

    #[test]
    fn a_value_that_cannot_be_understood_is_refused_by_the_name_of_its_parameter() {
        let bad = [
            ("country", "AUS"),
            ("country", ""),
            ("country", "XX"),
            ("type", "vat"),
            ("agency", "IRS"),
            ("year", "2025"),
            ("year", "26"),
            ("year", "twenty"),
            ("month", "0"),
            ("month", "13"),
            ("month", "Nov"),
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "abc"),
            ("limit", "-1"),
            ("limit", "1e3"),
            ("limit", "+5"),
            ("limit", " 5"),
            ("limit", "5 "),
            ("limit", "\u{ff15}"),
            ("limit", "\0"),
            ("limit", ""),
            ("month", "+1"),
            ("year", "+2026"),
            ("offset", "-0"),
            ("offset", "-1"),
            ("offset", "1.5"),
            ("offset", "99999999999999999999"),
        ];
        for (name, value) in bad {
            let BadParameter { field, message } = refused(name, value);
            assert_eq!(field, name, "{value:?}");
            assert!(message.starts_with(&format!("`{name}` must be ")), "{message}");
        }
        assert_eq!(refused("country", "<script>").message, "`country` must be one of AU, NZ");
    }

    #[test]
    fn words_are_read_in_any_case_and_foreign_parameters_change_nothing() {
        assert_eq!(
            query(&[("country", "au"), ("type", "GST"), ("x", "y")]),
            query(&[("country", "AU"), ("type", "gst")])
        );
    }

    #[test]
    fn without_a_year_the_upcoming_deadlines_answer() {
        let (all, now) = (crate::all(), NOW.parse().unwrap());
        let query = query(&[("country", "AU")]);
        let page = query.page(&all, now);
        assert!(page.total > page.limit && page.deadlines.len() == DEFAULT_LIMIT);
        assert_eq!(page.deadlines[0].due_date.to_string(), "2026-12-01");
        assert!(page.deadlines.iter().all(|deadline| deadline.country == Country::Australia));
        assert_eq!(query.partitions(now), ["AU#2026", "AU#2027"]);
    }

    #[test]
    fn a_day_lasts_until_it_is_over_in_the_country() {
        let all = crate::all();
        let first = |now: &str| {
            let query = query(&[("country", "NZ"), ("type", "payroll"), ("limit", "1")]);
            query.page(&all, now.parse().unwrap()).deadlines[0].due_date.to_string()
        };
        assert_eq!(first("2026-11-20T11:59:59Z"), "2026-11-20");
        assert_eq!(first("2026-11-20T12:00:00Z"), "2026-12-07");
    }

    #[test]
    fn a_year_answers_whole_and_a_month_cuts_it() {
        let (all, now) = (crate::all(), NOW.parse().unwrap());
        let query = query(&[("country", "NZ"), ("year", "2026"), ("month", "2"), ("type", "gst")]);
        let expected = ["nz-gst-monthly-2026-02-28", "nz-gst-two-monthly-odd-2026-02-28"];
        let page = query.page(&all, now);
        assert!(page.deadlines.is_empty() && page.total == 0, "28 February 2026 is a Saturday: {page:?}");
        let march = Query { month: Some(3), ..query };
        assert!(expected.iter().all(|id| ids(&march.page(&all, now)).contains(id)));
        assert_eq!(march.partitions(now), ["NZ#2026"]);
    }

    #[test]
    fn pages_one_after_the_other_hold_each_deadline_once() {
        let (all, now) = (crate::all(), NOW.parse().unwrap());
        let whole = all.iter().filter(|deadline| deadline.due_date.year() == 2027).map(|one| one.id.as_str());
        let mut paged = Vec::new();
        for offset in (0..).step_by(7) {
            let page = Query { limit: 7, offset, ..query(&[("year", "2027")]) }.page(&all, now);
            assert_eq!(page.total, whole.clone().count());
            if page.deadlines.is_empty() {
                break;
            }
            paged.extend(ids(&page));
        }
        assert_eq!(paged, whole.collect::<Vec<_>>());
    }

    #[test]
    fn pages_are_linked_to_the_next_and_the_one_before_with_all_that_was_asked_for() {
        let asked =
            query(&[("agency", "revenue nsw"), ("year", "2027"), ("month", "3"), ("limit", "5"), ("offset", "3")]);
        let texts = |query: Option<Query>| query.map(|query| query.to_string());
        let rest = "year=2027&month=3&agency=Revenue%20NSW&limit=5";
        assert_eq!(texts(asked.next(9)), Some(format!("{rest}&offset=8")));
        assert_eq!(texts(asked.next(8)), None);
        assert_eq!(texts(asked.previous()), Some(format!("{rest}&offset=0")));
        assert_eq!(texts(asked.previous().unwrap().previous()), None);
    }

    #[test]
    fn an_agency_is_a_filter_like_the_others() {
        let (all, now) = (crate::all(), NOW.parse().unwrap());
        let page = query(&[("agency", "revenue nsw"), ("year", "2027")]).page(&all, now);
        assert_eq!(page.total, 12);
    }
}
