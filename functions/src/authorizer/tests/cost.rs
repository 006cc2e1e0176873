//! What a call costs the authorizer in write units, held to what `cargo xtask cost` reckons with.

use contract::{Environment, name};
use dynamodb_fixture::Store;

use super::*;

/// Calls that are measured.
const CALLS: i64 = 1_000;

#[tokio::test]
async fn the_write_units_of_a_call_without_the_stream_are_those_that_it_is_priced_with() {
    let (store, env) = (Store::new().await, Environment::default());
    let table = |name: String| Table::new(store.client(), name);
    table(name::keys_table(&env)).put_all([stored(KEY)]).await.unwrap();
    let authorizer = Authorizer::<Double>::synchronous(table(name::keys_table(&env)), table(name::usage_table(&env)));
    store.reset_meter();
    for n in 0..CALLS {
        assert!(is_within(&call(&authorizer, &format!("r-{n}"), after(n)).await));
    }
    let units = store.spent().write_units * 1_000.0 / CALLS as f64;
    println!("write units for 1,000 calls without the stream: {units:.0}");
    let priced = include_str!("../../../../xtask/cloud/units.toml");
    let measured = format!("[synchronous_write_units_per_1000_calls]\nauthorizer = {units:.0}.0\n");
    assert!(priced.contains(&measured), "xtask/cloud/units.toml should say:\n{measured}");
}
