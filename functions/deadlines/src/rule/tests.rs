//! The data set: whole, on the days that the agencies publish, and moved as they move it.

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
            assert!(!value.trim().is_empty() && !value.contains(['{', '}']), "{}: {name} is {value:?}", deadline.id);
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
        let n = all.iter().filter(|deadline| (&deadline.country, deadline.due_date.year()) == (country, year)).count();
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
    let of = |rule: &str| all.iter().filter(|one| one.id.starts_with(rule)).map(|one| one.due_date).collect::<Vec<_>>();
    assert_eq!(of("au-super-guarantee-quarterly").last().unwrap().to_string(), "2026-07-28");
    let payday = of("au-payday-super");
    assert_eq!((payday.len(), payday[0].to_string().as_str()), (17, "2026-08-12"));
}
