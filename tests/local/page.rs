//! The page in a real browser, on the running system: what people do there, and what they see.
//!
//! Invariant: a figure on the screen is compared with what the API itself answers.

mod budgets;
mod chart;
mod count;
mod everybody;
mod filters;
mod life;
mod pictures;
mod ranges;
mod second_factor;

use std::collections::BTreeMap;

use serde_json::json;

use super::chromium::{Chromium, installed};
use super::*;

/// How soon a call is on the page.
const SEEN_WITHIN: Duration = Duration::from_secs(2);
const FIRST: &str = "First-for-this-test-1";

/// A browser and the page in it.
struct Page<'a> {
    local: &'a Local,
    browser: Chromium,
    url: String,
}

impl<'a> Page<'a> {
    /// The page as it is before anybody signs in; nothing without a browser.
    fn open(local: &'a Local) -> Option<Self> {
        let browser = Chromium::start(&installed()?);
        let page = Self { local, browser, url: format!("{}/dashboard", local.text("apiUrl")) };
        page.browser.open(&page.url);
        Some(page)
    }

    fn enter(&self, email: &str, password: &str) {
        self.browser.wait("the sign-in is shown", "document.querySelector('#password')");
        self.browser.write("#email", email);
        self.browser.write("#password", password);
        self.browser.press("Enter");
    }

    fn sign_in(&self, email: &str) {
        self.enter(email, PASSWORD);
        self.settle();
    }

    /// Waits until every part has its answer.
    fn settle(&self) {
        self.browser.wait("the chart is drawn", "document.querySelector('#chart')");
        self.browser.wait(
            "the lists are there",
            "[...document.querySelectorAll('.list tbody')].every((list) => list.rows.length)",
        );
    }

    /// The figures by their titles.
    fn figures(&self) -> BTreeMap<String, String> {
        let read = "Object.fromEntries([...document.querySelectorAll('.figures > div')].map((figure) => \
                    [figure.querySelector('dt').innerText, figure.querySelector('.value').innerText]))";
        serde_json::from_value(self.browser.run(read)).unwrap()
    }

    /// The calls of each row of a list, by its name.
    fn rows(&self, list: &str) -> BTreeMap<String, u64> {
        let read = format!(
            "Object.fromEntries([...document.querySelectorAll('[aria-labelledby={list}-title] tbody tr')].map((row) => \
             [row.cells[0].innerText, Number(row.cells[1].innerText.replaceAll(',', ''))]))"
        );
        serde_json::from_value(self.browser.run(&read)).unwrap()
    }

    /// Presses the row of a list that has a name.
    fn choose(&self, list: &str, name: &str) {
        let row = format!(
            "[...document.querySelectorAll('[aria-labelledby={list}-title] tbody button')]\
             .find((button) => button.innerText === {})",
            json!(name)
        );
        self.browser.wait(name, &row);
        self.browser.run(&format!("{row}.click()"));
    }

    /// Loads it again, and is not taken in by what was there before.
    fn reload(&self) {
        self.browser.run("window.isOld = true; location.reload()");
        self.browser.wait("it is loaded again", "!window.isOld && document.readyState === 'complete'");
    }

    fn sign_out(&self) {
        self.browser.run("[...document.querySelectorAll('.actions button')].at(-1).click()");
    }

    /// The paths and queries of what was asked of the API.
    fn asked(&self) -> Vec<String> {
        let sent = self.browser.events("Network.requestWillBeSent");
        let urls = sent.iter().filter_map(|event| event["request"]["url"].as_str());
        urls.filter_map(|url| url.split_once("/v1/analytics/")).map(|(_, rest)| rest.to_owned()).collect()
    }

    fn shows(&self, what: &str) {
        self.browser.wait(what, &format!("document.body?.innerText.includes({})", json!(what)));
    }
}

#[test]
fn people_sign_in_look_around_and_see_calls_as_they_happen() {
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    let ana = local.customer("ana@example.com");
    local.customer("bo@example.com");
    a_wrong_password_is_refused_and_said(&page);
    who_has_never_called_is_told_how(&page);
    a_call_is_on_the_page_within_two_seconds(&page, &ana);
    figures_are_those_of_the_api(&page, &ana);
    places_have_addresses_and_back_leads_back(&page);
    keys_and_tables_do_what_is_promised(&page);
    life::a_lost_connection_is_said_and_comes_back(&page);
    ranges::days_are_chosen_up_to_today(&page, 3);
    ranges::all_parts_of_a_month_begin_together(&page);
    ranges::days_may_begin_at_half_past(&page, 3);
    life::calls_are_taken_out_as_a_table(&page, 3);
    life::it_looks_less_when_nobody_moves_and_not_at_all_when_nobody_sees_it(&page);
    life::a_token_is_renewed_before_it_ends(&page);
    nobody_elses_figures_were_asked_for(&page);
    a_session_that_ends_asks_for_the_password_again(&page);
    an_administrator_looks_at_everybody_and_at_one(&page);
    second_factor::an_authenticator_is_asked_for_where_one_is_enrolled(&page);
    a_first_password_is_changed_at_the_door(&page);
    let complaints = page.browser.events("Runtime.exceptionThrown");
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn a_wrong_password_is_refused_and_said(page: &Page<'_>) {
    page.enter("ana@example.com", "not-the-password");
    page.shows("Incorrect username or password.");
    assert_eq!(page.browser.run("document.activeElement.id"), json!("password"));
}

fn who_has_never_called_is_told_how(page: &Page<'_>) {
    page.sign_in("ana@example.com");
    page.browser.wait("the keyboard goes on from the figures", "document.activeElement.id === 'main'");
    page.shows("No calls yet.");
    page.shows("/v1/deadlines?country=AU");
    let stored = page.browser.run("[localStorage.length, document.cookie, Object.keys(sessionStorage).join()]");
    assert_eq!(stored, json!([0, "", "session"]));
}

/// The quickest of some tells how soon one is: others share the machine.
fn a_call_is_on_the_page_within_two_seconds(page: &Page<'_>, ana: &Customer) {
    let mut quickest = Duration::MAX;
    for n in 1..=3 {
        assert_eq!(page.local.call(&ana.key), 200);
        let shown = format!("document.querySelectorAll('.recent tbody tr').length === {n}");
        quickest = quickest.min(page.browser.wait("the call is on the page", &shown));
    }
    assert!(quickest < SEEN_WITHIN, "{quickest:?}");
}

fn figures_are_those_of_the_api(page: &Page<'_>, ana: &Customer) {
    page.local.expect(ana, 3);
    page.shows("3 calls, most of them at");
    let today = page.local.analytics("/v1/analytics/summary?email=ana@example.com");
    for (place, figure) in [(0, "apiCalls"), (4, "keys")] {
        let shown = format!("document.querySelectorAll('.value')[{place}].innerText === '{}'", today[figure]["value"]);
        page.browser.wait(figure, &shown.replace(".0'", "'"));
    }
    let stats = page.local.analytics("/v1/analytics/user-stats?email=ana@example.com");
    let left = stats["period"]["remaining"].as_u64().unwrap();
    let figures = page.figures();
    assert_eq!(figures["Quota left"].replace(',', ""), left.to_string(), "{figures:?}");
    page.browser.wait("paths", "document.querySelector('[aria-labelledby=path-title] tbody')");
    let row = page.browser.text("[aria-labelledby=path-title] tbody tr");
    assert!(row.starts_with("GET /v1/deadlines\t3"), "{row}");
    let since = "'Paths since ' + new Date((Math.floor(Date.now() / 3_600_000) - 1) * 3_600_000)\
                 .toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })";
    page.browser
        .wait("it says of which hours", &format!("document.querySelector('#path-title').innerText === {since}"));
    let busiest = page.browser.text(".heat figcaption");
    assert!(busiest.ends_with("3 calls."), "{busiest}");
}

fn places_have_addresses_and_back_leads_back(page: &Page<'_>) {
    page.browser.press("w");
    page.browser.wait("the week", "location.search === '?view=week' && document.title.startsWith('Week')");
    page.shows("last 7 days");
    page.browser.press("ArrowLeft");
    page.browser.wait("the week before", "location.search.includes('from=')");
    page.settle();
    page.shows("No calls in this range.");
    page.browser.run("history.back()");
    page.browser.wait("back at the week", "location.search === '?view=week'");
    page.reload();
    page.browser
        .wait("the same after a reload", "document.title.startsWith('Week') && document.querySelector('#chart')");
    page.browser.press("r");
    page.settle();
}

fn keys_and_tables_do_what_is_promised(page: &Page<'_>) {
    page.browser.press("t");
    page.browser.wait(
        "a table in the chart's place",
        "document.querySelector('.plot table') && !document.querySelector('#chart')",
    );
    page.browser.press("t");
    page.browser.wait("the chart", "document.querySelector('#chart')");
    page.browser.run("document.querySelector('#chart').focus()");
    page.browser.press("ArrowLeft");
    page.browser.wait("a point is said", "document.querySelector('#status').textContent.includes(': ')");
    let before = page.browser.run("location.href");
    page.browser.run("document.querySelector('.scroll').focus()");
    page.browser.press("ArrowLeft");
    assert_eq!(page.browser.run("location.href"), before, "arrows scroll what can be scrolled");
    page.browser.run("document.activeElement.blur()");
    page.browser.press("p");
    page.browser.wait("paused", "document.querySelector('#stamp').className === 'paused'");
    life::who_has_paused_sees_where_they_go(page, 3);
    page.browser.press("?");
    page.browser.wait("the keys", "document.querySelector('dialog[open]')");
    page.browser.click("dialog input");
    page.browser.press("Escape");
    page.browser.press("d");
    assert_eq!(page.browser.run("location.search"), json!(""), "keys that are off do nothing");
    page.browser.run("sessionStorage.removeItem('keys')");
}

fn nobody_elses_figures_were_asked_for(page: &Page<'_>) {
    let asked = page.asked();
    assert!(asked.len() > 10, "{asked:?}");
    assert!(!asked.iter().any(|query| query.contains("email=") || query.contains("by=user")), "{asked:?}");
}

fn a_session_that_ends_asks_for_the_password_again(page: &Page<'_>) {
    page.browser.run(
        "(() => { const session = JSON.parse(sessionStorage.session); \
          sessionStorage.session = JSON.stringify({ ...session, ends: 0, refresh: 'nothing' }); location.reload(); })()",
    );
    page.shows("The session has ended. Sign in again.");
    assert_eq!(page.browser.run("sessionStorage.getItem('session')"), json!(null));
    page.sign_in("ana@example.com");
    life::a_renewal_that_comes_after_the_end_is_not_kept(page);
    page.browser.wait("signed out", "document.querySelector('#password') && !sessionStorage.getItem('session')");
}

fn an_administrator_looks_at_everybody_and_at_one(page: &Page<'_>) {
    let create = ["users", "create", "--local", "--json", "--admin", "--email", "root@example.com", "--company", "Us"];
    page.local.json(&create);
    page.sign_in("root@example.com");
    page.browser.press("?");
    page.browser.wait("no key of customers", "document.querySelector('dialog[open] #export-key').hidden");
    page.browser.press("Escape");
    page.choose("user", "ana@example.com");
    page.browser.wait("her latest calls", "document.querySelectorAll('.recent tbody tr').length === 3");
    assert_eq!(page.browser.run("location.search"), json!("?user=ana%40example.com"));
    page.browser.press("Escape");
    page.browser.wait("everybody again", "document.querySelector('[aria-labelledby=user-title]')");
    page.browser.wait("who was refused", "document.querySelectorAll('.security tbody tr').length === 2");
    page.sign_out();
}

fn a_first_password_is_changed_at_the_door(page: &Page<'_>) {
    let pools: Value = serde_json::from_str(&page.cognito("ListUserPools", &json!({ "MaxResults": 10 }))).unwrap();
    let invited = json!({
        "UserPoolId": pools["UserPools"][0]["Id"], "Username": "new@example.com", "TemporaryPassword": FIRST,
        "MessageAction": "SUPPRESS",
        "UserAttributes": [
            { "Name": "email", "Value": "new@example.com" }, { "Name": "email_verified", "Value": "true" },
        ],
    });
    page.cognito("AdminCreateUser", &invited);
    page.enter("new@example.com", FIRST);
    page.browser.wait("another password is asked for", "document.querySelector('#answer')");
    page.browser.write("#answer", PASSWORD);
    page.browser.press("Enter");
    page.shows("No calls yet.");
}

impl Page<'_> {
    fn cognito(&self, action: &str, body: &Value) -> String {
        let target = format!("AWSCognitoIdentityProviderService.{action}");
        self.local.aws("POST", "cognito-idp", "/", &target, &body.to_string())
    }
}
