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
fn an_address_that_is_none_is_refused() {
    let error = refused("[alarms]", "[alarms]\nemail = \"nobody\"");
    assert!(error.contains("`nobody` is not an e-mail address"), "{error}");
}
