//! Whether everybody can use the page: axe-core finds nothing on it, and Lighthouse gives it all it has.
//!
//! Invariant: what is looked at is the page with real figures, in each of its states.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// Set by `cargo xtask test`: where axe-core and Lighthouse are installed; nothing where there is no Node.
const NODE_MODULES: &str = "NODE_MODULES";
const VIOLATIONS: &str = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => \
                          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`))";

#[test]
fn everybody_can_use_the_page() {
    let Some(modules) = std::env::var_os(NODE_MODULES).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return;
    };
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    let ana = local.customer("ana@example.com");
    let axe = fs::read_to_string(modules.join("axe-core/axe.min.js")).unwrap();
    let looks_at = |state: &str| {
        for (scheme, forced) in [("light", "none"), ("dark", "none"), ("light", "active"), ("dark", "active")] {
            let features = json!([
                { "name": "prefers-color-scheme", "value": scheme }, { "name": "forced-colors", "value": forced },
            ]);
            page.browser.tell("Emulation.setEmulatedMedia", &json!({ "features": features }));
            page.browser.run(&format!("{axe}; 0"));
            assert_eq!(page.browser.run(VIOLATIONS), json!([]), "{state}, {scheme}, forced colours {forced}");
        }
        page.browser.tell("Emulation.setEmulatedMedia", &json!({ "features": [] }));
    };
    looks_at("signing in");
    page.enter("ana@example.com", "not-the-password");
    page.shows("Incorrect username or password.");
    looks_at("a refused password");
    page.sign_in("ana@example.com");
    page.shows("No calls yet.");
    looks_at("empty");
    (0..5).for_each(|_| assert_eq!(local.call(&ana.key), 200));
    page.browser.wait("calls", "document.querySelectorAll('.recent tbody tr').length === 5");
    looks_at("a customer");
    page.browser.press("t");
    looks_at("tables");
    page.browser.press("?");
    looks_at("keys");
    page.browser.press("Escape");
    page.browser.tell(
        "Network.emulateNetworkConditions",
        &json!({
            "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        }),
    );
    page.shows("Connection lost");
    looks_at("an error");
    page.browser.tell(
        "Network.emulateNetworkConditions",
        &json!({
            "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        }),
    );
    page.browser.press("t");
    page.browser.wait("the chart again", "document.querySelector('#chart')");
    a_quiet_second_costs_no_body(&page);
    nothing_is_wider_than_the_screen(&page);
    colours_of_the_system_are_used_where_they_are_forced(&page);
    paper_has_the_figures_and_nothing_to_press(&page);
    page.sign_out();
    local.get("/v1/deadlines?country=AU", ("x-api-key", "ck_nobody"));
    local.json(&["users", "create", "--local", "--json", "--admin", "--email", "root@example.com"]);
    page.sign_in("root@example.com");
    // What the live view lists is of the hour under way, which may have just begun.
    page.browser.press("d");
    page.browser.wait("who was refused", "document.querySelector('.security tbody tr')");
    looks_at("an administrator");
    page.choose("path", "GET /v1/deadlines");
    page.shows("Not told apart by path");
    looks_at("a filter");
    lighthouse_gives_all_it_has(&page, &modules);
}

/// Nobody calls: the answers of a second are those of the one before.
fn a_quiet_second_costs_no_body(page: &Page<'_>) {
    let quiet = || {
        let answers = page.browser.events("Network.responseReceived");
        let statuses = answers.iter().map(|answer| &answer["response"]);
        statuses
            .filter(|answer| answer["status"] == 304 && answer["url"].as_str().unwrap().contains("realtime"))
            .count()
    };
    let (before, began) = (quiet(), Instant::now());
    while quiet() < before + 3 {
        assert!(began.elapsed() < Duration::from_secs(60), "{} of {before}", quiet());
        std::thread::sleep(Duration::from_millis(500));
    }
    page.browser.wait("it is live all the same", "document.querySelector('#stamp').className === 'live'");
}

/// Neither on the narrowest, which is also one of 640 at 200 %, nor with letters of twice the size; nor by a filter's name.
fn nothing_is_wider_than_the_screen(page: &Page<'_>) {
    for url in [format!("{}?path={}", page.url, "x".repeat(250)), page.url.clone()] {
        page.browser.open(&url);
        page.settle();
        for (width, zoom, letters) in [(320, 1, 100), (320, 2, 100), (640, 1, 200)] {
            let screen = json!({ "width": width, "height": 900, "deviceScaleFactor": zoom, "mobile": zoom == 1 });
            page.browser.tell("Emulation.setDeviceMetricsOverride", &screen);
            page.browser.run(&format!("document.documentElement.style.fontSize = '{letters}%'"));
            page.browser.wait("it fits", &format!("document.documentElement.scrollWidth <= {width}"));
        }
        page.browser.run("document.documentElement.style.fontSize = ''");
        page.browser.tell("Emulation.clearDeviceMetricsOverride", &json!({}));
    }
}

fn colours_of_the_system_are_used_where_they_are_forced(page: &Page<'_>) {
    let media = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    page.browser.tell("Emulation.setEmulatedMedia", &media);
    let colours = "[...document.querySelectorAll('nav button[aria-pressed]')].map((button) => \
                   [button.ariaPressed, getComputedStyle(button).backgroundColor])";
    let colours: Vec<(String, String)> = serde_json::from_value(page.browser.run(colours)).unwrap();
    let of = |pressed: &str| {
        colours.iter().filter(|(is, _)| is == pressed).map(|(_, colour)| colour).collect::<BTreeSet<_>>()
    };
    assert!(of("true").is_disjoint(&of("false")), "what is chosen stands out: {colours:?}");
    let bar = page.browser.run("getComputedStyle(document.querySelector('.plot path.ok')).fill");
    assert_ne!(bar, page.browser.run("getComputedStyle(document.querySelector('.card')).backgroundColor"));
}

fn paper_has_the_figures_and_nothing_to_press(page: &Page<'_>) {
    page.browser.tell("Emulation.setEmulatedMedia", &json!({ "media": "print", "features": [] }));
    let is_shown =
        |what: &str| page.browser.run(&format!("document.querySelector('{what}').getClientRects().length > 0"));
    for (what, expected) in [
        (".figures", true),
        ("#chart", true),
        (".list table", true),
        (".who", true),
        ("nav .group", false),
        ("nav input", false),
        (".actions button", false),
    ] {
        assert_eq!(is_shown(what), json!(expected), "{what}");
    }
    let cut = "[...document.querySelectorAll('.list .scroll')].filter((box) => box.scrollHeight > box.clientHeight + 1).length";
    assert_eq!(page.browser.run(cut), json!(0), "no list is cut");
    page.browser.tell("Emulation.setEmulatedMedia", &json!({ "media": "", "features": [] }));
}

fn lighthouse_gives_all_it_has(page: &Page<'_>, modules: &Path) {
    let report = page.local.folder.join("lighthouse.json");
    let program = installed().unwrap();
    let mut lighthouse = Command::new(modules.join(".bin/lighthouse"));
    lighthouse
        .args([&page.url, "--quiet", "--preset=desktop", "--output=json"])
        .arg("--only-categories=performance,accessibility,best-practices")
        .arg("--chrome-flags=--headless --no-sandbox --disable-gpu")
        .arg(format!("--output-path={}", report.display()))
        .env("CHROME_PATH", which(&program));
    let output = lighthouse.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    for category in ["performance", "accessibility", "best-practices"] {
        let score = report["categories"][category]["score"].as_f64();
        let lacks: Vec<&Value> =
            report["audits"].as_object().unwrap().values().filter(|audit| audit["score"] == 0).collect();
        assert_eq!(score, Some(1.0), "{category}: {lacks:#?}");
    }
}

/// The path of a program, which Lighthouse does not look for.
fn which(program: &Path) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| program.to_owned())
}
