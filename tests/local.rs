//! The whole system on this machine: real processes, a real gateway, real change sets, and every count exact.
//!
//! Invariant: it runs beside a developer's own instance, in a folder and on a port of its own, and leaves nothing.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::schema;

/// How long what was answered may take to be counted where the machine is busy, a run of the aggregator included.
const COUNTED: Duration = Duration::from_secs(150);
/// Of every user that the test makes.
const PASSWORD: &str = "Only-for-this-test-1";
/// How requests of the query protocol are encoded.
const QUERY: &str = "application/x-www-form-urlencoded";

mod calls;
mod chromium;
mod commands;
mod demo;
mod description;
mod exports;
mod faults;
mod history;
mod listeners;
mod load;
mod modes;
mod page;
mod people;
mod proxy;
mod reconciliation;
mod replay;
mod reports;
mod rollback;
mod subscription;
mod verify;
mod web_page;

/// Held by the system that runs: each takes the whole machine.
static ALONE: Mutex<()> = Mutex::new(());

/// A running local system. It ends with the value.
pub(crate) struct Local {
    folder: PathBuf,
    ready: Value,
    agent: ureq::Agent,
    /// What the system's own process has in its environment besides.
    variables: Vec<(&'static str, String)>,
    /// The schemas whose commands have answered.
    checked: Mutex<BTreeSet<String>>,
    _alone: MutexGuard<'static, ()>,
}

/// Someone who calls.
pub(crate) struct Customer {
    pub(crate) email: &'static str,
    pub(crate) key: String,
}

/// What came back of a request, and how long after it.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: Value,
    after: Duration,
}

impl Answer {
    /// Whether it is an error of ours, which an overloaded machine makes of time limits.
    fn is_error(&self) -> bool {
        self.status >= 500
    }
}

impl Local {
    pub(crate) fn up() -> Self {
        Self::up_with(&[], || (0, Vec::new()))
    }

    /// The port to listen on and the variables are asked for once nothing else runs that could take the port.
    fn up_with(flags: &[&str], settings: impl FnOnce() -> (u16, Vec<(&'static str, String)>)) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (port, variables) = settings();
        let folder = binaries().join(format!("../tmp/local-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(60))).build().new_agent();
        let mut local = Self { folder, ready: Value::Null, agent, variables, checked: Mutex::default(), _alone: alone };
        let up = ["local", "up", "--port", &port.to_string(), "--detach", "--json"];
        local.ready = local.json(&[&up[..], flags].concat());
        local
    }

    pub(crate) fn command(&self, toggle: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binaries().join("commands"));
        command
            .args(arguments)
            .env("COMPLICAL_LOCAL_DIR", &self.folder)
            .env("ENABLE_KINESIS_ANALYTICS", toggle)
            .env("COMPLICAL_PASSWORD", PASSWORD)
            // The functions are built already, by the command that runs the tests.
            .env("CARGO", "/bin/true")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            // Nobody is there to be asked, also where the tests run in a terminal.
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the command line.
    pub(crate) fn run(&self, toggle: &str, arguments: &[&str]) -> Output {
        self.command(toggle, arguments).output().unwrap()
    }

    /// Starts one, its output in pipes.
    pub(crate) fn start(&self, toggle: &str, arguments: &[&str]) -> Child {
        self.command(toggle, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn done(&self, toggle: &str, arguments: &[&str]) -> String {
        self.ends(toggle, arguments, 0).0
    }

    /// What a command prints on its way to an exit status: data and story.
    pub(crate) fn ends(&self, toggle: &str, arguments: &[&str], status: i32) -> (String, String) {
        let output = self.run(toggle, arguments);
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{stdout}\n{stderr}");
        (stdout, stderr)
    }

    /// The document of a command that ends with a status, checked against the command's schema.
    pub(crate) fn document(&self, toggle: &str, arguments: &[&str], status: i32) -> Value {
        let (stdout, stderr) = self.ends(toggle, arguments, status);
        self.read(arguments, &stdout, &stderr)
    }

    /// The document that a command has printed, checked in the same way.
    fn read(&self, arguments: &[&str], stdout: &str, stderr: &str) -> Value {
        let document = serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
        let name = schema::of(arguments);
        schema::check(&name, &document);
        self.checked.lock().unwrap().insert(name);
        document
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.document("on", arguments, 0)
    }

    /// The commands with a schema that have not answered yet.
    pub(crate) fn unchecked(&self) -> BTreeSet<String> {
        &schema::all() - &self.checked.lock().unwrap()
    }

    /// A request past the command line, as another client of AWS would send it.
    pub(crate) fn aws(&self, method: &str, service: &str, path: &str, target: &str, body: &str) -> String {
        let scope = format!("Credential=test/20261124/ap-south-1/{service}/aws4_request");
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.text("endpointUrl")))
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .header("x-amz-target", target)
            .header("content-type", if target.is_empty() { QUERY } else { "application/x-amz-json-1.1" });
        let mut answer = self.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{method} {path} {target}: {} {text}", answer.status());
        text
    }

    fn text(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap()
    }

    pub(crate) fn customer(&self, email: &'static str) -> Customer {
        self.json(&["users", "create", "--local", "--json", "--email", email, "--company", "Example Pty Ltd"]);
        let made = self.json(&["keys", "create", "--local", "--json", "--email", email]);
        Customer { email, key: made["apiKey"].as_str().unwrap().to_owned() }
    }

    fn get(&self, path: &str, header: (&str, &str)) -> (u16, Value) {
        let answer = self.send(path, &[header]);
        (answer.status, answer.body)
    }

    fn send(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let began = Instant::now();
        let request = self.agent.get(format!("{}{path}", self.text("apiUrl")));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut answer = request.call().unwrap();
        let status = answer.status().as_u16();
        assert!(answer.headers().contains_key("x-request-id"), "{path}: {status} without X-Request-Id");
        let after = began.elapsed();
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        let body = answer.body_mut().read_to_string().unwrap();
        let path = path.split('?').next().unwrap();
        openapi::conformance::check(path, status, &content_type, &body).unwrap();
        Answer { status, body: serde_json::from_str(&body).unwrap(), after }
    }

    /// Makes a call; returns the status of its answer.
    pub(crate) fn call(&self, key: &str) -> u16 {
        self.ask(key, "tests").status
    }

    /// Makes a call whose event keeps a mark: the gateway does not tell the authorizer by which id the caller knows it.
    fn ask(&self, key: &str, mark: &str) -> Answer {
        let answer = self.send("/v1/deadlines?country=AU&limit=1", &[("x-api-key", key), ("user-agent", mark)]);
        match answer.status {
            200 => assert_eq!(answer.body["deadlines"][0]["country"], "AU", "{answer:?}"),
            _ => assert!(answer.body["error"]["code"].is_string(), "{answer:?}"),
        }
        answer
    }

    fn analytics(&self, path: &str) -> Value {
        let (status, body) = self.get(path, ("authorization", &format!("Bearer {}", self.text("adminToken"))));
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) fn counted(&self, email: &str) -> usize {
        let stats = self.analytics(&format!("/v1/analytics/user-stats?email={}", email.replace('#', "%23")));
        usize::try_from(stats["allTime"]["apiCalls"].as_u64().unwrap()).unwrap()
    }

    /// Waits until a customer's count is what it has to be.
    pub(crate) fn expect(&self, customer: &Customer, calls: usize) {
        let began = Instant::now();
        loop {
            let counted = self.counted(customer.email);
            if calls == counted {
                return;
            }
            assert!(began.elapsed() < COUNTED, "{}: {counted} of {calls}", customer.email);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.join("local.log")).unwrap_or_default();
            eprintln!("{log}");
        }
        let _ = self.run("on", &["local", "reset"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where the binaries under test are.
fn binaries() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}
