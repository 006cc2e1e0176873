//! An hour of sixty minutes that are all alike: what it costs to roll it up into the hour and its day.
//!
//! Invariant: the minutes are windows that the aggregator's own store has set, so that the run that is measured reads
//! what sixty runs before it would have left. The same users call in each of them.

use anyhow::{Result, ensure};
use contract::{Environment, Function, name};
use jiff::Timestamp;
use metering::total::Total;
use metering::window::Hour;
use store::table::Table;
use store::watermark::Watermark;
use store::windows::{Span, Windows};
use xtask::Printer;

use super::row::{Measured, figure};
use super::system::System;
use super::traffic::Traffic;
use crate::core::OneCore;

/// Measures a traffic.
pub(crate) async fn measure(traffic: Traffic, printer: &Printer) -> Result<Vec<Measured>> {
    printer.say(format!("growth, {}: an hour of such minutes", traffic.name));
    let system = System::start().await;
    let (windows, watermark) = stores(&system);
    let hour = Hour::of(Timestamp::now()).plus(-1);
    let fold = traffic.fold(hour.start());
    let total = Total::of(&fold);
    for minute in hour.first_minute().through(hour.last_minute()) {
        windows.set_minute(minute, &fold).await?;
        windows.set_total(Span::Minute(minute), &total, None).await?;
    }
    // So that its last minute, of which there are no blocks here, is the first that the run looks at.
    watermark.begin(hour.last_minute().plus(-1)).await?;
    let aggregator = system.run(Function::RealtimeAggregator, &[]).await?;
    let one_core = OneCore::hold();
    let (cost, reached) = system.invoke(&aggregator, "{}".into()).await?;
    drop(one_core);
    ensure!(reached["done"] == true, "the aggregator reached {reached}");
    let set = windows.totals(Span::Hour(hour), Span::Hour(hour)).await?;
    let calls: u64 = set.iter().map(|(_, total)| total.calls).sum();
    ensure!(calls == 60 * traffic.calls, "the hour has {calls} calls");
    Ok(vec![
        figure("aggregator, the hour of 60 such minutes: CPU, s", "60", cost.cpu / 1e3),
        figure("peak memory, MiB", "300", cost.peak),
        figure("requests", "–", cost.requests),
        figure("read units", "–", cost.read_units),
        figure("write units", "–", cost.write_units),
    ])
}

/// The stores of a system's tables.
pub(super) fn stores(system: &System) -> (Windows, Watermark) {
    let environment = Environment::default();
    let client = system.endpoint.store.client();
    let analytics = Table::new(client.clone(), name::analytics_table(&environment));
    let usage = Table::new(client, name::usage_table(&environment));
    (Windows::new(analytics.clone(), usage), Watermark::new(analytics))
}
