//! Rules in `data/`, and the deadlines that follow from them in the years covered.
//!
//! Invariant: the same rules give the same deadlines with the same ids; a rule that cannot be read fails the tests.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use crate::calendar::{Holidays, Place};
use crate::deadline::{Agency, Country, Deadline, Kind};
use crate::{FIRST_YEAR, LAST_YEAR};

const HOLIDAYS: &str = include_str!("../data/holidays.toml");
const RULES: [&str; 2] = [include_str!("../data/au.toml"), include_str!("../data/nz.toml")];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The rules of a country.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    country: Country,
    rule: Vec<Rule>,
}

/// What is due again and again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    agency: Agency,
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    description: String,
    #[serde(rename = "applicableTo")]
    applicable_to: String,
    #[serde(rename = "sourceUrl")]
    source_url: String,
    /// Whose holidays move the date. Without it the date stands, weekend or not.
    holidays: Option<Place>,
    /// Nothing falls due before this day, before weekends move it.
    from: Option<Date>,
    /// Nothing falls due after this day, before weekends move it.
    until: Option<Date>,
    schedule: Schedule,
}

/// When it is due.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Schedule {
    /// On the same days each year.
    Yearly(Vec<Yearly>),
    /// Once a month.
    Monthly(Monthly),
    /// So many business days after the last business day of each month.
    AfterMonthEnd(AfterMonthEnd),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Yearly {
    /// `MM-DD`.
    on: String,
    /// What it is for, where `{y}` is the year in which it is due, `{y-1}`, `{y-2}` and `{y+1}` those beside it,
    /// `{yy}` and `{yy-1}` their last two digits.
    period: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Monthly {
    /// Day of the month; 31 is the last day of each.
    day: i8,
    /// What it is for, where `{month}` is the month before and `{same month}` the one in which it is due.
    period: String,
    /// Months, 1 to 12, in which nothing is due.
    #[serde(default)]
    skip: Vec<i8>,
    /// Months in which another day holds.
    #[serde(default)]
    except: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    month: i8,
    day: i8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterMonthEnd {
    #[serde(rename = "businessDays")]
    business_days: u32,
    /// As that of [`Monthly`], where `{month}` is the month that ended.
    period: String,
}

/// When something is due, before and after weekends and holidays, and what for.
struct Occurrence {
    nominal: Date,
    due: Date,
    period: String,
}

/// Every deadline of the years covered, in the order of due dates and then of ids.
///
/// # Panics
/// When the files in `data/` are no rules, which the tests of this crate rule out.
#[expect(clippy::expect_used, reason = "the files are part of the program and read by its tests")]
pub fn all() -> Vec<Deadline> {
    let holidays: Holidays = toml::from_str(HOLIDAYS).expect("data/holidays.toml lists holidays");
    let mut deadlines: Vec<_> = RULES
        .iter()
        .map(|rules| toml::from_str::<Rules>(rules).expect("data/*.toml lists rules"))
        .flat_map(|Rules { country, rule }| rule.into_iter().map(move |rule| (country, rule)))
        .flat_map(|(country, rule)| rule.deadlines(country, &holidays))
        .collect();
    deadlines.sort_by(|a, b| (a.due_date, &a.id).cmp(&(b.due_date, &b.id)));
    deadlines
}

impl Rule {
    fn deadlines(&self, country: Country, holidays: &Holidays) -> Vec<Deadline> {
        let occurrences = (FIRST_YEAR..=LAST_YEAR).flat_map(|year| self.occurrences(year, holidays));
        let valid = occurrences.filter(|one| {
            self.from.is_none_or(|from| one.nominal >= from) && self.until.is_none_or(|until| one.nominal <= until)
        });
        valid
            .map(|Occurrence { nominal, due, period }| Deadline {
                id: format!("{}-{nominal}", self.id),
                country,
                agency: self.agency,
                name: self.name.clone(),
                kind: self.kind,
                period,
                due_date: due,
                description: self.description.clone(),
                applicable_to: self.applicable_to.clone(),
                source_url: self.source_url.clone(),
            })
            .collect()
    }

    fn occurrences(&self, year: i16, holidays: &Holidays) -> Vec<Occurrence> {
        let moved = |day| self.holidays.map_or(day, |place| holidays.of(place).on_or_after(day));
        let occurrence = |(nominal, period)| Occurrence { nominal, due: moved(nominal), period };
        match &self.schedule {
            Schedule::Yearly(days) => days.iter().map(|day| occurrence(day.in_year(year))).collect(),
            Schedule::Monthly(monthly) => monthly.in_year(year).map(occurrence).collect(),
            Schedule::AfterMonthEnd(after) => {
                let place = self.holidays.unwrap_or_else(|| unreachable!("`{}` counts business days", self.id));
                after.in_year(year, holidays, place).map(occurrence).collect()
            }
        }
    }
}

impl Yearly {
    #[expect(clippy::expect_used, reason = "the files are part of the program and read by its tests")]
    fn in_year(&self, year: i16) -> (Date, String) {
        let day = format!("{year}-{}", self.on).parse().expect("`on` is a day of every year");
        let digits = |year: i16| format!("{:02}", year % 100);
        let period = self
            .period
            .replace("{y}", &year.to_string())
            .replace("{y+1}", &(year + 1).to_string())
            .replace("{y-1}", &(year - 1).to_string())
            .replace("{y-2}", &(year - 2).to_string())
            .replace("{yy}", &digits(year))
            .replace("{yy-1}", &digits(year - 1));
        (day, period)
    }
}

impl Monthly {
    fn in_year(&self, year: i16) -> impl Iterator<Item = (Date, String)> {
        (1..=12).filter(|month| !self.skip.contains(month)).map(move |month| {
            let first = jiff::civil::date(year, month, 1);
            let exception = self.except.iter().find(|exception| exception.month == month);
            let day = exception.map_or(self.day, |exception| exception.day).min(first.days_in_month());
            let due = first.saturating_add((day - 1).days());
            (due, month_names(&self.period, first.saturating_sub(1.month()), first))
        })
    }
}

impl AfterMonthEnd {
    /// Those due in the year; the last month of the year before is among them.
    fn in_year(&self, year: i16, holidays: &Holidays, place: Place) -> impl Iterator<Item = (Date, String)> {
        let calendar = holidays.of(place);
        (1..=12).map(move |month| {
            let first = jiff::civil::date(year, month, 1);
            let ended = first.saturating_sub(1.day());
            let due = calendar.plus_business_days(calendar.on_or_before(ended), self.business_days);
            (due, month_names(&self.period, ended, first))
        })
    }
}

fn month_names(template: &str, before: Date, same: Date) -> String {
    let name = |day: Date| format!("{} {}", MONTHS[usize::from(day.month().unsigned_abs()) - 1], day.year());
    template.replace("{month}", &name(before)).replace("{same month}", &name(same))
}

#[cfg(test)]
mod tests;
