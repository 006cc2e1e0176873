//! What `--demo` plays: figures on every part of the page, from the first look on.
//!
//! Invariant: it is played once, whatever is started how often.

use jiff::{SignedDuration, Timestamp};

use super::*;

/// How long the first look may have to be waited for where the machine is busy with others, and builds are done.
const READY: Duration = Duration::from_secs(240);

/// A local system on which it was played.
pub(super) fn up() -> Local {
    let began = Instant::now();
    let local = Local::up_with(&["--demo"], || (0, Vec::new()));
    assert!(began.elapsed() < READY, "it was ready after {:?}", began.elapsed());
    there_is_something_to_see(&local);
    local
}

/// The same system, started another time.
pub(super) fn up_again(local: &mut Local) {
    let calls = calls_by_day(local);
    local.done("on", &["local", "down"]);
    let start = ["local", "up", "--port", "0", "--detach", "--demo", "--json"];
    let (ready, story) = local.ends("on", &start, 0);
    assert!(!story.contains("playing"), "{story}");
    local.ready = local.read(&start, &ready, &story);
    assert_eq!(calls_by_day(local), calls);
}

fn there_is_something_to_see(local: &Local) {
    let calls = calls_by_day(local);
    assert!(calls.len() == 27 && calls.iter().filter(|calls| **calls > 0).count() > 20, "{calls:?}");
    let heatmap = local.analytics(&format!("/v1/analytics/heatmap?{}", whole_days()));
    assert_eq!(heatmap["apiCalls"], calls.iter().sum::<u64>(), "{heatmap:#}");
    let days = heatmap["days"].as_array().unwrap();
    let called = days.iter().flat_map(|day| day["hours"].as_array().unwrap()).filter(|calls| **calls != 0).count();
    assert!(called > 50, "calls in {called} hours of the week: {heatmap:#}");
}

/// Calls of each whole day, every one with its answer.
fn calls_by_day(local: &Local) -> Vec<u64> {
    let series = local.analytics(&format!("/v1/analytics/timeseries?granularity=day&{}", whole_days()));
    let day = |point: &Value| {
        assert_eq!(point["statusKnown"], point["apiCalls"], "{point:#}");
        point["apiCalls"].as_u64().unwrap()
    };
    series["timeSeries"].as_array().unwrap().iter().map(day).collect()
}

/// The days that are over and that were played in whole.
fn whole_days() -> String {
    let midnight = |days: i64| (Timestamp::now() - SignedDuration::from_hours(24 * days)).to_string()[..10].to_owned();
    format!("from={}T00:00:00Z&to={}T00:00:00Z", midnight(27), midnight(0))
}
