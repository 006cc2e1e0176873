//! Rows that show what they are about alone: a user, a company, a key, a path, an answer.
//!
//! Invariant: what cannot be told of them alone is not on the page, and the page says so.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name};
use jiff::{SignedDuration, Timestamp};

use super::*;

const KEYS: usize = 25;
const HOURS: usize = 24;

#[test]
fn a_row_filters_all_that_is_shown_and_what_cannot_be_filtered_is_left_out() {
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    let ana = local.customer("ana@example.com");
    let night = local.json(&["keys", "create", "--local", "--json", "--email", ana.email, "--name", "night"]);
    let night = night["apiKey"].as_str().unwrap();
    for (key, path, calls) in [(&*ana.key, "/v1/deadlines?country=AU", 3), (night, "/v1/deadlines?month=13", 2)] {
        (0..calls).for_each(|_| drop(local.get(path, ("x-api-key", key))));
    }
    let many = local.customer("many@example.com");
    call_with_many_keys(&local, &many);
    local.expect(&ana, 5);
    page.sign_in(ana.email);
    a_key_is_shown_alone(&page);
    it_has_an_address_and_an_end(&page);
    page.sign_out();
    page.sign_in(many.email);
    what_is_not_told_apart_is_said(&page, &many);
    page.sign_out();
    let root = ["users", "create", "--local", "--json", "--admin", "--email", "root@example.com", "--company", "Us"];
    local.json(&root);
    page.sign_in("root@example.com");
    a_path_of_everybody_and_a_company_are_shown_alone(&page);
    let complaints = page.browser.events("Runtime.exceptionThrown");
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn a_key_is_shown_alone(page: &Page<'_>) {
    page.browser.press("d");
    page.choose("key", "night");
    page.browser.wait("its calls", "document.querySelector('.value').innerText === '2'");
    assert_eq!(page.browser.text(".pill"), "night ×");
    let figures = page.figures();
    assert_eq!((&*figures["Calls, last 24 hours"], figures.contains_key("Quota left")), ("2", false), "{figures:?}");
    page.browser.wait("its hours", "document.querySelector('#chart')");
    page.shows("2 calls, most of them at");
    page.browser.wait("its paths", "document.querySelector('[aria-labelledby=path-title] tbody')");
    assert_eq!(page.rows("path").values().sum::<u64>(), 2);
    assert_eq!(page.rows("key").len(), 2, "others can be chosen in its place");
    let said = page
        .browser
        .run("document.getElementById(document.querySelector('.pill').getAttribute('aria-describedby')).innerText");
    assert!(said.as_str().unwrap().contains("Not told apart by key"), "{said}");
    let latest = "[...document.querySelectorAll('.recent tbody tr')].map((row) => row.cells[1].innerText).join()";
    page.browser.wait("its latest calls", &format!("{latest} === 'GET /v1/deadlines,GET /v1/deadlines'"));
    for left_out in [".heat", "section.quota", ".recent button"] {
        assert_eq!(page.browser.run(&format!("document.querySelector('{left_out}')")), json!(null), "{left_out}");
    }
}

fn it_has_an_address_and_an_end(page: &Page<'_>) {
    page.reload();
    page.browser.wait("the same after a reload", "document.querySelector('.pill')?.innerText === 'night ×'");
    page.browser.press("Escape");
    page.browser.wait("all again", "document.querySelector('section.quota') && !document.querySelector('.pill')");
    page.browser.run("history.back()");
    page.browser.wait("the key again", "document.querySelector('.pill')");
    page.browser.click(".pill");
    page.browser.wait("all of them again", "location.search === '?view=day' && document.querySelector('.heat')");
}

/// Calls of each hour of a day with each of many keys.
fn call_with_many_keys(local: &Local, customer: &Customer) {
    let now = Timestamp::now();
    let record = |key: usize, hour: usize| {
        let at = now - SignedDuration::from_mins(60 * hour as i64 + 1);
        let event = json!({
            "eventType": "API_CALL", "requestId": format!("{key}-{hour}"), "timestamp": at.to_string(), "method": "GET",
            "userEmail": customer.email, "apiKeyId": format!("k_{key:02}"), "apiKeyName": format!("key {key}"), "path": "/v1/deadlines",
        });
        json!({ "PartitionKey": customer.email, "Data": STANDARD.encode(event.to_string()) })
    };
    for keys in (0..KEYS).collect::<Vec<_>>().chunks(10) {
        let records: Vec<_> = keys.iter().flat_map(|key| (0..HOURS).map(|hour| record(*key, hour))).collect();
        let put = json!({ "StreamName": name::stream(&Environment::default()), "Records": records });
        local.aws("POST", "kinesis", "/", "Kinesis_20131202.PutRecords", &put.to_string());
    }
}

/// An answer has 500 rows at most, and one for what is beyond them.
fn what_is_not_told_apart_is_said(page: &Page<'_>, many: &Customer) {
    page.local.expect(many, KEYS * HOURS);
    page.browser.press("w");
    page.choose("key", "key 0");
    page.shows(&format!("up to {} calls below", KEYS * HOURS - 500));
    page.choose("path", "GET /v1/deadlines");
    page.browser.wait(
        "nothing is cut",
        "location.search.includes('path=') && document.querySelector('#left-out')?.innerText.endsWith('quota.')",
    );
}

fn a_path_of_everybody_and_a_company_are_shown_alone(page: &Page<'_>) {
    page.browser.press("d");
    page.browser.wait("the paths", "document.querySelector('[aria-labelledby=path-title] tbody button')");
    page.choose("path", "GET /v1/deadlines");
    let calls = format!("document.querySelector('.value').innerText === '{}'", KEYS * HOURS + 5);
    page.browser.wait("its calls", &calls);
    page.shows("left out: today, hours of the week, users, companies");
    let told = "[...document.querySelectorAll('.list')].map((list) => list.getAttribute('aria-labelledby')).join()";
    assert_eq!(page.browser.run(told), json!("path-title,status-title"));
    assert_eq!(page.browser.run("document.querySelector('.notice:not([hidden])')"), json!(null));
    page.browser.press("Escape");
    page.choose("company", "Example Pty Ltd");
    page.browser.wait("a company of this address", "location.search.includes('company=Example')");
    page.shows("Not told apart by company");
    ranges::days_of_a_company_are_those_of_utc(page);
    page.browser.press("Escape");
    page.browser.wait("everybody", "document.querySelector('.security')");
}
