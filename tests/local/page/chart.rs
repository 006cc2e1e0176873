//! What the chart says of what was expected: the band ahead, and marks where calls were otherwise; and that whatever it
//! shows keeps to its card.
//!
//! Invariant: whoever does not see the picture is told the same by its sentence and its table.

use contract::{Environment, Function, name};
use jiff::{SignedDuration, Timestamp};

use super::super::reconciliation::dynamodb;
use super::*;

const CUSTOMER: &str = "user@example.com";
const VIEWS: [&str; 4] = ["live", "day", "week", "month"];
/// Texts of the chart that are not wholly within its card, or lie on each other below it.
const ASTRAY: &str = "(() => { \
    const card = document.querySelector('#chart').closest('.card').getBoundingClientRect(); \
    const boxes = [...document.querySelectorAll('#chart text')].map((text) => \
      ({ is: text.textContent, below: text.getAttribute('text-anchor') === 'middle', box: text.getBoundingClientRect() })); \
    const outside = ({ box }) => box.left < card.left || box.right > card.right || box.bottom > card.bottom; \
    const below = boxes.filter(({ below }) => below); \
    const crowded = below.filter(({ box }, at) => at && box.left < below[at - 1].box.right); \
    return [below.length > 0, [...boxes.filter(outside), ...crowded].map(({ is }) => is)]; \
  })()";

#[test]
fn what_was_expected_is_on_the_chart_and_whatever_it_shows_keeps_to_its_card() {
    let local = Local::up();
    let Some(page) = Page::open(&local) else { return };
    local.json(&["users", "reset-password", "--local", "--json", "--email", CUSTOMER]);
    local.json(&["play", "--local", "--json", "--calls", "400", "--days", "16", "--seed", "3"]);
    anomaly(&local, "", 50, None);
    anomaly(&local, CUSTOMER, 30 * 60, Some(28 * 60));
    page.sign_in(CUSTOMER);
    what_is_expected_of_a_day_is_a_band(&page);
    what_was_not_expected_is_marked_and_told(&page);
    nothing_leaves_the_card(&page);
    page.sign_out();
    local.json(&["users", "create", "--local", "--json", "--admin", "--email", "root@example.com"]);
    page.sign_in("root@example.com");
    everybodys_are_an_administrators(&page);
    the_stream_is_as_the_api_says(&page);
    life::the_gateways_log_is_compared(&page);
}

/// Puts an anomaly on record, as the aggregator has it, that began and ended so many minutes ago.
fn anomaly(local: &Local, user: &str, began: i64, ended: Option<i64>) {
    let minute = |ago: i64| (Timestamp::now() - SignedDuration::from_mins(ago)).to_string()[..16].to_owned();
    let begin = minute(began);
    let begin = if user.is_empty() { &begin } else { &begin[..13] };
    let mut item = json!({
        "expected": { "N": "7.333" }, "observed": { "N": "1" }, "score": { "N": "0.75" },
    });
    if let Some(ended) = ended {
        item["end"] = json!({ "S": minute(ended) });
    }
    let month = format!("ANOMALIES#{}", &begin[..7]);
    for (pk, sk) in [(format!("{month}#{user}"), begin.to_owned()), (month, format!("{begin}#{user}"))] {
        (item["PK"], item["SK"]) = (json!({ "S": pk }), json!({ "S": sk }));
        let put = json!({ "TableName": name::analytics_table(&Environment::default()), "Item": item });
        dynamodb(local, "PutItem", &put);
    }
}

fn what_is_expected_of_a_day_is_a_band(page: &Page<'_>) {
    page.browser.press("w");
    page.browser.wait("the band", "document.querySelector('.plot path.band')?.getBBox().height > 1");
    page.browser.wait("its name", "document.querySelector('.legend').innerText.includes('Expected')");
    let forecast = page.local.analytics(&format!("/v1/analytics/forecast?horizon=24h&email={CUSTOMER}"));
    let [low, high] = ["low80", "high80"].map(|end| forecast["total"][end].as_f64().unwrap().round());
    page.shows(&format!("Expected in 24 hours: {low} to {high}, 8 times out of 10."));
    page.browser.press("t");
    let rows =
        "[...document.querySelectorAll('.plot tbody th')].filter((row) => row.innerText.endsWith(' expected')).length";
    page.browser.wait("its hours in the table", &format!("{rows} >= 23"));
    page.browser.press("t");
}

fn what_was_not_expected_is_marked_and_told(page: &Page<'_>) {
    let told = marked(page);
    assert!(!told.iter().any(|told| told.contains(CUSTOMER)), "{told:?}");
    let told = told.iter().find(|told| told.contains(": 1 call in the hour, 7.3 expected, over at ")).unwrap();
    let is_in_the_picture = "(() => { const [mark, chart] = ['.oddity', '#chart'].map((part) => document.querySelector(part).getBoundingClientRect()); \
        return mark.left >= chart.left && mark.right <= chart.right && mark.top >= chart.top && mark.bottom <= chart.bottom; })()";
    for media in [
        json!({ "media": "print" }),
        json!({ "media": "", "features": [{ "name": "forced-colors", "value": "active" }] }),
        json!({ "media": "", "features": [] }),
    ] {
        page.browser.tell("Emulation.setEmulatedMedia", &media);
        assert_eq!(page.browser.run(is_in_the_picture), json!(true), "{media}");
        let colours = page.browser.run("['.oddity', '.plot'].map((part) => getComputedStyle(document.querySelector(part).closest('.card, .oddity'))).map(({ color, backgroundColor }, at) => at ? backgroundColor : color)");
        assert_ne!(colours[0], colours[1], "{media}");
    }
    page.browser.press("t");
    page.browser.wait(
        "it is in the table",
        &format!(
            "[...document.querySelectorAll('.plot tbody small')].some((said) => said.innerText.includes({}))",
            json!(told)
        ),
    );
    page.browser.press("t");
    page.browser.wait("the chart", "document.querySelector('#chart')");
    page.browser.run("document.querySelector('#chart').focus()");
    let read = "document.querySelector('#status').textContent";
    for _ in 0..60 {
        page.browser.press("ArrowLeft");
        if page.browser.run(read).as_str().unwrap().contains(told) {
            page.browser.run("document.activeElement.blur()");
            return;
        }
    }
    panic!("no point says {told}");
}

/// On the narrowest screen and on a wide one.
fn nothing_leaves_the_card(page: &Page<'_>) {
    for width in [320, 1280] {
        let screen = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == 320 });
        page.browser.tell("Emulation.setDeviceMetricsOverride", &screen);
        let of_everything =
            VIEWS.iter().flat_map(|view| ["calls", "failures", "latency"].map(|show| format!("{view}&show={show}")));
        let midnight =
            |days: i64| (Timestamp::now() - SignedDuration::from_hours(24 * days)).to_string()[..10].to_owned();
        let own_range = format!("month&from={}T00:00:00Z&to={}T00:00:00Z", midnight(50), midnight(4));
        let of_one = ["week&path=GET%20/v1/deadlines".to_owned(), own_range];
        for place in of_everything.chain(of_one) {
            page.browser.open(&format!("{}?view={place}", page.url));
            page.settle();
            page.browser.wait("it is drawn to measure", "Math.abs(document.querySelector('#chart').viewBox.baseVal.width - document.querySelector('.plot').clientWidth) < 1");
            assert_eq!(page.browser.run(ASTRAY), json!([true, []]), "{place} at {width}");
        }
    }
    page.browser.tell("Emulation.clearDeviceMetricsOverride", &json!({}));
}

/// What the marks on the chart say, once its sentence is of the same: the aggregator may find more in the calls.
fn marked(page: &Page<'_>) -> Vec<String> {
    let marked = "(() => { \
        const told = [...document.querySelectorAll('.oddity')].flatMap((mark) => mark.ariaLabel.split('; ')); \
        const times = told.length === 1 ? '1 time' : `${told.length} times`; \
        const isSaid = document.body.innerText.includes(`Not as expected ${times}, last on ${told.at(-1)}.`); \
        return isSaid && told; \
      })()";
    page.browser.wait("marks and a sentence that agree", marked);
    serde_json::from_value(page.browser.run(marked)).unwrap()
}

fn everybodys_are_an_administrators(page: &Page<'_>) {
    page.browser.press("w");
    let told = marked(page);
    assert!(told.iter().any(|told| told.contains(&format!(": 1 call of {CUSTOMER} in the hour, "))), "{told:?}");
    assert!(told.iter().any(|told| told.contains(": 1 call in the minute, 7.3 expected, not over yet")), "{told:?}");
}

fn the_stream_is_as_the_api_says(page: &Page<'_>) {
    page.browser.wait("the stream", "document.querySelectorAll('.stream .value').length === 3");
    let stream = page.local.analytics("/v1/analytics/summary")["stream"].clone();
    assert_eq!((&stream["failedRecords"], &stream["moreFailed"]), (&json!(0), &json!(false)), "{stream}");
    assert!(stream["openShards"].as_u64() >= Some(1), "{stream}");
    let shown = "[...document.querySelectorAll('.stream .value')].slice(1).map((value) => value.innerText).join()";
    page.browser.wait("its figures", &format!("{shown} === '{},0'", stream["openShards"]));
    let processor = Function::StreamProcessor.physical_name(&Environment::default());
    let age = json!({
        "Namespace": "AWS/Lambda",
        "MetricData": [{
            "MetricName": "IteratorAge", "Dimensions": [{ "Name": "FunctionName", "Value": processor }],
            "Timestamp": Timestamp::now().as_second() - 60, "Value": 250_000,
        }],
    });
    let target = "GraniteServiceVersion20100801.PutMetricData";
    page.local.aws("POST", "monitoring", "/", target, &age.to_string());
    page.shows("calls wait to be counted");
    assert_eq!(page.browser.text(".stream .value"), "4 min");
}
