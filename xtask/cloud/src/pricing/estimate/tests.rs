use super::*;
use crate::pricing::price::Invocation;

const MODES: [Mode; 3] =
    [Mode::Provisioned { shards: 2, fan_out: false }, Mode::OnDemand { fan_out: false }, Mode::Synchronous];

fn estimate(mode: Mode, calls: u64) -> Estimate {
    Estimate::of(mode, calls, HOURS_PER_MONTH, &Prices::read().unwrap(), &Units::read().unwrap())
}

fn usd(estimate: &Estimate, what: &str) -> f64 {
    estimate.items.iter().filter(|item| item.what == what).map(|item| item.usd).sum()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6 * other.abs().max(1.0)
}

#[test]
fn two_shards_cost_two_shards_for_730_hours() {
    let prices = Prices::read().unwrap();
    let estimate = estimate(MODES[0], 0);
    assert!(near(usd(&estimate, "shards"), 2.0 * 730.0 * prices.kinesis_shard_hour.usd));
    assert!(near(usd(&estimate, "seven days' retention"), 2.0 * 730.0 * 0.02));
    assert_eq!(usd(&estimate, "enhanced fan-out"), 0.0);
    assert_eq!(estimate.usd_per_million(), None);
}

#[test]
fn writes_are_priced_by_the_million() {
    let (prices, units) = (Prices::read().unwrap(), Units::read().unwrap());
    let estimate = estimate(Mode::Synchronous, 1_000_000);
    let wanted =
        units.synchronous_write_units_per_1000_calls.authorizer / 1e3 * prices.dynamodb_write_units_million.usd;
    assert!(near(usd(&estimate, "DynamoDB writes"), wanted));
}

#[test]
fn a_small_record_is_billed_as_a_whole_unit() {
    let prices = Prices::read().unwrap();
    let provisioned = estimate(MODES[0], 3_000_000);
    assert!(near(usd(&provisioned, "records put"), 3.0 * prices.kinesis_put_units_million.usd));
    let on_demand = estimate(MODES[1], 3_000_000);
    assert!(near(usd(&on_demand, "data put"), 3.0 * prices.kinesis_on_demand_gb_in.usd), "1 KB each is 3 GB");
}

#[test]
fn time_is_billed_by_memory() {
    let (prices, mut units) = (Prices::read().unwrap(), Units::read().unwrap());
    units.functions.authorizer = Invocation { milliseconds: 100.0, memory_mb: 512.0 };
    let estimate = Estimate::of(Mode::Synchronous, 1_000, HOURS_PER_MONTH, &prices, &units);
    assert!(near(usd(&estimate, "authorizer, time"), 50.0 * prices.lambda_gb_second.usd));
}

#[test]
fn every_line_of_every_log_is_paid_for() {
    let (prices, units) = (Prices::read().unwrap(), Units::read().unwrap());
    let bytes = units.bytes_per_call.logs + units.access_log_bytes_per_call.gateway;
    assert!(near(usd(&estimate(Mode::Synchronous, 1_000_000), "logs"), bytes * 1e6 / 1e9 * prices.logs_gb.usd));
}

#[test]
fn quiet_traffic_comes_one_record_a_batch_and_busy_traffic_in_full_ones() {
    assert!(near(batch(1_000.0, HOURS_PER_MONTH, 2.0), 1.0));
    assert!(near(batch(2.0 * 100.0 * 3600.0, 1.0, 2.0), 100.0));
    assert!(near(batch(1e12, 1.0, 2.0), f64::from(contract::limit::BATCH_SIZE)));
}

#[test]
fn anomalies_are_looked_for_in_the_calls_of_so_many_users_and_of_no_more() {
    let (prices, units) = (Prices::read().unwrap(), Units::read().unwrap().anomalies);
    let days = HOURS_PER_MONTH / 24.0;
    for (calls, by_hour, by_minute) in [(10_080, 30.24, 1.0), (u64::MAX, 2_000.0 * days, 50.0 * days)] {
        let wanted = by_hour * units.of_user_by_hour + by_minute * units.of_user_by_minute;
        let wanted = wanted / 1e6 * prices.dynamodb_read_units_million.usd;
        assert!(near(usd(&estimate(MODES[0], calls), "anomalies, reads"), wanted), "{calls}");
    }
}

#[test]
fn a_stream_has_the_shards_that_its_calls_take() {
    let shards = |rate: f64| match MODES[0].for_rate(rate) {
        Mode::Provisioned { shards, .. } => shards,
        mode => panic!("{mode:?}"),
    };
    assert_eq!([0.0, 1_400.0, 1_401.0, 10_000.0].map(shards), [2, 2, 3, 15]);
    assert_eq!(MODES[1].for_rate(10_000.0), MODES[1]);
}

#[test]
fn without_traffic_only_the_streams_cost() {
    assert_eq!(estimate(Mode::Synchronous, 0).usd(), 0.0);
    assert!(estimate(MODES[0], 0).usd() > estimate(MODES[1], 0).usd());
}

#[test]
fn the_sum_of_the_items_is_the_whole() {
    for mode in MODES {
        let estimate = estimate(mode, 5_000_000);
        assert!(near(estimate.usd(), estimate.items.iter().map(|item| item.usd).sum()));
        assert!(near(estimate.usd_per_million().unwrap() * 5.0, estimate.usd()));
        assert!(estimate.items.iter().all(|item| item.usd.is_finite() && item.usd >= 0.0));
    }
}

#[test]
fn every_price_says_where_it_holds_and_comes_from() {
    let document = estimate(MODES[0], 1).to_json();
    for item in document["items"].as_array().unwrap() {
        assert!(item["priceOf"].as_str().unwrap().contains('-'), "{item}");
    }
    assert!(Prices::read().unwrap().kinesis_shard_hour.source.contains("Tokyo"));
}
