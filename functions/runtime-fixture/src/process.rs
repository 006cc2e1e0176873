//! A function as a process: started as Lambda starts it, measured from outside, killed at any moment.
//!
//! Invariant: the process ends with the value, and nothing of this process's environment reaches it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use contract::{Environment, limit, name, variable};
use tokio::process::{Child, Command};

use crate::Host;

/// A running function.
#[derive(Debug)]
pub struct Process {
    child: Child,
    id: u32,
}

impl Process {
    /// Starts a binary against a Runtime API, with the variables of the environment `test` and, over them, some more.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(binary: &Path, host: &Host, more: &[(&str, &str)]) -> io::Result<Self> {
        let env = Environment::default();
        let (min, max) = (limit::DEFAULT_MIN_SHARDS.to_string(), limit::DEFAULT_MAX_SHARDS.to_string());
        let tables = [name::analytics_table(&env), name::usage_table(&env), name::keys_table(&env)];
        let (deadlines, stream) = (name::deadlines_table(&env), name::stream(&env));
        let mut variables = vec![
            (variable::ENVIRONMENT, env.as_str()),
            (variable::ANALYTICS_TABLE, &tables[0]),
            (variable::API_USAGE_TABLE, &tables[1]),
            (variable::API_KEYS_TABLE, &tables[2]),
            (variable::DEADLINES_TABLE, &deadlines),
            (variable::FAILED_BATCHES_BUCKET, "failed-batches"),
            (variable::KINESIS_STREAM, &stream),
            (variable::ALERTS_TOPIC, "arn:aws:sns:ap-south-1:000000000000:alerts"),
            (variable::REPORTS_BUCKET, "reports"),
            (variable::REPORTS_TOPIC, "arn:aws:sns:ap-south-1:000000000000:reports"),
            (variable::MIN_SHARDS, &min),
            (variable::MAX_SHARDS, &max),
        ];
        variables.extend(more);
        Self::start_told(binary, host, &variables, Stdio::null())
    }

    /// Starts a binary against a Runtime API, told these variables and what Lambda tells every function, with a place
    /// for its log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_told(binary: &Path, host: &Host, variables: &[(&str, &str)], log: Stdio) -> io::Result<Self> {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", host.address().to_string())
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "fixture"), ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")])
            .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"), ("AWS_LAMBDA_LOG_GROUP_NAME", "fixture")])
            .envs([("AWS_LAMBDA_LOG_STREAM_NAME", "fixture"), ("AWS_REGION", name::DEFAULT_REGION)])
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn()?;
        let id = child.id().unwrap_or_default();
        Ok(Self { child, id })
    }

    /// The processor time it has taken so far, user and system, of all its threads, to the nanosecond.
    ///
    /// # Errors
    /// When it is no more, or the system keeps no such account.
    pub fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id))? {
            let account = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += account.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The memory it has resident, in bytes.
    ///
    /// # Errors
    /// When it is no more.
    pub fn resident(&self) -> io::Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most memory that it ever had resident, in bytes.
    ///
    /// # Errors
    /// When it is no more.
    pub fn peak(&self) -> io::Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
        let kilobytes = kilobytes.and_then(|number| number.parse::<u64>().ok());
        kilobytes.map(|number| number * 1_024).ok_or_else(|| io::Error::other(format!("no {name} in its status")))
    }

    /// Kills it with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn kill(mut self) -> io::Result<()> {
        self.child.kill().await
    }
}
