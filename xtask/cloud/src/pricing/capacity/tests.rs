//! The tables of README.md, and a simulation that has to come to the same bounds.

mod simulation;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynamodb_fixture::Store;
use jiff::Timestamp;
use metering::batch::{Batch, Record};
use runtime_fixture::Load;
use store::blocks::Blocks;
use store::table::Table;
use xtask::workspace;

use super::*;

fn of(env: &str) -> Vec<Bound> {
    bounds(&workspace::settings(&env.parse().unwrap()).unwrap(), &Units::read().unwrap())
}

fn reached(bounds: &[Bound], part: &str) -> (f64, f64) {
    let bound = bounds.iter().find(|bound| bound.part == part).unwrap();
    (bound.calls_per_second, bound.with_hot_user)
}

/// The table of README.md.
fn table(bounds: &[Bound]) -> String {
    let mut table = String::from(
        "| calls a second | one user with half | what is full | what it takes | what to do |\n|---|---|---|---|---|\n",
    );
    for Bound { part, takes, calls_per_second, with_hot_user, page, remedy } in bounds {
        let (even, hot) = (rounded(*calls_per_second), rounded(*with_hot_user));
        table += &format!("| {even} | {hot} | {part} | [{takes}]({page}) | {remedy} |\n");
    }
    table
}

/// Calls a second at which tables and shards are looked at one by one.
const STEPS: [f64; 4] = [1_000.0, 10_000.0, 20_000.0, 100_000.0];

/// The second table of README.md: what tables and shards take in a second, many users first, then one who makes half.
fn partitions(units: &Units) -> String {
    let mut table = String::from(
        "| calls | units of the analytics table | of its busiest partition | with one user with half | shards | records on that \
         user's shard |\n|---|---|---|---|---|---|\n",
    );
    for rate in STEPS {
        let busiest = |hot: f64| whole(rate * BLOCK_UNITS_PER_CALL * busiest_share(hot));
        let (even, hot, all) = (busiest(0.0), busiest(HOT_SHARE), whole(rate * write_units(units)));
        let (shards, records) = (whole(rate / shard(units)), whole(rate * HOT_SHARE));
        table += &format!("| {} | {all} | {even} | {hot} | {shards} | {records} |\n", whole(rate));
    }
    table
}

/// What is taken, as a whole number that is not too small.
fn whole(taken: f64) -> String {
    // A sum of binary fractions may be above a whole number by less than anybody measures.
    thousands((taken - 1e-6).ceil().max(0.0) as u64)
}

#[test]
fn the_tables_of_the_readme_are_those_of_the_environment_prod() {
    let readme = std::fs::read_to_string(workspace::root().join("README.md")).unwrap();
    for (name, table) in [("capacity", table(&of("prod"))), ("partitions", partitions(&Units::read().unwrap()))] {
        let marked = format!("<!-- {name} -->\n{table}<!-- /{name} -->\n");
        assert!(readme.contains(&marked), "README.md lacks\n{marked}");
    }
}

#[test]
fn what_is_set_moves_its_bound_and_no_other() {
    let settings = |text: &str| {
        let file = workspace::root().join("stacks/environments/prod.toml");
        Settings::parse(&std::fs::read_to_string(file).unwrap().replace("max-shards = 10", text)).unwrap()
    };
    let units = Units::read().unwrap();
    let (ten, five) = (bounds(&settings("max-shards = 10"), &units), bounds(&settings("max-shards = 5"), &units));
    assert_eq!((reached(&ten, "the stream").0, reached(&five, "the stream").0), (10_000.0, 5_000.0));
    let without =
        |bounds: Vec<Bound>| -> Vec<Bound> { bounds.into_iter().filter(|bound| bound.part != "the stream").collect() };
    assert_eq!(without(ten), without(five));
}

#[test]
fn a_user_with_half_of_the_calls_reaches_no_bound_later_than_many_do() {
    for bound in of("prod") {
        assert!(bound.with_hot_user <= bound.calls_per_second, "{bound:?}");
    }
    assert_eq!(reached(&of("prod"), "the shard of one user").1, 2_000.0);
}

#[test]
fn a_figure_promises_no_more_than_two_digits_and_never_too_much() {
    assert_eq!([1.0, 99.9, 1_000.0, 25_806.0, 999_999.0].map(rounded), ["1", "99", "1,000", "25,000", "990,000"]);
    assert_eq!(rounded(f64::INFINITY), "–");
}

/// Full batches of many users, committed by the code that the processor commits them with.
#[tokio::test]
async fn the_blocks_of_a_call_take_the_write_units_that_are_reckoned_with() {
    let load = Load { name: "full", calls: 5_000, users: 2_000, batch: 500, minutes: 1, ..Load::A };
    let store = Store::new().await;
    let table = contract::name::analytics_table(&contract::Environment::default());
    let blocks = Blocks::new(Table::new(store.client(), table));
    for batch in load.batches("2026-11-24T10:00:00Z".parse().unwrap()) {
        let data: Vec<Vec<u8>> = batch.event["Records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| STANDARD.decode(record["kinesis"]["data"].as_str().unwrap()).unwrap())
            .collect();
        let arrived_at: Timestamp = batch.arrived;
        let records = data.iter().map(|data| Record { data, arrived_at, shard_id: "s", sequence_number: "1" });
        blocks.commit(&Batch::of(records), || arrived_at).await.unwrap();
    }
    let measured = store.spent().write_units / load.calls as f64;
    println!("write units of a call's blocks: {measured:.3}");
    assert!((0.5..=1.0).contains(&(measured / BLOCK_UNITS_PER_CALL)), "{measured} write units a call");
}

#[test]
fn calls_wait_in_a_simulation_above_a_bound_and_not_below_it() {
    let units = Units::read().unwrap();
    let bounds = of("prod");
    let waits = |rate: f64, hot: f64, shards: usize, part| simulation::play(rate, hot, shards, &units).at(part);
    let bound = reached(&bounds, "the stream").0;
    assert!(!waits(bound * 0.9, 0.0, 10, "the stream") && waits(bound * 1.1, 0.0, 10, "the stream"));
    // With shards enough calls wait for what is full first, and no more than that takes comes to the other.
    let mut behind =
        ["the fold of a minute", "a bucket's partition of a minute"].map(|part| (reached(&bounds, part).0, part));
    behind.sort_by(|one, other| one.0.total_cmp(&other.0));
    let [(bound, first), (_, other)] = behind;
    let shards = (bound / 500.0) as usize;
    assert!(!waits(bound * 0.9, 0.0, shards, first), "calls wait for {first} below {bound}");
    assert!(waits(bound * 1.1, 0.0, shards, first), "no call waits for {first} above {bound}");
    assert!(!waits(bound * 1.1, 0.0, shards, other), "calls wait for {other} behind {first}");
    let of_one_user = reached(&bounds, "the shard of one user").1;
    assert!(!waits(of_one_user * 0.9, HOT_SHARE, 10, "the stream"));
    assert!(waits(of_one_user * 1.1, HOT_SHARE, 10, "the stream"));
}
