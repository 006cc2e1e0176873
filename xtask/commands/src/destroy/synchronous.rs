//! The API before the stream goes: it counts synchronously, or there is none that could write to the stream.
//!
//! Invariant: the authorizer's own handler says how it counts; the stack may have been changed by hand.

use std::slice;

use anyhow::Result;
use cloudformation::status::{NextStep, Recovery};
use contract::{Environment, Toggle, function, name};
use stacks::App;
use xtask::Failure;

use super::DestroyPlan;
use cloud::Connection;
use cloud::console::confirm::Approval;
use cloud::console::observer::Observer as _;
use cloud::deployment::pipeline;
use cloud::deployment::plan::Plan;
use cloud::stack::change_set::ChangeSetOptions;
use cloud::stack::order;
use cloud::stack::settle::{self, Settled};
use cloud::system::authorizer::authorizer;

/// Deploys the API with synchronous counting. One that is not there, or never came up, is left as it is.
///
/// # Errors
/// When that is not wanted, fails, or an authorizer still writes to the stream.
pub(super) async fn make(plan: &DestroyPlan<'_>, toggle: Toggle, app: App) -> Result<()> {
    let DestroyPlan { connection, env, .. } = plan;
    let app = App { toggle: Toggle::Off, ..app };
    let api = name::api_stack(env);
    let all = app.stacks()?;
    for stack in order::select(&all, slice::from_ref(&api))? {
        let settled = settle::settle(connection, stack, plan.reporter).await?;
        match settled.next_step {
            NextStep::Create => {}
            NextStep::Recover(Recovery::Delete) => never_came_up(plan, &settled).await?,
            NextStep::Update | NextStep::Wait | NextStep::Recover(_) | NextStep::Manual => {
                deploy(plan, toggle, &app).await?
            }
        }
    }
    Ok(())
}

/// Without packages such a stack cannot be made anew; without a function that writes to the stream it need not be.
async fn never_came_up(plan: &DestroyPlan<'_>, settled: &Settled<'_>) -> Result<()> {
    let DestroyPlan { connection, env, .. } = plan;
    let (api, status) = (settled.stack.name(), settled.status());
    if let Some(handler) = asynchronous_handler(connection, env).await? {
        return Err(Failure::new(format!("{api} is {status}, and its authorizer still has the handler `{handler}`"))
            .hint(format!("remove it as well: cargo xtask destroy {api} {}", name::kinesis_stack(env)))
            .hint("or run `cargo xtask deploy`, which removes it and makes it anew, and then this again")
            .into());
    }
    plan.reporter.note(&format!("{api} is {status}: nothing in it sends calls to the stream, so it stays as it is"));
    Ok(())
}

async fn deploy(plan: &DestroyPlan<'_>, toggle: Toggle, app: &App) -> Result<()> {
    let DestroyPlan { connection, env, args, .. } = plan;
    let api = name::api_stack(env);
    if toggle.is_on() {
        return Err(Failure::usage(format!("{api} would go on sending calls to a stream that is gone"))
            .hint("unset ENABLE_KINESIS_ANALYTICS, so that the API goes back to synchronous counting first")
            .hint(format!("or remove {api} as well"))
            .into());
    }
    plan.reporter.note("the API goes to synchronous counting");
    let plan = Plan {
        connection,
        app,
        stacks: &[api],
        packages: &[],
        approval: Approval::from_flag(args.yes || args.delete_data),
        allow_data_loss: false,
        options: ChangeSetOptions::default(),
        observer: plan.reporter,
    };
    pipeline::deploy(&plan).await?;
    match asynchronous_handler(connection, env).await? {
        Some(handler) => Err(Failure::new(format!("the authorizer has the handler `{handler}`"))
            .hint("it should be the synchronous one by now: compare with `cargo xtask diff`")
            .into()),
        None => Ok(()),
    }
}

/// The authorizer's handler, where it is there and is not the synchronous one.
async fn asynchronous_handler(connection: &Connection, env: &Environment) -> Result<Option<String>> {
    let handler = authorizer(connection, env).await?.and_then(|found| found.handler);
    Ok(handler.filter(|handler| handler != function::AUTHORIZER_ENHANCED_HANDLER))
}
