//! Figures on the screen beside a count of the calls that the tables hold.
//!
//! Invariant: what is counted is read item by item from blocks, and from no answer of the API.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::history::History;
use super::*;

const CUSTOMER: &str = "user@example.com";
/// The chart's hour may end between a look at the screen and the count.
const TRIES: u32 = 60;
/// Hours that lists are of, in two of the views.
const LIVE: i64 = 2;
const WEEK: i64 = 7 * 24;

/// A call, as its event has it.
struct Call {
    at: Timestamp,
    user: String,
    key: String,
    path: String,
}

#[test]
fn figures_on_the_screen_are_those_of_a_played_history() {
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    local.json(&["users", "reset-password", "--local", "--json", "--email", CUSTOMER]);
    local.json(&["play", "--local", "--json", "--calls", "900", "--days", "14", "--seed", "5"]);
    let calls = calls(&local);
    page.sign_in(CUSTOMER);
    let own = |call: &Call| call.user == CUSTOMER;
    for (key, days) in [("d", 1), ("m", 30)] {
        page.browser.press(key);
        let range = format!(
            "location.search.includes('view=') && document.title.startsWith('{}')",
            if days == 1 { "Day" } else { "Month" }
        );
        page.browser.wait("the range", &range);
        same(&page, key, &|| range_of(&calls, days, own), &charted);
    }
    page.browser.press("r");
    same(&page, "paths of the live view", &|| hours(LIVE, &calls, own, |call| call.path.clone()), &|page| {
        page.rows("path")
    });
    page.browser.press("w");
    same(
        &page,
        "a customer's week",
        &|| [hours(WEEK, &calls, own, |_| ()).into_values().sum(), today(&calls, own)],
        &|page| [charted(page), number(&page.figures()["Calls today"])],
    );
    same(&page, "keys", &|| hours(WEEK, &calls, own, |call| call.key.clone()), &|page| page.rows("key"));
    same(&page, "paths", &|| hours(WEEK, &calls, own, |call| call.path.clone()), &|page| page.rows("path"));
    let key = page.rows("key").into_keys().next().unwrap();
    page.choose("key", &key);
    let of_key = |call: &Call| own(call) && call.key == key;
    same(&page, "paths of a key", &|| hours(WEEK, &calls, of_key, |call| call.path.clone()), &|page| page.rows("path"));
    same(&page, "hours of a key", &|| hours(WEEK, &calls, of_key, |_| ()).into_values().sum(), &charted);
}

/// Waits until the screen shows what was counted.
fn same<T: PartialEq + std::fmt::Debug>(
    page: &Page<'_>,
    what: &str,
    counted: &dyn Fn() -> T,
    shown: &dyn Fn(&Page<'_>) -> T,
) {
    for _ in 0..TRIES {
        if shown(page) == counted() {
            return;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(shown(page), counted(), "{what}");
}

/// Each call that the tables hold, once.
fn calls(local: &Local) -> Vec<Call> {
    let mut ids = BTreeSet::new();
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let events = History::events(local).into_iter();
    let calls = events.filter(|event| event["eventType"] == "API_CALL" && ids.insert(text(event, "requestId")));
    calls
        .map(|event| Call {
            at: text(&event, "timestamp").parse().unwrap(),
            user: text(&event, "userEmail"),
            key: text(&event, "apiKeyName"),
            path: format!("{} {}", text(&event, "method"), text(&event, "path")),
        })
        .collect()
}

/// How many calls some hours have, this one included, by a name of theirs.
fn hours<T: Ord>(
    hours: i64,
    calls: &[Call],
    is_meant: impl Fn(&Call) -> bool,
    name: impl Fn(&Call) -> T,
) -> BTreeMap<T, u64> {
    let now = Timestamp::now().as_second();
    let from = Timestamp::from_second(now - now % 3_600).unwrap() - SignedDuration::from_hours(hours - 1);
    let mut counted = BTreeMap::new();
    for call in calls.iter().filter(|call| call.at >= from && is_meant(call)) {
        *counted.entry(name(call)).or_default() += 1;
    }
    counted
}

/// The calls of a day's hours, this one included, or of whole days of UTC, today included.
fn range_of(calls: &[Call], days: i64, is_meant: impl Fn(&Call) -> bool) -> u64 {
    let unit = if days == 1 { 3_600 } else { 86_400 };
    let (now, length) = (Timestamp::now().as_second(), days * 86_400);
    let from = now - now % unit + unit - length;
    calls.iter().filter(|call| call.at.as_second() >= from && is_meant(call)).count() as u64
}

/// Calls since midnight in UTC, which is the browser's zone.
fn today(calls: &[Call], is_meant: impl Fn(&Call) -> bool) -> u64 {
    let today = Timestamp::now().as_second() / 86_400;
    calls.iter().filter(|call| call.at.as_second() / 86_400 == today && is_meant(call)).count() as u64
}

/// The calls that the chart's sentence says.
fn charted(page: &Page<'_>) -> u64 {
    let sentence = page.browser.run("document.querySelector('.plot figcaption')?.innerText ?? ''");
    number(sentence.as_str().unwrap().split(' ').next().unwrap_or_default())
}

/// A number as it is shown; none is zero.
fn number(text: &str) -> u64 {
    text.replace(',', "").parse().unwrap_or_default()
}
