//! `deploy`: from the stacks in Rust to the stacks in the account.
//!
//! Invariant: CloudFormation is the only state there is, so an interrupted deploy is finished by the next one.

pub mod preflight;

use anyhow::Result;
use contract::Toggle;
use xtask::{Printer, build, cli, workspace};

use cloud::Connection;
use cloud::console::confirm::Approval;
use cloud::console::interrupt::unless_interrupted;
use cloud::console::observer::Observer as _;
use cloud::console::reporter::Reporter;
use cloud::deployment::pipeline;
use cloud::deployment::plan::Plan;
use cloud::deployment::result::{self, DeployResult};
use cloud::stack::change_set::ChangeSetOptions;
use cloud::stack::order;
use cloud::system::alarms_topic;
use preflight::Preflight;

/// Carries `deploy` out.
///
/// # Errors
/// When it is not approved, or anything fails on the way.
pub async fn run(args: &cli::Deploy, printer: &Printer) -> Result<()> {
    let reporter = Reporter::full(printer, args.json);
    let outcome = unless_interrupted(deploy_all(args, &reporter)).await;
    reporter.end(outcome, |deployed| result::document(deployed), |deployed| show(deployed, printer))
}

async fn deploy_all(args: &cli::Deploy, reporter: &Reporter) -> Result<Vec<DeployResult>> {
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    // With a toggle that cannot be read the most is looked at.
    let (toggle, problems) = match workspace::toggle() {
        Ok(toggle) => (toggle, Vec::new()),
        Err(error) => (Toggle::On, vec![preflight::known(&error)]),
    };
    let app = workspace::app(env, toggle, connection.target(), args.arch.into())?;
    let all = app.stacks()?;
    let stacks = order::select(&all, &args.stacks)?;
    let declared = stacks.into_iter().map(|stack| (stack, stack.template())).collect::<Vec<_>>();
    let preflight = Preflight { connection: &connection, declared: &declared, arch: args.arch };
    let (warnings, checked) =
        tokio::join!(alarms_topic::warnings(&connection, &app), preflight.check(env, problems, reporter));
    alarms_topic::note(&warnings, reporter);
    checked?;
    let say = |line: &str| reporter.note(line);
    let packages =
        if connection.is_local() { build::for_this_machine(&say)? } else { build::for_lambda(args.arch, &say)? };
    let plan = Plan {
        connection: &connection,
        app: &app,
        stacks: &args.stacks,
        packages: &packages,
        approval: Approval::from_flag(args.yes),
        allow_data_loss: args.allow_data_loss,
        options: ChangeSetOptions { express: args.express, revert_drift: args.revert_drift },
        observer: reporter,
    };
    let deployed = pipeline::deploy(&plan).await?;
    pipeline::hint_at_leftovers(&plan).await?;
    // Whom the deploy has asked to hear the alarms, hears nothing yet.
    let now = alarms_topic::warnings(&connection, &app).await;
    if now != warnings {
        alarms_topic::note(&now, reporter);
    }
    Ok(deployed)
}

/// The stacks' outputs for people.
fn show(deployed: &[DeployResult], printer: &Printer) {
    for DeployResult { stack, outputs, .. } in deployed {
        for (key, value) in outputs {
            printer.data(format!("{stack}.{key} = {value}"));
        }
    }
}
