//! A real browser with one page, told what to do by the DevTools protocol.
//!
//! Invariant: whatever becomes of the test, the browser ends with the value, and its profile with it.

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::binaries;

/// Set by `cargo xtask test`: the browser; nothing where none is installed, which it says.
const BROWSER: &str = "CHROMIUM";
/// How long a page may take for anything, on a machine with much else to do: the names of everybody's calls are there
/// once their minute is set, up to 130 seconds after it began, and lists are looked at every ten.
const PATIENCE: Duration = Duration::from_secs(240);
/// How often a page is looked at that is waited for.
const PAUSE: Duration = Duration::from_millis(25);

/// The browser's program, unless `cargo xtask test` has said that the test is left out for want of one.
pub(super) fn installed() -> Option<PathBuf> {
    match std::env::var_os(BROWSER) {
        Some(none) if none.is_empty() => None,
        Some(path) => Some(path.into()),
        None => Some("chromium".into()),
    }
}

/// A running browser and its page.
pub(super) struct Chromium {
    child: Child,
    commands: RefCell<ChildStdin>,
    messages: Receiver<Value>,
    /// What the page has done since it was asked.
    events: RefCell<Vec<Value>>,
    ids: Cell<u64>,
    session: String,
    profile: PathBuf,
}

impl Chromium {
    pub(super) fn start(program: &PathBuf) -> Self {
        let profile = binaries().join(format!("../tmp/devtools-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&profile);
        let mut command = Command::new("sh");
        // The protocol is spoken on the third and fourth descriptor, each message with a zero behind it.
        command.args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#, "sh"]).arg(program);
        command.args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--lang=en-AU"]);
        command.arg("--js-flags=--expose-gc").arg(format!("--user-data-dir={}", profile.display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, mut answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            loop {
                let mut message = Vec::new();
                if answers.read_until(0, &mut message).is_err() || message.pop() != Some(0) {
                    return;
                }
                let _ = sender.send(serde_json::from_slice::<Value>(&message).unwrap());
            }
        });
        let mut browser = Self {
            child,
            commands: RefCell::new(commands),
            messages,
            events: RefCell::default(),
            ids: Cell::default(),
            session: String::new(),
            profile,
        };
        let target = browser.tell("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached =
            browser.tell("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log", "Performance"] {
            browser.tell(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Has a command of the protocol carried out; gives its result.
    pub(super) fn tell(&self, method: &str, parameters: &Value) -> Value {
        let id = self.ids.get() + 1;
        self.ids.set(id);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.commands.borrow_mut().write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.events.borrow_mut().push(message);
        }
    }

    /// The events of a name so far.
    pub(super) fn events(&self, name: &str) -> Vec<Value> {
        self.run("0");
        let events = self.events.borrow();
        events.iter().filter(|event| event["method"] == name).map(|event| event["params"].clone()).collect()
    }

    /// The value of an expression on the page.
    pub(super) fn run(&self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.tell("Runtime.evaluate", &parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    pub(super) fn text(&self, selector: &str) -> String {
        let read = self.run(&format!("document.querySelector({}).innerText", json!(selector)));
        read.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true, which `what` says; gives how long that took.
    pub(super) fn wait(&self, what: &str, expression: &str) -> Duration {
        let began = Instant::now();
        while self.run(&format!("Boolean({expression})")) != json!(true) {
            let shown = || self.run("document.body.innerText");
            assert!(began.elapsed() < PATIENCE, "{what}: never. The page shows {}", shown());
            std::thread::sleep(PAUSE);
        }
        began.elapsed()
    }

    pub(super) fn open(&self, url: &str) {
        self.tell("Page.navigate", &json!({ "url": url }));
        self.wait("the page is loaded", "document.readyState === 'complete'");
    }

    /// Presses a key and lets it go.
    pub(super) fn press(&self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            letter => letter.to_ascii_uppercase().as_bytes()[0].into(),
        };
        let text = if key == "Enter" {
            "\r"
        } else if key.len() == 1 {
            key
        } else {
            ""
        };
        let mut pressed = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
        if !text.is_empty() {
            pressed["text"] = json!(text);
        }
        self.tell("Input.dispatchKeyEvent", &pressed);
        self.tell("Input.dispatchKeyEvent", &json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }));
    }

    pub(super) fn write(&self, selector: &str, text: &str) {
        self.run(&format!(
            "document.querySelector({0}).focus(), document.querySelector({0}).select()",
            json!(selector)
        ));
        self.tell("Input.insertText", &json!({ "text": text }));
    }

    pub(super) fn click(&self, selector: &str) {
        self.run(&format!("document.querySelector({}).click()", json!(selector)));
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Its processes end with the one that they are children of.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
