//! `diff`: what a deploy would change, before anything does.
//!
//! Invariant: nothing is written anywhere, and a template that cannot be read is a failure, never "no change".

pub mod code;
pub mod drift;
pub mod review;
pub mod snapshot;
pub mod stack_diff;

use anyhow::Result;
use cloudformation::scaled_stream;
use contract::{Environment, Toggle, name};
use futures::future::try_join_all;
use serde_json::Value;
use stacks::{Architecture, Stack, Target};
use xtask::cli::Against;
use xtask::{Failure, Printer, cli, workspace};

use cloud::Connection;
use cloud::deployment::recovery;
use cloud::pricing::fixed_cost;
use cloud::pricing::price::Prices;
use cloud::stack::{order, read};
use review::{Review, StandingCost};
use stack_diff::StackDiff;

/// A stack as it is, if it is, and as it would be.
struct Pair {
    stack: String,
    old: Option<Value>,
    new: Value,
}

/// The command; returns the exit status.
///
/// # Errors
/// When a stack is unknown, or a template cannot be made or read.
pub async fn run(args: &cli::Diff, printer: &Printer) -> Result<u8> {
    let toggle = workspace::toggle()?;
    let review = match args.against {
        Against::Deployed => against_deployed(args, toggle, printer).await?,
        Against::Snapshots if args.drift => {
            return Err(Failure::usage("snapshots do not drift: --drift needs what is deployed")
                .hint("leave out --against snapshots, or --drift")
                .into());
        }
        Against::Snapshots => review(&against_snapshots(args, toggle)?)?,
    };
    if args.json {
        printer.json(&review.to_json());
    } else {
        review.lines().iter().for_each(|line| printer.data(line));
        printer.say(review.summary());
    }
    if let Some(note) = review.note_of_code() {
        printer.say(note);
    }
    Ok(if review.differs() { args.exit_code } else { 0 })
}

async fn against_deployed(args: &cli::Diff, toggle: Toggle, printer: &Printer) -> Result<Review> {
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    // Which processor the functions run on is not a setting: what is deployed says it.
    let api = read::deployed(&connection, &name::api_stack(env)).await?;
    let architecture = api.as_ref().map_or(Architecture::X86_64, snapshot::architecture);
    let stacks = workspace::app(env, toggle, connection.target(), architecture)?.stacks()?;
    let (mut pairs, mut code) = (Vec::new(), Vec::new());
    for stack in order::select(&stacks, &args.stacks)? {
        if let Some(sentence) = recovery::preview(&connection, stack.name()).await? {
            printer.say(format!("a deploy begins with this:\n{sentence}"));
        }
        let pair = pair(stack, read::deployed(&connection, stack.name()).await?)?;
        code.extend(code::find(&connection, &pair.stack, &pair.new).await?);
        pairs.push(pair);
    }
    let drift = match args.drift {
        true => {
            let look = pairs.iter().map(|Pair { stack, old, .. }| drift::detect(&connection, stack, old.as_ref()));
            Some(try_join_all(look).await?)
        }
        false => None,
    };
    if args.stacks.is_empty() {
        say_what_stays(&connection, env, &stacks, printer).await?;
    }
    Ok(Review { code: Some(code), drift, ..review(&pairs)? })
}

fn against_snapshots(args: &cli::Diff, toggle: Toggle) -> Result<Vec<Pair>> {
    let env = &args.cloud.env.env;
    let api = snapshot::snapshot(env, toggle, &name::api_stack(env))?;
    let architecture = api.as_ref().map_or(Architecture::X86_64, snapshot::architecture);
    let stacks = workspace::app(env, toggle, Target::Aws, architecture)?.stacks()?;
    let selected = order::select(&stacks, &args.stacks)?;
    selected.into_iter().map(|stack| pair(stack, snapshot::snapshot(env, toggle, stack.name())?)).collect()
}

fn pair(stack: &Stack, old: Option<Value>) -> Result<Pair> {
    let mut new = stack.template();
    // A deploy does the same.
    if let Some(old) = &old {
        scaled_stream::go_on(&mut new, old);
    }
    Ok(Pair { stack: stack.name().to_owned(), old, new })
}

/// What the templates alone tell.
fn review(pairs: &[Pair]) -> Result<Review> {
    let prices = Prices::read()?;
    let old = |pair: &Pair| pair.old.as_ref().map_or(0.0, |old| fixed_cost::per_month(old, &prices));
    let (before, after) =
        (pairs.iter().map(old).sum(), pairs.iter().map(|pair| fixed_cost::per_month(&pair.new, &prices)).sum());
    Ok(Review {
        reports: pairs.iter().map(|Pair { stack, old, new }| StackDiff::of(stack, old.as_ref(), new)).collect(),
        code: None,
        drift: None,
        standing: StandingCost { before, after, prices_of: prices.date },
    })
}

/// A stack that the toggle does not ask for stays at a deploy; only `destroy` removes it.
async fn say_what_stays(connection: &Connection, env: &Environment, stacks: &[Stack], printer: &Printer) -> Result<()> {
    for name in [name::kinesis_stack(env), name::dashboard_stack(env)] {
        let is_asked_for = stacks.iter().any(|stack| stack.name() == name);
        if !is_asked_for && read::deployed(connection, &name).await?.is_some() {
            printer.say(format!("{name}: deployed, and not asked for by the toggle; `destroy` removes it"));
        }
    }
    Ok(())
}
