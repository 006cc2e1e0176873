//! `cost`: what a month costs in each mode, from dated list prices and measured units.
//!
//! Invariant: nothing is asked of an account, so the answer is the same for everyone.

use anyhow::Result;
use cloudformation::resource_type;
use contract::{Environment, Toggle, name};
use serde_json::{Value, json};
use stacks::{Architecture, Target};
use xtask::{Printer, cli, workspace};

use cloud::pricing::bill::Item;
use cloud::pricing::capacity::{Bound, bounds};
use cloud::pricing::estimate::{Estimate, HOURS_PER_MONTH, Mode};
use cloud::pricing::looking::{Looking, Viewers};
use cloud::pricing::number::thousands;
use cloud::pricing::price::{Prices, Units};
use cloud::pricing::statuses::Statuses;

/// Those of a month of [`HOURS_PER_MONTH`].
const SECONDS_PER_MONTH: u64 = 730 * 3600;
/// What the figures of looking take for granted.
const LOOKING_NOTE: &str = "Viewers look all month long; whoever looks for an hour a day costs a 24th of that. Each meets an \
                            instance of the function that has read nothing yet once an hour.";

/// Carries `cost` out.
///
/// # Errors
/// When the environment has no settings.
pub fn run(args: &cli::Cost, printer: &Printer) -> Result<()> {
    let settings = workspace::settings(&args.env.env)?;
    let (prices, units) = (Prices::read()?, Units::read()?.with_plans(&settings.plans));
    let configured = configured(&args.env.env)?;
    let (shards, fan_out) = match configured {
        Mode::Provisioned { shards, fan_out } => (shards, fan_out),
        Mode::OnDemand { fan_out } => (contract::limit::DEFAULT_SHARDS, fan_out),
        Mode::Synchronous => (contract::limit::DEFAULT_SHARDS, false),
    };
    let calls = args.rate.map_or(args.calls, |rate| u64::from(rate) * SECONDS_PER_MONTH);
    let modes = [Mode::Provisioned { shards, fan_out }, Mode::OnDemand { fan_out }, Mode::Synchronous];
    let modes = modes.map(|mode| mode.for_rate(calls as f64 / SECONDS_PER_MONTH as f64));
    let estimates = modes.map(|mode| Estimate::of(mode, calls, HOURS_PER_MONTH, &prices, &units));
    let viewers = Viewers { viewers: args.viewers, poll_seconds: args.poll.as_secs() };
    let looking = (args.viewers > 0).then(|| Looking::of(viewers, calls, HOURS_PER_MONTH, &prices, &units));
    let statuses = Statuses::of(calls, HOURS_PER_MONTH, &prices, &units);
    let bounds = match args.rate {
        Some(_) => bounds(&settings, &units),
        None => Vec::new(),
    };
    let bills = Bills {
        calls,
        configured,
        estimates: &estimates,
        statuses: &statuses,
        looking,
        bounds,
        prices: &prices,
        units: &units,
    };
    if args.json {
        printer.json(&bills.to_json(&args.env.env));
    } else {
        bills.lines(&args.env.env).iter().for_each(|line| printer.data(line));
    }
    Ok(())
}

/// What a month costs.
struct Bills<'a> {
    calls: u64,
    configured: Mode,
    estimates: &'a [Estimate],
    /// What it costs to know what was answered, by the setting.
    statuses: &'a [Statuses],
    /// None where nobody looks.
    looking: Option<Looking>,
    /// What bounds the calls a second, where these were asked for.
    bounds: Vec<Bound>,
    prices: &'a Prices,
    units: &'a Units,
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

impl Bills<'_> {
    fn to_json(&self, env: &Environment) -> Value {
        json!({
            "env": env.as_str(),
            "calls": self.calls,
            "callsPerSecond": self.calls as f64 / SECONDS_PER_MONTH as f64,
            "configured": self.configured.key(),
            "currency": "USD",
            "pricesOf": self.prices.date,
            "region": self.prices.region,
            "notMeasured": self.units.assumed(),
            "modes": self.estimates.iter().map(Estimate::to_json).collect::<Vec<_>>(),
            "statuses": self.statuses.iter().map(Statuses::to_json).collect::<Vec<_>>(),
            "looking": self.looking.as_ref().map(Looking::to_json),
            "bounds": self.bounds.iter().map(Bound::to_json).collect::<Vec<_>>(),
            "notes": self.notes(),
        })
    }

    fn lines(&self, env: &Environment) -> Vec<String> {
        let rate = self.calls as f64 / SECONDS_PER_MONTH as f64;
        let (calls, configured) = (thousands(self.calls), self.configured.name());
        let mut lines = vec![format!("{calls} calls a month ({rate:.1} a second), {env}: {configured}")];
        for estimate in self.estimates {
            lines.push(String::new());
            lines.extend(estimate_lines(estimate));
        }
        let statuses = self.statuses.iter().map(|of| format!("{} {:.2} $", of.setting, of.usd()));
        lines.push(String::new());
        lines.push(format!("what calls were answered, with status: {}", statuses.collect::<Vec<_>>().join(", ")));
        if let Some(looking) = &self.looking {
            lines.push(String::new());
            lines.push(format!("{}: {:.2} $ a month", looking.name(), looking.usd()));
            lines.extend(looking.items.iter().map(item_line));
        }
        if !self.bounds.is_empty() {
            lines.push(String::new());
            lines.push(
                "calls a second at which something is full, and those if one user makes half of them:".to_owned(),
            );
            lines.extend(self.bounds.iter().map(|bound| bound.line(rate)));
        }
        lines.push(String::new());
        lines.extend(self.notes());
        lines
    }

    /// What has to be known to read the figures right.
    fn notes(&self) -> Vec<String> {
        let Self { estimates, looking, prices, units, .. } = self;
        let mut notes = vec![format!(
            "List prices of {} as of {}, in US dollars, without free tiers, lower prices for more of a thing, stored bytes, \
             key management, data transfer and tax.",
            prices.region, prices.date
        )];
        let items = estimates.iter().flat_map(|estimate| &estimate.items);
        let items = items.chain(looking.iter().flat_map(|looking| &looking.items));
        let items = items.chain(self.statuses.iter().flat_map(|of| &of.items));
        let mut elsewhere: Vec<&str> = items.map(|item| &*item.place).collect();
        elsewhere.sort_unstable();
        elsewhere.dedup();
        elsewhere.retain(|place| *place != prices.region);
        if !elsewhere.is_empty() {
            notes.push(format!(
                "* No price of {} was found: that of {} stands in.",
                prices.region,
                elsewhere.join(" or ")
            ));
        }
        match units.assumed().as_slice() {
            [] => {}
            assumed => notes.push(format!("Not measured but assumed: {}.", assumed.join(", "))),
        }
        notes.push(
            "Batches are reckoned as if calls came evenly; real traffic comes in bursts and costs less.".to_owned(),
        );
        notes.extend(looking.as_ref().map(|_| LOOKING_NOTE.to_owned()));
        notes
    }
}

fn estimate_lines(estimate: &Estimate) -> Vec<String> {
    let per_million = estimate.usd_per_million();
    let per_million = per_million.map_or_else(String::new, |usd| format!(", {usd:.2} $ for a million calls"));
    let mut lines = vec![format!("{}: {:.2} $ a month{per_million}", estimate.mode.name(), estimate.usd())];
    lines.extend(estimate.items.iter().map(item_line));
    lines
}

fn item_line(item: &Item) -> String {
    let place = if item.place == name::DEFAULT_REGION { "" } else { "  *" };
    format!("  {:>10.2} $  {:<28} {:>12.4} {}{place}", item.usd, item.what, item.quantity, item.per)
}

#[cfg(test)]
mod tests {
    use contract::Function;
    use contract::metric::{Metric, PlanMetric};

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

    fn bills<'a>(estimates: &'a [Estimate], prices: &'a Prices, units: &'a Units) -> Bills<'a> {
        Bills {
            calls: 1_000_000,
            configured: Mode::Synchronous,
            estimates,
            statuses: &[],
            looking: None,
            bounds: Vec::new(),
            prices,
            units,
        }
    }

    #[test]
    fn prices_of_another_region_are_marked_and_said() {
        let (prices, units, env) = (Prices::read().unwrap(), Units::read().unwrap(), Environment::default());
        let mode = Mode::Provisioned { shards: 2, fan_out: false };
        let estimate = Estimate::of(mode, 1_000_000, HOURS_PER_MONTH, &prices, &units);
        let bills = bills(std::slice::from_ref(&estimate), &prices, &units);
        assert!(bills.lines(&env).iter().any(|line| line.contains("shards") && line.ends_with('*')));
        let notes = bills.notes().join("\n");
        assert!(notes.contains("that of ap-northeast-1 or us-east-1 stands in"), "{notes}");
    }

    fn resources(env: &Environment, stack: &str) -> Vec<Value> {
        let app = workspace::app(env, Toggle::On, Target::Aws, Architecture::X86_64).unwrap();
        let stacks = app.stacks().unwrap();
        let template = stacks.iter().find(|found| found.name() == stack).unwrap().template();
        template["Resources"].as_object().unwrap().values().cloned().collect()
    }

    #[test]
    fn the_alarms_dashboards_and_metrics_that_are_paid_for_are_those_there_are() {
        for env in ["test", "prod"].map(|env| env.parse().unwrap()) {
            let dashboard = resources(&env, &name::dashboard_stack(&env));
            let count = |kind: &str| dashboard.iter().filter(|resource| resource["Type"] == kind).count() as f64;
            let plans = workspace::settings(&env).unwrap().plans;
            let fixtures = Units::read().unwrap().with_plans(&plans).fixtures;
            assert_eq!(fixtures.alarms, count("AWS::CloudWatch::Alarm"), "units.toml names another number");
            assert_eq!(fixtures.dashboards, count("AWS::CloudWatch::Dashboard"), "units.toml names another number");
            let of_plans = plans.names().len() * PlanMetric::ALL.len();
            assert_eq!(fixtures.metrics, (Metric::ALL.len() + of_plans) as f64, "units.toml names another number");
        }
    }

    #[test]
    fn a_functions_memory_is_that_of_its_template() {
        let env = Environment::default();
        let functions = [resources(&env, &name::kinesis_stack(&env)), resources(&env, &name::api_stack(&env))].concat();
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
        assert_eq!(units.analytics.memory_mb, memory(Function::AnalyticsApi));
    }

    #[test]
    fn what_was_not_measured_is_named() {
        let (prices, mut units) = (Prices::read().unwrap(), Units::read().unwrap());
        units.read_units_per_1000_calls.measured = String::new();
        units.fixtures.measured = "counted".into();
        let notes = bills(&[], &prices, &units).notes().join("\n");
        let line = notes.lines().find(|line| line.starts_with("Not measured but assumed: ")).unwrap();
        assert!(line.contains("read units") && !line.contains("metrics and alarms"), "{line}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 5_000_000].map(thousands), ["0", "999", "1,000", "5,000,000"]);
    }
}
