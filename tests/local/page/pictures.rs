//! Pictures of the page for the README, from a system that people have called for a while.
//!
//! Invariant: what a picture shows was called, counted and answered; nothing on it is made up.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// For how long the system is called before.
const BEFORE: Duration = Duration::from_secs(12 * 60);
const CUSTOMERS: [&str; 4] = ["ana@example.com", "bo@example.com", "carla@example.com", "dee@example.com"];
/// What the customers ask for; one of it is refused.
const QUERIES: [&str; 5] = ["country=AU", "country=NZ", "country=AU&year=2026", "month=13", "limit=5&offset=10"];

#[test]
#[ignore = "takes a quarter of an hour and writes snapshots/page"]
fn pictures_of_the_page_are_taken() {
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    let customers: Vec<Customer> = CUSTOMERS.map(|email| local.customer(email)).into();
    let more = ["staging", "batch import"].map(|name| {
        let create = ["keys", "create", "--local", "--json", "--email", CUSTOMERS[0], "--name", name];
        local.json(&create)["apiKey"].as_str().unwrap().to_owned()
    });
    let empty = local.customer("empty@example.com");
    call_for_a_while(&local, &customers, &more);
    take(&page, empty.email, &[("empty", "light", 1280)]);
    take(&page, CUSTOMERS[0], &[("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 320)]);
    let create = ["users", "create", "--local", "--json", "--admin", "--email", "root@example.com"];
    local.json(&create);
    take(&page, "root@example.com", &[("admin", "light", 1280)]);
}

/// Calls as they come: more in some minutes than in others, more of some customers than of others, some without a key.
fn call_for_a_while(local: &Local, customers: &[Customer], more: &[String]) {
    let began = Instant::now();
    let mut n = 0;
    while began.elapsed() < BEFORE {
        n += 1;
        let customer = &customers[[0, 0, 1, 0, 2, 0, 1, 3, 0, 0, 1, 2][n % 12]];
        let key = if customer.email == CUSTOMERS[0] && n % 3 == 0 { &more[n % 2] } else { &customer.key };
        let key = if n % 23 == 0 { "ck_nobody" } else { key };
        local.get(&format!("/v1/deadlines?{}", QUERIES[n * n % 5]), ("x-api-key", key));
        let minute = began.elapsed().as_secs() / 60;
        std::thread::sleep(Duration::from_millis([450, 250, 150, 300, 120, 200][minute as usize % 6]));
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
        std::thread::sleep(SLACK);
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
