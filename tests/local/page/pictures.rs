//! Pictures of the page for the README, from a system that people have called for a while.
//!
//! Invariant: what a picture shows was called, counted and answered; nothing on it is made up.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Whose figures the local system begins with, and who calls most of what is played.
const CUSTOMER: &str = "user@example.com";
/// For how long the system is called after what is played.
const CALLED: Duration = Duration::from_secs(150);
/// The week is shown; by then every part has its answer and stands still.
const DRAWN: Duration = Duration::from_secs(6);
/// What is asked for; one of it is refused.
const QUERIES: [&str; 5] = ["country=AU", "country=NZ", "country=AU&year=2026", "month=13", "limit=5&offset=10"];

#[test]
#[ignore = "takes minutes and writes snapshots/page"]
fn pictures_of_the_page_are_taken() {
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    let empty = local.customer("empty@example.com");
    local.json(&["users", "reset-password", "--local", "--json", "--email", CUSTOMER]);
    local.json(&["play", "--local", "--json", "--calls", "20000", "--days", "28", "--seed", "1"]);
    call_for_a_while(&local);
    take(&page, empty.email, &[("empty", "light", 1280)]);
    take(&page, CUSTOMER, &[("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 320)]);
    let create = ["users", "create", "--local", "--json", "--admin", "--email", "root@example.com"];
    local.json(&create);
    take(&page, "root@example.com", &[("admin", "light", 1280)]);
}

/// Calls as they come: more at some times than at others, some without a key.
fn call_for_a_while(local: &Local) {
    let began = Instant::now();
    let mut n = 0;
    while began.elapsed() < CALLED {
        n += 1;
        let key = if n % 23 == 0 { "ck_nobody" } else { local.text("apiKey") };
        local.get(&format!("/v1/deadlines?{}", QUERIES[n * n % 5]), ("x-api-key", key));
        let half_minute = began.elapsed().as_secs() / 30;
        std::thread::sleep(Duration::from_millis([450, 250, 150, 300, 120, 200][half_minute as usize % 6]));
    }
}

fn take(page: &Page<'_>, email: &str, pictures: &[(&str, &str, u32)]) {
    page.browser.tell("Emulation.setLocaleOverride", &json!({ "locale": "en-GB" }));
    page.browser.open(&page.url);
    page.sign_in(email);
    for (name, scheme, width) in pictures {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        page.browser.tell("Emulation.setEmulatedMedia", &media);
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        page.browser.tell("Emulation.setDeviceMetricsOverride", &screen);
        page.browser.run("dispatchEvent(new KeyboardEvent('keydown', { key: 'w' }))");
        std::thread::sleep(DRAWN);
        let picture = page.browser.tell(
            "Page.captureScreenshot",
            &json!({ "format": "png", "captureBeyondViewport": true, "clip": {
                "x": 0, "y": 0, "width": width, "scale": 1,
                "height": page.browser.run("document.documentElement.scrollHeight"),
            }}),
        );
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/page");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }
    page.browser.run("[...document.querySelectorAll('.actions button')].at(-1).click()");
}
