//! How often the page looks, how long a session lasts, and what it takes out of the tab.
//!
//! Invariant: what is asked is seen on its way to the API.

use super::*;

/// How long looks are counted.
const LOOKING: Duration = Duration::from_secs(8);

/// How often the API was asked for this second's figures while looks were counted.
fn looks(page: &Page<'_>) -> usize {
    let count = || page.asked().iter().filter(|asked| asked.starts_with("realtime")).count();
    let before = count();
    std::thread::sleep(LOOKING);
    count() - before
}

/// Two minutes without a movement are made by the clock of the page alone.
pub(super) fn it_looks_less_when_nobody_moves_and_not_at_all_when_nobody_sees_it(page: &Page<'_>) {
    let often = looks(page);
    page.browser.run("window.now = Date.now; Date.now = () => now() + 130_000; 0");
    std::thread::sleep(Duration::from_secs(2));
    let seldom = looks(page);
    assert!((4..=9).contains(&often) && (1..=2).contains(&seldom), "{often} looks, and {seldom}");
    page.shows("Live");
    let hide = |is: bool| {
        page.browser.run(&format!(
            "Object.defineProperty(document, 'hidden', {{ value: {is}, configurable: true }}); \
             document.dispatchEvent(new Event('visibilitychange')); 0"
        ))
    };
    hide(true);
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(looks(page), 0, "nobody sees it");
    page.browser.wait("it says how old it is", "document.querySelector('#stamp').innerText.includes(' s ago')");
    page.browser.run("Date.now = now; 0");
    hide(false);
    page.browser.wait("it goes on", "document.querySelector('#stamp').className === 'live'");
}

pub(super) fn a_token_is_renewed_before_it_ends(page: &Page<'_>) {
    page.browser.run(
        "sessionStorage.session = JSON.stringify({ ...JSON.parse(sessionStorage.session), ends: Date.now() + 50_000 }); 0",
    );
    page.reload();
    page.browser.wait(
        "another token",
        "JSON.parse(sessionStorage.session).ends > Date.now() + 60_000 && document.querySelector('#chart')",
    );
}

/// Goes on at the end.
pub(super) fn who_has_paused_sees_where_they_go(page: &Page<'_>, calls: usize) {
    page.browser.press("d");
    let latest = format!("document.querySelectorAll('.recent tbody tr').length === {calls}");
    page.browser.wait("the latest calls", &format!("location.search === '?view=day' && {latest}"));
    page.browser.wait("still paused", "document.querySelector('#stamp').className === 'paused'");
    page.browser.press("p");
    page.browser.press("r");
    page.settle();
}

pub(super) fn a_lost_connection_is_said_and_comes_back(page: &Page<'_>) {
    let connected = |is: bool| {
        let rates = json!({ "offline": !is, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        page.browser.tell("Network.emulateNetworkConditions", &rates);
    };
    connected(false);
    page.shows("Connection lost");
    page.shows("3 calls, most of them at");
    connected(true);
    page.browser.wait("it comes back", "document.querySelector('#stamp').className === 'live'");
    page.browser.wait("nothing is wrong", "!document.querySelector('.notice:not([hidden])')");
}

/// The sign-in's answer is held back until somebody has signed out.
pub(super) fn a_renewal_that_comes_after_the_end_is_not_kept(page: &Page<'_>) {
    page.browser.run(
        "window.now = Date.now; window.ask = window.fetch; \
         window.fetch = async (address, options) => { \
           const answer = await ask(address, options); \
           if (options.headers['X-Amz-Target']?.endsWith('.InitiateAuth')) await new Promise((done) => (window.letGo = done)); \
           return answer; \
         }; \
         Date.now = () => now() + 86_400_000; 0",
    );
    page.browser.wait("a renewal is under way", "window.letGo");
    page.sign_out();
    page.browser.wait("signed out", "document.querySelector('#password')");
    page.browser.run("letGo(); new Promise((done) => setTimeout(done, 500))");
    assert_eq!(page.browser.run("sessionStorage.getItem('session')"), json!(null));
    page.reload();
}

pub(super) fn calls_are_taken_out_as_a_table(page: &Page<'_>, calls: usize) {
    page.browser.wait("the exports", "document.querySelector('.recent button')");
    page.browser.run(
        "URL.createObjectURL = (file) => (file.text().then((text) => (window.taken = text)), 'blob:none'); \
         HTMLAnchorElement.prototype.click = function () { window.file = this.download; }; 0",
    );
    for (format, head) in [("csv", 1), ("jsonl", 0)] {
        let press = format!(
            "[...document.querySelectorAll('.recent button')].find((button) => button.innerText === '{}').click()",
            format.to_uppercase()
        );
        page.browser.run(&press);
        page.browser.wait("the file", &format!("window.file === 'calls.{format}' && window.taken"));
        let lines = page.browser.run("window.taken.trim().split('\\n').length");
        assert_eq!(lines, json!(calls + head), "{format}");
        page.browser.run("window.taken = ''");
    }
    page.reload();
    page.settle();
}

/// What the gateway's log knows of the minutes that are settled, in the words of the page.
pub(super) fn the_gateways_log_is_compared(page: &Page<'_>) {
    page.browser.press("r");
    page.browser.wait("the comparison", "document.querySelector('footer').innerText.includes('log agrees in')");
    let said = || {
        let said = page
            .browser
            .run("document.querySelector('footer').innerText.match(/agrees in (\\d+) of (\\d+)/).slice(1).map(Number)");
        serde_json::from_value::<[usize; 2]>(said).unwrap()
    };
    let counted = || {
        let series = page.local.analytics("/v1/analytics/timeseries?granularity=minute&duration=1h");
        let minutes = series["timeSeries"].as_array().unwrap();
        let settled = &minutes[..minutes.len() - 4];
        let number = |minute: &Value, name: &str| minute[name].as_u64().unwrap();
        let agrees = |minute: &&Value| {
            number(minute, "apiCalls") + number(minute, "rateLimited") == number(minute, "statusKnown")
        };
        [settled.iter().filter(agrees).count(), settled.len()]
    };
    let began = Instant::now();
    while said()[0] != counted()[0] || said()[1].abs_diff(counted()[1]) > 1 {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?} are said, {:?} counted", said(), counted());
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(said()[0] >= 50, "{:?}", said());
}
