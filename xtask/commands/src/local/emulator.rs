//! The emulator's process: started behind the front, waited for, ended with its state saved and nothing left behind.
//!
//! Invariant: the log file stays locked for as long as an emulator of this folder lives, so one that outlived the
//! process that started it is found and ended.

use std::fs::{self, TryLockError};
use std::io::{Seek as _, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use contract::name;
use hyper::Uri;
use tokio::process::{Child, Command};
use xtask::{Failure, Printer, process, workspace};

use super::front::{Front, Serving};
use super::signal::{Receiver, send, wait_until};
use cloud::local_state::folder::{Folder, open_for_lock};
use cloud::random::random_text;

/// The emulator, pinned because it is young, with what it needs to sign tokens and to understand the
/// Rust SDK's requests of CloudWatch, which are CBOR.
const MINISTACK: [&str; 3] = ["ministack==1.5.33", "cryptography>=41", "cbor2>=5"];
/// What starts it, in the repository.
const LAUNCHER: &str = "xtask/commands/src/local/emulator/launcher.py";
/// Of the secret with which its paths begin: 190 bits.
const SECRET_CHARS: usize = 32;
/// How many calls of functions it lets run or wait at once: what AWS gives an account before it asks for more
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const ACCOUNT_CONCURRENCY: &str = "1000";
/// How long it may take to answer.
const START: Duration = Duration::from_secs(30);
/// How long it may take to save its state: after 100,000 calls it is over a gigabyte and takes more than 20 s.
pub const END: Duration = Duration::from_secs(60);

/// A running emulator.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    pid: u32,
    /// Where its paths begin. Whoever knows it has the emulator, so it is for the front alone.
    address: Uri,
    front: Serving,
}

/// Installs the emulator unless it is there; returns the Python that has it.
///
/// # Errors
/// When there is no Python, or the download breaks.
pub fn install(printer: &Printer) -> Result<std::path::PathBuf> {
    process::pinned_venv(&workspace::target().join("venv-ministack"), &MINISTACK, "python3", &|line| printer.say(line))
}

/// Ends the emulator of a process that is gone without having ended it.
///
/// # Errors
/// When it does not end.
pub async fn end_orphan(folder: &Folder, printer: &Printer) -> Result<()> {
    if !is_running(folder)? {
        return Ok(());
    }
    let pid = fs::read_to_string(folder.emulator_pid()).ok().and_then(|pid| pid.trim().parse().ok());
    let Some(pid) = pid else {
        return Err(Failure::new("an emulator of an earlier run is still running, and its process is unknown")
            .hint(format!("end the process that runs {LAUNCHER} by hand"))
            .into());
    };
    printer.say(format!("ending the emulator that an earlier run left behind (process {pid})"));
    send("TERM", Receiver::Process(pid));
    let gone = || is_running(folder).is_ok_and(|runs| !runs);
    if !wait_until(END, gone).await {
        send("KILL", Receiver::Group(pid));
        wait_until(END, gone).await;
    }
    send("KILL", Receiver::Group(pid));
    Ok(())
}

fn is_running(folder: &Folder) -> Result<bool> {
    match open_for_lock(&folder.emulator_log())?.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the emulator's log"),
    }
}

impl Emulator {
    /// Starts it behind a front.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(python: &Path, front: Front, folder: &Folder) -> Result<Self> {
        let mut log = open_for_lock(&folder.emulator_log())?;
        log.try_lock().context("an emulator of this folder is still running")?;
        log.set_len(0)?;
        log.seek(SeekFrom::Start(0))?;
        for needed in [folder.state(), folder.temporary(), folder.checkpoints()] {
            fs::create_dir_all(&needed).with_context(|| needed.display().to_string())?;
        }
        let functions = std::env::var(workspace::LOCAL_FUNCTIONS_ENDPOINT).unwrap_or_else(|_| front.endpoint());
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let secret = random_text(SECRET_CHARS)?;
        let address: Uri = format!("http://127.0.0.1:{port}/{secret}").parse()?;
        let mut command = command(python, folder, front.port(), &functions);
        command.env("COMPLICAL_EMULATOR_PORT", port.to_string()).env("COMPLICAL_EMULATOR_SECRET", secret);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A group of its own, so that Ctrl-C reaches us alone and the functions' processes can be ended with it.
        command.process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {}", python.display()))?;
        let pid = child.id().unwrap_or_default();
        fs::write(folder.emulator_pid(), pid.to_string())?;
        Ok(Self { child, pid, front: front.serve(address.clone(), &functions), address })
    }

    /// What stands before it, which everybody asks.
    pub fn front(&self) -> &Serving {
        &self.front
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it ends, or does not answer in time.
    pub async fn wait_ready(&mut self, folder: &Folder) -> Result<()> {
        let health = format!("{}/_ministack/health", self.address);
        let answered = async {
            while !answers(health.clone()).await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let why = tokio::select! {
            () = answered => return Ok(()),
            status = self.child.wait() => format!("the emulator ended at once: {}", status?),
            () = tokio::time::sleep(START) => format!("the emulator does not answer after {} s", START.as_secs()),
        };
        let log = fs::read_to_string(folder.emulator_log()).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
        let hint = format!("its log is {}", folder.emulator_log().display());
        Err(Failure::new(if last.is_empty() { why } else { format!("{why}: {last}") }).hint(hint).into())
    }

    /// Waits until it ends of itself, which it never should; the error says so.
    pub async fn ended(&mut self, folder: &Folder) -> anyhow::Error {
        let status = self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        let log = folder.emulator_log();
        Failure::new(format!("the emulator ended by itself: {status}"))
            .hint(format!("its log is {}", log.display()))
            .into()
    }

    /// Has it save its state and end, then ends what it left behind.
    pub async fn stop(mut self, folder: &Folder, printer: &Printer) {
        send("TERM", Receiver::Process(self.pid));
        if tokio::time::timeout(END, self.child.wait()).await.is_err() {
            printer.say("the emulator does not exit: killing it; what it did not save is lost");
        }
        // The functions' processes end when the emulator is gone; this ends one that is busy.
        send("KILL", Receiver::Group(self.pid));
        let _ = self.child.wait().await;
        wait_until(Duration::from_secs(5), || !send("0", Receiver::Group(self.pid))).await;
        let _ = fs::remove_file(folder.emulator_pid());
    }
}

/// What starts it, with nothing of the developer's environment but the search path: a function inherits what the emulator
/// has, and would find there what its template forgot.
fn command(python: &Path, folder: &Folder, gateway_port: u16, functions: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg(workspace::root().join(LAUNCHER))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TMPDIR", folder.temporary())
        // The one that is part of addresses which it answers.
        .env("GATEWAY_PORT", gateway_port.to_string())
        .env("MINISTACK_HOST", "localhost")
        .env("MINISTACK_REGION", name::DEFAULT_REGION)
        .env("MINISTACK_ACCOUNT_ID", "000000000000")
        .env("AWS_ENDPOINT_URL", functions)
        // AWS's own limit. By default it follows this machine's memory and counts also calls that wait for a process,
        // which it would refuse when many wait.
        .env("LAMBDA_ACCOUNT_CONCURRENCY", ACCOUNT_CONCURRENCY)
        // Either would listen on every interface.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("PYTHONUNBUFFERED", "1")
        .env("PERSIST_STATE", "1")
        .env("STATE_DIR", folder.state())
        .env("S3_PERSIST", "1")
        .env("S3_DATA_DIR", folder.state().join("s3"));
    command
}

async fn answers(url: String) -> bool {
    let ask = move || {
        let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build();
        config.new_agent().get(&url).call().is_ok()
    };
    tokio::task::spawn_blocking(ask).await.unwrap_or(false)
}
