//! Whether everybody can use the page: axe-core finds nothing on it, and Lighthouse gives it all it has.
//!
//! Invariant: what is looked at is the page with real figures, in each of its states.

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
        for scheme in ["light", "dark"] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            page.browser.tell("Emulation.setEmulatedMedia", &media);
            page.browser.run(&format!("{axe}; 0"));
            assert_eq!(page.browser.run(VIOLATIONS), json!([]), "{state}, {scheme}");
        }
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
    nothing_is_wider_than_the_narrowest_screen(&page);
    lighthouse_gives_all_it_has(&page, &modules);
}

fn nothing_is_wider_than_the_narrowest_screen(page: &Page<'_>) {
    let screen = json!({ "width": 320, "height": 900, "deviceScaleFactor": 1, "mobile": true });
    page.browser.tell("Emulation.setDeviceMetricsOverride", &screen);
    page.browser.wait("it fits", "document.documentElement.scrollWidth <= 320");
    page.browser.tell("Emulation.clearDeviceMetricsOverride", &json!({}));
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
