//! One core for a function and all that it talks to, while its processor time is measured.
//!
//! Invariant: the processes that begin while it holds stay on the core; when it is dropped, this one has all again.
//!
//! On several cores each answer wakes one that sleeps. On a virtual machine that costs as much as a whole call, is
//! charged to the function, and comes and goes with what else is running. Lambda gives a function one core or a part.

use std::fs;
use std::process::{Command, Stdio};

/// The time of holding to one core. It knows the cores that there were before, as the system writes them.
#[derive(Debug)]
pub(crate) struct OneCore(Option<String>);

impl OneCore {
    /// Holds this process to the first of its cores, if the system has a way to (`taskset` of util-linux). Without
    /// it the figures are higher, and no less true.
    pub(crate) fn hold() -> Self {
        let cores = fs::read_to_string("/proc/self/status").ok().and_then(|status| {
            let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
            Some(cores.trim().to_owned())
        });
        if let Some(first) = cores.as_deref().and_then(|cores| cores.split([',', '-']).next()) {
            bind(first);
        }
        Self(cores)
    }
}

impl Drop for OneCore {
    fn drop(&mut self) {
        if let Some(cores) = &self.0 {
            bind(cores);
        }
    }
}

fn bind(cores: &str) {
    let process = std::process::id().to_string();
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--cpu-list", "--pid", cores, &process]).stdout(Stdio::null()).stderr(Stdio::null());
    drop(taskset.status());
}
