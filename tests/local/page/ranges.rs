//! Ranges: chosen from the calendar, up to today, and in zones whose days begin at other hours than those of UTC.
//!
//! Invariant: whatever range the page can show, the API answers, and all parts of the page are of the same time.

use std::collections::BTreeSet;

use super::*;

/// Whose midnights are half an hour beside whole hours of UTC, and whose today ends after that of UTC.
const AT_HALF_PAST: &str = "Asia/Kolkata";
const WEST: &str = "America/Los_Angeles";
const FIRST_DAY: &str = "document.querySelector('[aria-label=\"First day\"]')";

/// Chooses a day, written as the field has it.
fn choose_first_day(page: &Page<'_>, day: &str) {
    let field = format!("{FIRST_DAY}.value = {day}, {FIRST_DAY}");
    page.browser.run(&format!("({field}).dispatchEvent(new Event('change'))"));
}

fn is_in(page: &Page<'_>, zone: &str) {
    page.browser.tell("Emulation.setTimezoneOverride", &json!({ "timezoneId": zone }));
    page.reload();
    page.settle();
}

fn nothing_is_wrong(page: &Page<'_>) {
    page.settle();
    let notice = page.browser.run("document.querySelector('.notice:not([hidden])')?.innerText");
    assert_eq!(notice, json!(null));
}

pub(super) fn days_are_chosen_up_to_today(page: &Page<'_>, calls: usize) {
    let title = "document.querySelector('#chart-title').innerText";
    choose_first_day(page, "new Date(Date.now() - 2 * 86_400_000).toLocaleDateString('sv')");
    page.browser.wait("days of one's own", &format!("location.search.includes('from=') && {title}.includes(' – ')"));
    page.shows(&format!("{calls} calls, most of them at"));
    nothing_is_wrong(page);
    let chosen = page.browser.run(&format!("{FIRST_DAY}.value"));
    page.browser.press("w");
    page.browser.wait(
        "the field has the days of the week",
        &format!("location.search === '?view=week' && {FIRST_DAY}.value === {FIRST_DAY}.getAttribute('value') && {FIRST_DAY}.value !== {chosen}"),
    );
    choose_first_day(page, "'0002-11-20'");
    assert_eq!(page.browser.run("location.search"), json!("?view=week"), "a year that is being typed is no choice");
}

pub(super) fn all_parts_of_a_month_begin_together(page: &Page<'_>) {
    let before = page.asked().len();
    page.browser.press("m");
    page.browser.wait("the month", "location.search === '?view=month'");
    page.settle();
    let asked = page.asked().split_off(before);
    let begins = asked.iter().filter_map(|asked| asked.split_once("from="));
    let begins: BTreeMap<_, _> = begins.map(|(what, from)| (what, from.split('&').next())).collect();
    // The chart, its marks, the hours of the week and three lists; what of the week was still under way came first.
    assert_eq!(begins.len(), 6, "{asked:?}");
    assert_eq!(begins.values().collect::<BTreeSet<_>>().len(), 1, "{begins:?}");
}

/// In the view of a month, and of the one before.
pub(super) fn days_may_begin_at_half_past(page: &Page<'_>, calls: usize) {
    is_in(page, AT_HALF_PAST);
    page.shows(&format!("{calls} calls, most of them at"));
    nothing_is_wrong(page);
    page.browser.press("ArrowLeft");
    page.browser.wait("the month before", "location.search.includes('from=')");
    page.shows("No calls in this range.");
    nothing_is_wrong(page);
    is_in(page, "");
    page.browser.press("r");
    page.settle();
}

/// Days of a company are those of UTC wherever they are looked at.
pub(super) fn days_of_a_company_are_those_of_utc(page: &Page<'_>) {
    page.browser.press("m");
    is_in(page, WEST);
    page.shows("How calls ended, by day of UTC");
    nothing_is_wrong(page);
    page.browser.press("t");
    let today = "new Date().toLocaleDateString(undefined, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })";
    page.browser.wait("the last is today", &format!("document.querySelector('.plot tbody th')?.innerText === {today}"));
    page.browser.press("t");
    is_in(page, "");
}
