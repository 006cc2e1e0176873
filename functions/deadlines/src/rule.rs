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
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn due(id: &str) -> String {
        let all = all();
        let found = all.iter().find(|deadline| deadline.id == id);
        found.unwrap_or_else(|| panic!("no deadline {id}")).due_date.to_string()
    }

    #[test]
    fn the_data_set_is_large_complete_and_without_a_second_of_anything() {
        let all = all();
        assert!(all.len() >= 400, "{}", all.len());
        let ids: BTreeSet<_> = all.iter().map(|deadline| &deadline.id).collect();
        assert_eq!(ids.len(), all.len());
        for deadline in &all {
            for (name, value) in deadline.attributes() {
                assert!(
                    !value.trim().is_empty() && !value.contains(['{', '}']),
                    "{}: {name} is {value:?}",
                    deadline.id
                );
            }
            assert!(deadline.source_url.starts_with("https://"), "{}", deadline.id);
            assert!((FIRST_YEAR..=LAST_YEAR).contains(&deadline.due_date.year()), "{}", deadline.id);
            assert!(
                deadline.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                deadline.id
            );
        }
        for (country, year) in Country::ALL.iter().flat_map(|country| [(country, FIRST_YEAR), (country, LAST_YEAR)]) {
            let n =
                all.iter().filter(|deadline| (&deadline.country, deadline.due_date.year()) == (country, year)).count();
            assert!(n >= 100, "{country} {year}: {n}");
        }
    }

    #[test]
    fn a_due_date_that_the_agency_moves_is_a_business_day_on_or_after_the_day_of_the_rule() {
        let holidays: Holidays = toml::from_str(HOLIDAYS).unwrap();
        for rules in RULES {
            let rules: Rules = toml::from_str(rules).unwrap();
            for rule in rules.rule {
                for year in FIRST_YEAR..=LAST_YEAR {
                    for one in rule.occurrences(year, &holidays) {
                        let Some(place) = rule.holidays else {
                            assert_eq!(one.due, one.nominal, "{}", rule.id);
                            continue;
                        };
                        assert!(holidays.of(place).is_business_day(one.due), "{} {}", rule.id, one.due);
                        let days = one.nominal.until(one.due).unwrap().get_days();
                        assert!((0..=5).contains(&days), "{} {} {}", rule.id, one.nominal, one.due);
                    }
                }
            }
        }
    }

    #[test]
    fn australian_dates_are_those_that_the_tax_office_publishes() {
        assert_eq!(due("au-bas-quarterly-2026-10-28"), "2026-10-28");
        assert_eq!(due("au-bas-monthly-2026-11-21"), "2026-11-23");
        assert_eq!(due("au-individual-tax-return-2026-10-31"), "2026-11-02");
        assert_eq!(due("au-super-guarantee-quarterly-2026-07-28"), "2026-07-28");
        assert_eq!(due("au-fbt-return-2026-05-21"), "2026-05-21");
        assert_eq!(due("au-taxable-payments-annual-report-2026-08-28"), "2026-08-28");
        assert_eq!(due("au-stp-finalisation-2026-07-14"), "2026-07-14");
    }

    #[test]
    fn a_holiday_in_one_state_moves_what_is_due_to_the_tax_office() {
        assert_eq!(due("au-bas-quarterly-2027-02-28"), "2027-03-02");
        assert_eq!(due("au-payroll-tax-vic-monthly-2026-03-07"), "2026-03-10");
        assert_eq!(due("au-payroll-tax-nsw-monthly-2026-03-07"), "2026-03-09");
    }

    #[test]
    fn new_zealand_dates_are_those_that_inland_revenue_publishes() {
        assert_eq!(due("nz-gst-two-monthly-odd-2026-05-07"), "2026-05-07");
        assert_eq!(due("nz-provisional-tax-2026-08-28"), "2026-08-28");
        assert_eq!(due("nz-individual-tax-return-2026-07-07"), "2026-07-07");
        assert_eq!(due("nz-paye-second-half-2027-01-15"), "2027-01-15");
        assert_eq!(due("nz-gst-monthly-2026-11-28"), "2026-11-30");
    }

    #[test]
    fn holidays_in_a_row_move_a_date_past_all_of_them() {
        assert_eq!(due("nz-fbt-quarterly-2026-05-31"), "2026-06-02");
        assert_eq!(due("nz-terminal-tax-2027-02-07"), "2027-02-09");
        assert_eq!(due("nz-gst-two-monthly-even-2027-03-28"), "2027-03-30");
    }

    #[test]
    fn quarterly_super_ends_where_payday_super_begins() {
        let all = all();
        let of =
            |rule: &str| all.iter().filter(|one| one.id.starts_with(rule)).map(|one| one.due_date).collect::<Vec<_>>();
        assert_eq!(of("au-super-guarantee-quarterly").last().unwrap().to_string(), "2026-07-28");
        let payday = of("au-payday-super");
        assert_eq!((payday.len(), payday[0].to_string().as_str()), (17, "2026-08-12"));
    }
}
