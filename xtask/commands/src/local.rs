//! `local`: the whole system on this machine, on loopback, with no AWS account and no Docker.
//!
//! Invariant: whatever ends it, the emulator's state is saved first and no process stays behind.

pub mod background;
pub mod consumers;
pub mod demo;
pub mod emulator;
pub mod front;
pub mod seed;
pub mod signal;

use std::time::Instant;

use anyhow::Result;
use contract::Toggle;
use stacks::{App, Architecture};
use xtask::cli::{Local, LocalCommand, LocalUp};
use xtask::package::Package;
use xtask::{Failure, Printer, build, workspace};

use cloud::Connection;
use cloud::console::confirm::Approval;
use cloud::console::reporter::Reporter;
use cloud::deployment::pipeline;
use cloud::deployment::plan::Plan;
use cloud::local_state::folder::Folder;
use cloud::local_state::ready::{Ready, dashboard_url};
use cloud::local_state::secrets::{self, Secrets};
use cloud::stack::change_set::ChangeSetOptions;
use cloud::system::api;
use emulator::Emulator;
use front::Front;
use signal::Stop;

/// Carries `local` out.
///
/// # Errors
/// When it cannot be brought up or stopped.
pub async fn run(args: &Local, printer: &Printer) -> Result<()> {
    match &args.command {
        None => up(&args.up, printer).await,
        Some(LocalCommand::Up(args)) => up(args, printer).await,
        Some(LocalCommand::Down { .. }) => down(printer).await,
        Some(LocalCommand::Reset { .. }) => reset(printer).await,
    }
}

async fn up(args: &LocalUp, printer: &Printer) -> Result<()> {
    let toggle = workspace::local_toggle()?;
    let env = args.env.env.clone();
    let architecture = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 };
    let app = workspace::app(&env, toggle, stacks::Target::Local, architecture)?;
    if args.demo && toggle == Toggle::Off {
        let failure = Failure::usage("what --demo plays is counted through the stream, which is left out");
        return Err(failure.hint(format!("unset {}", contract::variable::TOGGLE)).into());
    }
    let folder = Folder::open()?;
    if args.detach {
        return background::start(args, &folder, printer).await;
    }
    let _claim = folder.claim()?;
    let brought_up = foreground(args, &app, &folder, printer).await;
    let _ = std::fs::remove_file(folder.ready());
    brought_up
}

async fn down(printer: &Printer) -> Result<()> {
    let stopped = background::stop(&Folder::open()?, printer).await?;
    printer.say(if stopped {
        "stopped; what it stored is kept for the next start"
    } else {
        "the local system is not running"
    });
    Ok(())
}

async fn reset(printer: &Printer) -> Result<()> {
    let folder = Folder::open()?;
    background::stop(&folder, printer).await?;
    let _claim = folder.claim()?;
    folder.empty()?;
    printer.say("everything that the local system had stored is gone");
    Ok(())
}

async fn foreground(args: &LocalUp, app: &App, folder: &Folder, printer: &Printer) -> Result<()> {
    emulator::end_orphan(folder, printer).await?;
    let front = Front::take(args.port).await?;
    let python = emulator::install(printer)?;
    let packages = build::for_this_machine(&|line| printer.say(line))?;
    // What takes minutes is over: from here on there is something to be stopped in order.
    let clock = Clock::start(printer);
    let mut stop = Stop::listen()?;
    let mut emulator = Emulator::start(&python, front, folder)?;
    let ran = run_until_stopped(args, app, &packages, folder, &mut emulator, &mut stop, &clock).await;
    clock.say("stopping");
    emulator.stop(folder, printer).await;
    clock.say("stopped; what was stored is kept for the next start");
    ran
}

async fn run_until_stopped(
    args: &LocalUp,
    app: &App,
    packages: &[Package],
    folder: &Folder,
    emulator: &mut Emulator,
    stop: &mut Stop,
    clock: &Clock<'_>,
) -> Result<()> {
    tokio::select! {
        ready = emulator.wait_ready(folder) => ready?,
        () = stop.asked() => return Ok(()),
    }
    clock.say(format!("the emulator answers at {}", emulator.front().endpoint()));
    let connection = Connection::to_local(emulator.front().endpoint());
    let ready = tokio::select! {
        ready = bring_up(&connection, app, packages, folder, clock) => ready?,
        ended = emulator.ended(folder) => return Err(ended),
        () = stop.asked() => return Ok(()),
    };
    let consumers = consumers::start(&connection, folder, *clock.printer)?;
    let changes = emulator.front().stream_changes();
    let begin = async {
        begin(args, &connection, &ready, folder, clock).await?;
        std::future::pending().await
    };
    let ended = tokio::select! {
        ended = emulator.ended(folder) => Err(ended),
        never = consumers::wake(&consumers, changes) => match never {},
        failed = begin => failed,
        () = stop.asked() => Ok(()),
    };
    let _ = std::fs::remove_file(folder.ready());
    consumers.stop().await;
    ended
}

/// Plays what is to be played, and tells everybody that the system is ready.
async fn begin(
    args: &LocalUp,
    connection: &Connection,
    ready: &Ready,
    folder: &Folder,
    clock: &Clock<'_>,
) -> Result<()> {
    if args.demo {
        demo::play(connection, &args.env.env, folder, clock).await?;
    }
    ready.keep(folder)?;
    clock.say("ready");
    ready.show(&Secrets::read(folder, &args.env.env)?, args.json, clock.printer)?;
    clock.printer.say("Ctrl-C stops it; what it stored is there again at the next start.");
    Ok(())
}

/// The same deploy as to AWS, then a key and two users.
async fn bring_up(
    connection: &Connection,
    app: &App,
    packages: &[Package],
    folder: &Folder,
    clock: &Clock<'_>,
) -> Result<Ready> {
    let plan = Plan {
        connection,
        app,
        stacks: &[],
        packages,
        approval: Approval::Given,
        allow_data_loss: false,
        options: ChangeSetOptions::default(),
        observer: &Reporter::brief(clock.printer),
    };
    pipeline::deploy(&plan).await?;
    clock.say("the stacks are deployed");
    pipeline::hint_at_leftovers(&plan).await?;
    let seeded = seed::seed(connection, &app.env, folder).await?;
    Ok(Ready {
        endpoint_url: connection.endpoint().unwrap_or_default().to_owned(),
        api_url: api::url(connection, &app.env).await?,
        api_key: seeded.api_key,
        user_email: secrets::USER.to_owned(),
        user_token: seeded.user_token,
        admin_token: seeded.admin_token,
        dashboard_url: dashboard_url(connection.endpoint().unwrap_or_default(), &app.env),
    })
}

/// Says what happens, each with the seconds since the start.
struct Clock<'a> {
    began: Instant,
    printer: &'a Printer,
}

impl<'a> Clock<'a> {
    fn start(printer: &'a Printer) -> Self {
        Self { began: Instant::now(), printer }
    }

    fn say(&self, what: impl AsRef<str>) {
        self.printer.say(format!("[{:4.1} s] {}", self.began.elapsed().as_secs_f64(), what.as_ref()));
    }
}
