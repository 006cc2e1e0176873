//! Settings that are refused, and why.

use super::*;

const TEST: &str = include_str!("../../environments/test.toml");
const PROD: &str = include_str!("../../environments/prod.toml");

fn refused(from: &str, to: &str) -> String {
    assert!(TEST.contains(from), "the settings of `test` have no `{from}`");
    Settings::parse(&TEST.replace(from, to)).expect_err(to).to_string()
}

#[test]
fn the_settings_of_every_environment_are_good() {
    for text in [TEST, PROD] {
        Settings::parse(text).unwrap();
    }
}

#[test]
fn a_key_that_is_not_known_is_refused_with_its_line() {
    let error = refused("fan-out = false", "fan-out = false\nfanout = true");
    assert!(error.contains("unknown field `fanout`") && error.contains("line"), "{error}");
}

#[test]
fn a_number_outside_its_bounds_is_refused_with_the_bounds() {
    let error = refused("shards = 2", "shards = 0");
    assert!(error.contains("0 is not a number of shards: it goes from 1 to 10000"), "{error}");
    let error = refused("function-days = 14", "function-days = 15");
    assert!(error.contains("CloudWatch does not keep logs for 15 days"), "{error}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let error = refused("mode = \"provisioned\"", "mode = \"on-demand\"");
    assert!(error.contains("stream.shards is set") && error.contains("leave it out"), "{error}");
    let error = refused("mode = \"provisioned\"\nshards = 2", "mode = \"on-demand\"");
    assert!(error.contains("stream.min-shards is set"), "{error}");
    let error = refused("max-shards = 10", "max-shards = 1");
    assert!(error.contains("between 2 and 1"), "{error}");
    let error = refused("memory = 512", "memory = 512\nreserved-concurrency = 1");
    assert!(error.contains("10 times at once"), "{error}");
    let error = refused("burst = 100", "burst = 1");
    assert!(error.contains("as many as come in half a second"), "{error}");
    let error = refused("auth-failures = 100", "auth-failures = 0");
    assert!(error.contains("never end"), "{error}");
}

#[test]
fn plans_have_names_and_thresholds_that_every_reader_can_hold_or_are_refused() {
    let plans = |text: &str| Settings::parse(&format!("{TEST}\n{text}")).map(|settings| settings.plans.to_string());
    assert_eq!(plans("").as_deref(), Ok(""));
    let both = "[plans.pro-2]\nthresholds = [80, 100]\n[plans.free]\n[plans.quiet]\nthresholds = []";
    assert_eq!(plans(both).as_deref(), Ok("free=50,80,90,95,100 pro-2=80,100 quiet="));
    let many: String = (0..11).map(|n| format!("[plans.p{n}]\n")).collect();
    for (text, expected) in [
        ("[plans.Free]", "`Free` is not a plan: 1 to 32 of a-z"),
        ("[plans.free]\nthresholds = [90, 80]", "each above the one before"),
        ("[plans.free]\nthresholds = [0]", "whole numbers from 1 to 100"),
        ("[plans.free]\nquota = 5", "unknown field `quota`"),
        (&many, "there are 11 plans, and at most 10"),
    ] {
        let error = plans(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    let error = refused("[alarms]", "[alarms]\nemail = \"nobody\"");
    assert!(error.contains("`nobody` is not an e-mail address"), "{error}");
}
