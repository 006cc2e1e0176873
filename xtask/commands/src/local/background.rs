//! The local system in the background: started and waited for, stopped and waited for.
//!
//! Invariant: it is the same command as in the foreground, with its output in a file.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use xtask::cli::LocalUp;
use xtask::{Failure, Printer};

use super::emulator;
use super::signal::{Receiver, Stop, send, wait_until};
use cloud::local_state::folder::Folder;
use cloud::local_state::ready::Ready;
use cloud::local_state::secrets::Secrets;

/// How long a stop may take: the emulator's own limit, and some more.
const END: Duration = emulator::END.saturating_add(Duration::from_secs(20));
/// How often to look.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts it, shows what it says until it is ready, and leaves it running.
///
/// # Errors
/// When it runs already, or ends before it is ready.
pub async fn start(args: &LocalUp, folder: &Folder, printer: &Printer) -> Result<()> {
    // Taken and given back: what the child would say is said before anything is started.
    drop(folder.claim()?);
    let _ = fs::remove_file(folder.ready());
    let log = File::create(folder.log()).with_context(|| folder.log().display().to_string())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["local", "up", "--env", args.env.env.as_str(), "--port", &args.port.to_string()]);
    if args.demo {
        command.arg("--demo");
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut stop = Stop::listen()?;
    // A group of its own: Ctrl-C and the end of the terminal are not for it.
    let mut child = command.process_group(0).spawn().context("cannot start the background process")?;
    let pid = child.id();
    let ready = tokio::select! {
        ready = wait_ready(&mut child, folder, printer) => ready?,
        () = stop.asked() => {
            send("TERM", Receiver::Process(pid));
            return Err(Failure::new("interrupted: what was started in the background ends as well").into());
        }
    };
    ready.show(&Secrets::read(folder, &args.env.env)?, args.json, printer)?;
    printer.say(format!("it runs in the background (process {pid}); stop it with `cargo xtask local down`"));
    Ok(())
}

async fn wait_ready(child: &mut Child, folder: &Folder, printer: &Printer) -> Result<Ready> {
    let mut shown = 0;
    loop {
        let ended = child.try_wait()?;
        let is_ready = folder.ready().exists();
        if !is_ready {
            shown = show_log(folder, shown, printer)?;
        }
        if let Some(status) = ended {
            let log = folder.log();
            return Err(Failure::new(format!("the local system did not come up ({status})"))
                .hint(format!("what it said is in {}", log.display()))
                .into());
        }
        if is_ready {
            return Ready::read(folder);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Shows whole lines from an offset on; returns where the rest begins.
fn show_log(folder: &Folder, from: u64, printer: &Printer) -> Result<u64> {
    let mut log = File::open(folder.log()).with_context(|| folder.log().display().to_string())?;
    log.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    log.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for line in String::from_utf8_lossy(&text[..whole]).lines() {
        printer.say(line);
    }
    Ok(from + whole as u64)
}

/// Stops what runs, in the foreground or the background; says whether anything did.
///
/// # Errors
/// When it does not end.
pub async fn stop(folder: &Folder, printer: &Printer) -> Result<bool> {
    let Some(pid) = folder.holder()? else {
        emulator::end_orphan(folder, printer).await?;
        let _ = fs::remove_file(folder.ready());
        return Ok(false);
    };
    if pid == 0 {
        return Err(Failure::new("the local system is just starting").hint("run the same command again").into());
    }
    printer.say(format!("stopping the local system (process {pid})"));
    send("TERM", Receiver::Process(pid));
    let gone = || folder.holder().is_ok_and(|holder| holder.is_none());
    if !wait_until(END, gone).await {
        printer.say("it does not exit: killing it");
        send("KILL", Receiver::Process(pid));
        if !wait_until(END, gone).await {
            return Err(Failure::new(format!("process {pid} does not exit")).into());
        }
    }
    emulator::end_orphan(folder, printer).await?;
    let _ = fs::remove_file(folder.ready());
    Ok(true)
}
