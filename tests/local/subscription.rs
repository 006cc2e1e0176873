//! `status = "subscription"`: the gateway's lines are sent to the aggregator, as the template has it, and read by no one.
//!
//! Invariant: the environment is the one of the repository in all but this setting.

use super::*;

/// Calls that are answered, of which every fifth asks for something that does not exist.
const CALLS: usize = 20;

#[test]
fn answers_are_known_of_every_call_where_the_log_is_sent() {
    let settings = binaries().join(format!("../tmp/settings-{}", std::process::id()));
    std::fs::create_dir_all(&settings).unwrap();
    let test = std::fs::read_to_string("stacks/environments/test.toml").unwrap();
    let subscribed = test.replace("status = \"poll\"", "status = \"subscription\"");
    assert_ne!(subscribed, test);
    std::fs::write(settings.join("test.toml"), subscribed).unwrap();
    let local = Local::up_with(&[], || (0, vec![("COMPLICAL_SETTINGS_DIR", settings.display().to_string())]));
    let customer = local.customer("one@example.com");
    let mut answered = std::collections::BTreeMap::<String, u64>::new();
    for call in 0..CALLS {
        let country = if call % 5 == 4 { "XX" } else { "AU" };
        let answer = local.send(&format!("/v1/deadlines?country={country}"), &[("x-api-key", &customer.key)]);
        *answered.entry(answer.status.to_string()).or_default() += 1;
    }
    assert!(answered.len() > 1 && !answered.contains_key("500"), "{answered:?}");
    let began = Instant::now();
    loop {
        let series = local.analytics("/v1/analytics/timeseries?granularity=day&duration=2d");
        let points = series["timeSeries"].as_array().unwrap();
        let known: u64 = points.iter().map(|point| point["statusKnown"].as_u64().unwrap()).sum();
        if known == CALLS as u64 {
            let mut statuses = std::collections::BTreeMap::<String, u64>::new();
            for (status, calls) in points.iter().flat_map(|point| point["statuses"].as_object().unwrap()) {
                *statuses.entry(status.clone()).or_default() += calls.as_u64().unwrap();
            }
            assert_eq!(statuses, answered);
            break;
        }
        assert!(known < CALLS as u64 && began.elapsed() < COUNTED, "{series:#}");
        std::thread::sleep(Duration::from_millis(500));
    }
    std::fs::remove_dir_all(&settings).unwrap();
}
