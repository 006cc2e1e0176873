//! Signals: those that ask us to stop, and those that we send.
//!
//! Invariant: the shell sends them, because it is the one program for it that every system has.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, or the request to end.
#[derive(Debug)]
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Stop {
    /// Listens from now on; until then either would end this process at once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits until it is asked for.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// One process.
    Process(u32),
    /// A process and what it started.
    Group(u32),
}

/// Sends a signal such as `TERM`; says whether there was anybody to get it.
pub fn send(name: &str, receiver: Receiver) -> bool {
    let to = match receiver {
        Receiver::Process(pid) => pid.to_string(),
        Receiver::Group(pid) => format!("-{pid}"),
    };
    let mut kill = Command::new("sh");
    kill.args(["-c", r#"kill -s "$0" -- "$1""#, name, &to]);
    kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    kill.status().is_ok_and(|status| status.success())
}

/// Waits until something is so; says whether it came to be in time.
pub async fn wait_until(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    #[test]
    fn a_group_gets_what_its_leader_gets() {
        let mut leader =
            Command::new("sh").args(["-c", "sleep 60 & wait"]).stdin(Stdio::null()).process_group(0).spawn().unwrap();
        assert!(send("KILL", Receiver::Group(leader.id())));
        assert!(!leader.wait().unwrap().success());
    }

    #[test]
    fn nobody_gets_a_signal_for_a_process_that_is_gone() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!send("TERM", Receiver::Process(child.id())));
    }
}
