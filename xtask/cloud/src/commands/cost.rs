//! `cost`: what a month costs in each mode, from dated list prices and measured units.
//!
//! Invariant: nothing is asked of an account, so the answer is the same for everyone.

use anyhow::Result;
use cloudformation::resource_type;
use contract::{Environment, Toggle, name};
use serde_json::{Value, json};
use stacks::{Architecture, Target};
use xtask::{Printer, cli, workspace};

use crate::pricing::estimate::{Estimate, HOURS_PER_MONTH, Mode};
use crate::pricing::number::thousands;
use crate::pricing::price::{Prices, Units};

/// The command.
///
/// # Errors
/// When the environment has no settings.
pub fn run(args: &cli::Cost, printer: &Printer) -> Result<()> {
    let (prices, units) = (Prices::read()?, Units::read()?);
    let configured = configured(&args.env.env)?;
    let (shards, fan_out) = match configured {
        Mode::Provisioned { shards, fan_out } => (shards, fan_out),
        Mode::OnDemand { fan_out } => (contract::limit::DEFAULT_SHARDS, fan_out),
        Mode::Synchronous => (contract::limit::DEFAULT_SHARDS, false),
    };
    let modes = [Mode::Provisioned { shards, fan_out }, Mode::OnDemand { fan_out }, Mode::Synchronous];
    let estimates = modes.map(|mode| Estimate::of(mode, args.calls, HOURS_PER_MONTH, &prices, &units));
    if args.json {
        printer.json(&document(args, configured, &estimates, &prices, &units));
        return Ok(());
    }
    printer.data(format!("{} calls a month, {}: {}", thousands(args.calls), args.env.env, configured.name()));
    for estimate in &estimates {
        printer.data("");
        lines(estimate).iter().for_each(|line| printer.data(line));
    }
    printer.data("");
    notes(&estimates, &prices, &units).iter().for_each(|note| printer.data(note));
    Ok(())
}

/// How an environment's settings have calls counted with the toggle on, as its template says.
///
/// # Errors
/// When the environment has no settings.
pub fn configured(env: &Environment) -> Result<Mode> {
    let stacks = workspace::app(env, Toggle::On, Target::Aws, Architecture::X86_64)?.stacks()?;
    let kinesis = name::kinesis_stack(env);
    let template = stacks.iter().find(|stack| stack.name() == kinesis).map(stacks::Stack::template);
    Ok(mode_of(&template.unwrap_or_default()))
}

fn mode_of(template: &Value) -> Mode {
    let resources = || template["Resources"].as_object().into_iter().flatten().map(|(_, resource)| resource);
    let mut of_type = resources().filter(|resource| resource["Type"] == resource_type::STREAM);
    let fan_out = resources().any(|resource| resource["Type"] == resource_type::STREAM_CONSUMER);
    let Some(stream) = of_type.next() else { return Mode::Synchronous };
    if stream["Properties"]["StreamModeDetails"]["StreamMode"] == "ON_DEMAND" {
        return Mode::OnDemand { fan_out };
    }
    let shards = stream["Properties"]["ShardCount"].as_u64().and_then(|shards| u32::try_from(shards).ok());
    Mode::Provisioned { shards: shards.unwrap_or(contract::limit::DEFAULT_SHARDS), fan_out }
}

fn document(args: &cli::Cost, configured: Mode, estimates: &[Estimate], prices: &Prices, units: &Units) -> Value {
    json!({
        "env": args.env.env.as_str(),
        "calls": args.calls,
        "configured": configured.key(),
        "currency": "USD",
        "pricesOf": prices.date,
        "region": prices.region,
        "notMeasured": units.assumed(),
        "modes": estimates.iter().map(Estimate::to_json).collect::<Vec<_>>(),
        "notes": notes(estimates, prices, units),
    })
}

fn lines(estimate: &Estimate) -> Vec<String> {
    let per_million = estimate.usd_per_million();
    let per_million = per_million.map_or_else(String::new, |usd| format!(", {usd:.2} $ for a million calls"));
    let mut lines = vec![format!("{}: {:.2} $ a month{per_million}", estimate.mode.name(), estimate.usd())];
    for item in &estimate.items {
        let place = if item.place == contract::name::DEFAULT_REGION { "" } else { "  *" };
        lines.push(format!("  {:>10.2} $  {:<28} {:>12.4} {}{place}", item.usd, item.what, item.quantity, item.per));
    }
    lines
}

/// What has to be known to read the figures right.
fn notes(estimates: &[Estimate], prices: &Prices, units: &Units) -> Vec<String> {
    let mut notes = vec![format!(
        "List prices of {} as of {}, in US dollars, without free tiers, stored bytes, key management, data transfer \
         and tax.",
        prices.region, prices.date
    )];
    let mut elsewhere: Vec<&str> =
        estimates.iter().flat_map(|estimate| &estimate.items).map(|item| &*item.place).collect();
    elsewhere.sort_unstable();
    elsewhere.dedup();
    elsewhere.retain(|place| *place != prices.region);
    if !elsewhere.is_empty() {
        notes.push(format!("* No price of {} was found: that of {} stands in.", prices.region, elsewhere.join(" or ")));
    }
    match units.assumed().as_slice() {
        [] => {}
        assumed => notes.push(format!("Not measured but assumed: {}.", assumed.join(", "))),
    }
    notes.push("Batches are reckoned as if calls came evenly; real traffic comes in bursts and costs less.".to_owned());
    notes
}

#[cfg(test)]
mod tests {
    use contract::Function;

    use super::*;

    #[test]
    fn the_mode_is_that_of_the_template() {
        let stream =
            |properties: Value| json!({"Resources": {"S": {"Type": "AWS::Kinesis::Stream", "Properties": properties}}});
        assert_eq!(mode_of(&stream(json!({"ShardCount": 3}))), Mode::Provisioned { shards: 3, fan_out: false });
        assert_eq!(
            mode_of(&stream(json!({"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}))),
            Mode::OnDemand { fan_out: false }
        );
        let mut with_consumer = stream(json!({"ShardCount": 2}));
        with_consumer["Resources"]["C"] = json!({"Type": "AWS::Kinesis::StreamConsumer"});
        assert_eq!(mode_of(&with_consumer), Mode::Provisioned { shards: 2, fan_out: true });
        assert_eq!(mode_of(&Value::Null), Mode::Synchronous);
    }

    #[test]
    fn prices_of_another_region_are_marked_and_said() {
        let (prices, units) = (Prices::read().unwrap(), Units::read().unwrap());
        let mode = Mode::Provisioned { shards: 2, fan_out: false };
        let estimate = Estimate::of(mode, 1_000_000, HOURS_PER_MONTH, &prices, &units);
        assert!(lines(&estimate).iter().any(|line| line.contains("shards") && line.ends_with('*')));
        let notes = notes(&[estimate], &prices, &units).join("\n");
        assert!(notes.contains("that of ap-northeast-1 or us-east-1 stands in"), "{notes}");
    }

    fn resources(stack: &str) -> Vec<Value> {
        let app = workspace::app(&Environment::default(), Toggle::On, Target::Aws, Architecture::X86_64).unwrap();
        let stacks = app.stacks().unwrap();
        let template = stacks.iter().find(|found| found.name() == stack).unwrap().template();
        template["Resources"].as_object().unwrap().values().cloned().collect()
    }

    #[test]
    fn the_alarms_and_metrics_that_are_paid_for_are_those_there_are() {
        let dashboard = resources(&name::dashboard_stack(&Environment::default()));
        let n_alarms = dashboard.iter().filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm").count();
        let fixtures = Units::read().unwrap().fixtures;
        assert_eq!(fixtures.alarms, n_alarms as f64, "units.toml names another number");
        assert_eq!(fixtures.metrics, contract::metric::Metric::ALL.len() as f64, "units.toml names another number");
    }

    #[test]
    fn a_functions_memory_is_that_of_its_template() {
        let env = Environment::default();
        let functions = [resources(&name::kinesis_stack(&env)), resources(&name::api_stack(&env))].concat();
        let memory = |function: Function| {
            let name = function.physical_name(&env);
            let found = functions.iter().find(|resource| resource["Properties"]["FunctionName"] == name.as_str());
            found.unwrap()["Properties"]["MemorySize"].as_f64().unwrap()
        };
        let units = Units::read().unwrap().functions;
        assert_eq!(units.authorizer.memory_mb, memory(Function::ApiKeyAuthorizer));
        assert_eq!(units.deadlines.memory_mb, memory(Function::DeadlinesApi));
        assert_eq!(units.processor.memory_mb, memory(Function::StreamProcessor));
        assert_eq!(units.aggregator.memory_mb, memory(Function::RealtimeAggregator));
    }

    #[test]
    fn what_was_not_measured_is_named() {
        let (prices, mut units) = (Prices::read().unwrap(), Units::read().unwrap());
        units.read_units_per_1000_calls.measured = String::new();
        units.fixtures.measured = "counted".into();
        let notes = notes(&[], &prices, &units).join("\n");
        let line = notes.lines().find(|line| line.starts_with("Not measured but assumed: ")).unwrap();
        assert!(line.contains("read units") && !line.contains("metrics and alarms"), "{line}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 5_000_000].map(thousands), ["0", "999", "1,000", "5,000,000"]);
    }
}
