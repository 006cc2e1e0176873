//! Rows that show what they are about alone: a user, a company, a key, a path, an answer.
//!
//! Invariant: what cannot be told of them alone is not on the page, and the page says so.

use super::*;

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
    local.expect(&ana, 5);
    page.sign_in(ana.email);
    a_key_is_shown_alone(&page);
    it_has_an_address_and_an_end(&page);
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
    for left_out in [".heat", "section.quota", ".recent"] {
        assert_eq!(page.browser.run(&format!("document.querySelector('{left_out}')")), json!(null), "{left_out}");
    }
}

fn it_has_an_address_and_an_end(page: &Page<'_>) {
    page.browser.run("location.reload()");
    page.browser.wait("the same after a reload", "document.querySelector('.pill')?.innerText === 'night ×'");
    page.browser.press("Escape");
    page.browser.wait("all again", "document.querySelector('section.quota') && !document.querySelector('.pill')");
    page.browser.run("history.back()");
    page.browser.wait("the key again", "document.querySelector('.pill')");
    page.browser.click(".pill");
    page.browser.wait("all of them again", "location.search === '?view=day' && document.querySelector('.heat')");
}

fn a_path_of_everybody_and_a_company_are_shown_alone(page: &Page<'_>) {
    page.browser.press("d");
    page.browser.wait("the paths", "document.querySelector('[aria-labelledby=path-title] tbody button')");
    page.choose("path", "GET /v1/deadlines");
    page.browser.wait("its calls", "document.querySelector('.value').innerText === '5'");
    page.browser.press("Escape");
    page.choose("company", "Example Pty Ltd");
    page.browser.wait("a company of this address", "location.search.includes('company=Example')");
    page.shows("Not told apart by company");
    page.browser.press("Escape");
    page.browser.wait("everybody", "document.querySelector('.security')");
}
