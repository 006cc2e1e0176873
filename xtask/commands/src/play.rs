//! `play`: a known history on the local system.
//!
//! Invariant: what it prints is counted from what was played, and never from the figures that came of it.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use metering::event::EventType;
use played::{Act, Script};
use serde_json::json;
use xtask::Printer;
use xtask::cli;

use cloud::Connection;
use cloud::console::reporter::Reporter;
use cloud::system::history::Stage;

/// The command.
///
/// # Errors
/// When it is not the local system, or that does not take or count the events.
pub async fn run(args: &cli::Play, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let stage = Stage::new(&connection, &args.cloud.env.env)?;
    let script = Script { calls: args.calls, days: args.days, seed: args.seed, end: Timestamp::now() };
    let acts = script.acts();
    stage.play(&acts, &Reporter::full(printer, None)).await?;
    show(&acts, script, args.json, printer);
    Ok(())
}

fn show(acts: &[Act], script: Script, as_json: bool, printer: &Printer) {
    let of = |kind| acts.iter().filter(|act| act.event.event_type == kind).count();
    let (calls, failures, refusals) = (of(EventType::Call), of(EventType::AuthFailed), of(EventType::RateLimited));
    let users = acts.iter().filter_map(|act| act.event.user_email.as_ref()).collect::<BTreeSet<_>>().len();
    let Script { days, seed, .. } = script;
    if as_json {
        printer.json(&json!({
            "days": days, "seed": seed, "apiCalls": calls, "authFailures": failures, "rateLimited": refusals,
            "users": users,
        }));
    } else {
        printer.data(format!(
            "{calls} calls of {users} users in {days} days, {failures} failed authentications and {refusals} calls over \
             a quota are counted"
        ));
    }
}
