//! Runs the command line's real binary against what stands in for AWS.
//!
//! Invariant: nothing is built and nothing is downloaded: the compiler and cargo-lambda are played, the packages are there.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract::Function;

use crate::aws::Aws;

/// Longer than any of these commands takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder in which the binary finds its tools and its packages.
#[derive(Debug)]
pub(crate) struct Workshop(PathBuf);

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Nothing where a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Held open for a terminal.
    stdin: Option<ChildStdin>,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        // An ELF file without sections asks for no library, so it fits every machine.
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        for function in Function::ALL {
            let built = folder.join("lambda").join(function.binary());
            std::fs::create_dir_all(&built).unwrap();
            std::fs::write(built.join("bootstrap"), &elf).unwrap();
        }
        let workshop = Self(folder);
        workshop.tool("cargo-lambda", "exit 0");
        workshop
    }

    /// Puts a tool before all others of its name.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        let bin = self.0.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let path = bin.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, endpoint: &str, arguments: &[&str]) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.0.join("bin")).chain(std::env::split_paths(&path));
        let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let mut command = Command::new(env!("CARGO_BIN_EXE_commands"));
        command
            .args(arguments)
            .args(["--endpoint-url", endpoint])
            .args(["--arch", arch].iter().filter(|_| arguments[0] == "deploy"))
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("CARGO", "/bin/true")
            .env("CARGO_TARGET_DIR", &self.0)
            .env("ENABLE_KINESIS_ANALYTICS", "off")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "ap-south-1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_ENDPOINT_URL")
            .stdin(Stdio::null());
        command
    }

    /// Starts it on a terminal of this kind, once the question is asked with these keys pressed. What is printed is the
    /// output, wherever it is printed to.
    pub(crate) fn start_on_terminal(&self, aws: &Aws, arguments: &[&str], kind: &str, keys: &str) -> Running {
        let command = self.command(&aws.url(), arguments);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let line = words.map(|word| format!("'{}'", word.to_string_lossy())).collect::<Vec<_>>().join(" ");
        // Of `script` (util-linux) only the terminal is wanted.
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]).env("TERM", kind);
        script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::piped());
        let mut running = self.spawn(script);
        let mut stdin = running.child.stdin.take().unwrap();
        if !keys.is_empty() {
            running.wait_for_line("[y/N]");
            stdin.write_all(keys.as_bytes()).unwrap();
        }
        // Closed, it would end the terminal.
        running.stdin = Some(stdin);
        running
    }

    pub(crate) fn start(&self, aws: &Aws, arguments: &[&str]) -> Running {
        self.start_with(aws, arguments, &[])
    }

    /// Starts it against whatever is, or is not, at an address.
    pub(crate) fn start_at(&self, endpoint: &str, arguments: &[&str]) -> Running {
        self.spawn(self.command(endpoint, arguments))
    }

    pub(crate) fn start_with(&self, aws: &Aws, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = self.command(&aws.url(), arguments);
        command.envs(variables.iter().copied());
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> Running {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.0.join(format!("{name}-{number}")));
        command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
        Running { child: command.spawn().unwrap(), stdin: None, stdout, stderr }
    }

    pub(crate) fn run(&self, aws: &Aws, arguments: &[&str]) -> Ended {
        self.start(aws, arguments).end()
    }

    pub(crate) fn run_with(&self, aws: &Aws, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        self.start_with(aws, arguments, variables).end()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Running {
    /// Waits until it has said something.
    pub(crate) fn wait_for(&mut self, words: &str) {
        let stderr = self.stderr.clone();
        self.wait_until(|| read(&stderr).contains(words).then_some(()), words);
    }

    /// Waits for a line of its output that has these words.
    pub(crate) fn wait_for_line(&mut self, words: &str) -> String {
        let stdout = self.stdout.clone();
        let line = || read(&stdout).lines().find(|line| line.contains(words)).map(str::to_owned);
        self.wait_until(line, words)
    }

    fn wait_until<T>(&mut self, seen: impl Fn() -> Option<T>, words: &str) -> T {
        let began = Instant::now();
        loop {
            let is_over = self.child.try_wait().unwrap().is_some();
            if let Some(seen) = seen() {
                return seen;
            }
            let waits = !is_over && began.elapsed() < LIMIT;
            assert!(waits, "it does not say `{words}`:\n{}{}", read(&self.stdout), read(&self.stderr));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it ends. One that does not is killed, and what it said is shown.
    pub(crate) fn end(self) -> Ended {
        self.end_within(LIMIT)
    }

    fn end_within(mut self, limit: Duration) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(began.elapsed() < limit, "it does not end:\n{}{}", read(&self.stdout), read(&self.stderr));
            std::thread::sleep(Duration::from_millis(5));
        };
        Ended { status, stdout: read(&self.stdout), stderr: read(&self.stderr) }
    }
}

/// Whatever a test fails for, its command does not outlive it.
impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

impl Ended {
    /// Checks the exit status, and that each of these is said, in this order.
    #[track_caller]
    pub(crate) fn expect(&self, status: i32, said: &[&str]) -> &Self {
        let Self { status: ended, stdout, stderr } = self;
        assert_eq!(*ended, Some(status), "{stdout}\n{stderr}");
        let mut rest = stderr.as_str();
        for words in said {
            let Some((_, after)) = rest.split_once(words) else {
                panic!("`{words}` is not said, or not here:\n{stderr}")
            };
            rest = after;
        }
        self
    }
}

#[test]
fn a_command_that_does_not_end_is_killed_and_what_it_said_is_shown() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes"]);
    deploy.wait_for("UPDATE_IN_PROGRESS");
    let process = deploy.child.id();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| deploy.end_within(Duration::ZERO)));
    let said = ended.unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("it does not end:") && said.contains("UPDATE_IN_PROGRESS"), "{said}");
    assert!(!Path::new(&format!("/proc/{process}")).exists());
}
