//! What a web page can do to the running system: nothing. A real browser tries.
//!
//! Invariant: each attempt is one that the browser really makes, and that would succeed: the same page makes it on a
//! server that refuses nothing, and a program makes it on the system.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

const PAGE: &str = include_str!("web_page/attempts.html");
/// The page's host, which the browser is told to find on this machine: as after a rebinding of its name.
const ELSEWHERE: &str = "evil.test";
/// Where a bucket is made.
const BUCKET: &str = "<CreateBucketConfiguration><LocationConstraint>ap-south-1</LocationConstraint>\
                      </CreateBucketConfiguration>";
/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn no_web_page_can_read_or_change_anything_while_programs_go_on_as_before() {
    let Some(browser) = chromium::installed().map(Browser) else { return };
    let local = Local::up();
    let endpoint = local.text("endpointUrl").to_owned();
    let port = endpoint.rsplit(':').next().unwrap();
    let function = function_of_a_page(&local);
    local.aws("PUT", "s3", "/kept", "", BUCKET);
    let before = Stored::read(&local);

    let control = Server::start();
    let attempts = |page: &str, on: &str| {
        let settings = json!({"address": on, "functionBody": function}).to_string();
        let url = format!("http://{page}:{}/page#{}", control.port, encoded(&settings));
        browser.show(&url);
        let told = control.told.0.lock().unwrap().take();
        serde_json::from_str::<BTreeMap<String, Value>>(&told.unwrap()).unwrap()
    };

    // Everything is sent, and what the page may read it reads, where nothing is refused.
    let open = Server::start();
    let seen = attempts(ELSEWHERE, &format!("http://127.0.0.1:{}", open.port));
    assert_eq!(seen["list buckets"], "200 open", "{seen:?}");
    let asked = open.asked();
    for request in
        ["POST /2015-03-31/functions", "POST /_ministack/reset", "POST /kept/by-a-beacon", "DELETE /kept", "GET /"]
    {
        assert!(asked.iter().any(|line| line.starts_with(&format!("{request} "))), "{request}: {asked:#?}");
    }
    for name in ["by-an-image", "by-a-script", "by-a-frame"] {
        assert!(
            asked.iter().any(|line| line.starts_with(&format!("GET /?Action=CreateTopic&Name={name} "))),
            "{asked:#?}"
        );
    }

    // By another site, by another port of this machine, and by a name that is given this machine's address.
    for (page, on) in
        [(ELSEWHERE, "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), (ELSEWHERE, ELSEWHERE)]
    {
        let seen = attempts(page, &format!("http://{on}:{port}"));
        for name in ["create function readably", "scan", "list buckets", "delete bucket", "put object", "web socket"] {
            assert_eq!(seen[name], "refused", "a page of {page} on {on}: {seen:?}");
        }
        assert_eq!(Stored::read(&local), before, "a page of {page} on {on}");
    }

    // The browser's own window at an address that somebody else's name has: same origin, and no field says who asks.
    let rebound = browser.show(&format!("http://{ELSEWHERE}:{port}/?Action=CreateTopic&Name=rebound"));
    assert!(rebound.contains("is not this system"), "{rebound}");
    // A page that leaves for the API.
    for (path, is_refused) in [("/v1/deadlines", true), ("/dashboard", false)] {
        let to = format!("{}{path}", local.text("apiUrl"));
        let shown = browser.show(&format!("http://{ELSEWHERE}:{}/leave?{to}", control.port));
        assert_eq!(shown.contains("a page of another site"), is_refused, "{shown}");
        assert!(shown.contains("</body>") && !shown.contains("leaving"), "{shown}");
    }
    assert_eq!(Stored::read(&local), before);

    // What was refused to pages a program may do, with the very same body.
    let created = local.aws("POST", "lambda", "/2015-03-31/functions", "", &function);
    assert!(created.contains("of-a-page"), "{created}");
    assert_ne!(Stored::read(&local), before);
    local.aws("POST", "sns", "/?Action=CreateTopic&Name=by-a-program", "", "");
    assert_eq!(local.call(local.text("apiKey")), 200);
}

/// What would be changed.
#[derive(Debug, PartialEq, Eq)]
struct Stored {
    functions: BTreeSet<String>,
    objects: String,
    topics: String,
    keys: Value,
}

impl Stored {
    fn read(local: &Local) -> Self {
        let functions: Value =
            serde_json::from_str(&local.aws("GET", "lambda", "/2015-03-31/functions/", "", "")).unwrap();
        let names = functions["Functions"].as_array().unwrap().iter();
        let topics = local.aws("POST", "sns", "/?Action=ListTopics", "", "");
        let listed = local.aws("GET", "s3", "/kept?list-type=2", "", "");
        Self {
            functions: names.map(|function| function["FunctionName"].as_str().unwrap().to_owned()).collect(),
            // Each answer has an id of its own.
            objects: listed,
            topics: topics.split("<ResponseMetadata>").next().unwrap().to_owned(),
            keys: reconciliation::dynamodb(local, "Scan", &json!({"TableName": "complical-api-keys-test"}))["Count"]
                .take(),
        }
    }
}

/// The request for a function that would run, in the role of one that does.
fn function_of_a_page(local: &Local) -> String {
    let functions: Value = serde_json::from_str(&local.aws("GET", "lambda", "/2015-03-31/functions/", "", "")).unwrap();
    // A zip archive of nothing: its end record alone.
    let mut nothing = b"PK\x05\x06".to_vec();
    nothing.resize(22, 0);
    json!({
        "FunctionName": "of-a-page", "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Role": functions["Functions"][0]["Role"], "Code": {"ZipFile": STANDARD.encode(nothing)},
    })
    .to_string()
}

/// A text as part of an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

struct Browser(PathBuf);

impl Browser {
    /// What a page shows in the end.
    fn show(&self, url: &str) -> String {
        let profile = binaries().join(format!("../tmp/browser-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&profile);
        let mut command = Command::new(&self.0);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.arg(format!("--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"));
        command.arg(format!("--user-data-dir={}", profile.display()));
        command.args(["--dump-dom", url]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn();
        let mut child = started.unwrap_or_else(|error| {
            panic!("cannot start {}: {error}: run `cargo xtask test`, or install Chromium", self.0.display())
        });
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("the browser does not end at {url}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut shown = String::new();
        child.stdout.unwrap().read_to_string(&mut shown).unwrap();
        let _ = std::fs::remove_dir_all(&profile);
        shown
    }
}

/// A server that answers everybody, and remembers what it was asked. It goes on until the tests' process ends.
#[derive(Clone)]
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    /// What a page of it has told it.
    told: Arc<(Mutex<Option<String>>, Condvar)>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, asked: Arc::default(), told: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = serving.clone();
                // A browser opens connections that it does not use.
                std::thread::spawn(move || server.answer(client).unwrap_or_default());
            }
        });
        server
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Answers one request.
    fn answer(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let (mut request, mut length) = (String::new(), 0);
        reader.read_line(&mut request)?;
        for field in reader.by_ref().lines() {
            let field = field?.to_ascii_lowercase();
            if field.is_empty() {
                break;
            }
            length = field.strip_prefix("content-length:").map_or(length, |length| length.trim().parse().unwrap_or(0));
        }
        let mut sent = vec![0; length];
        // A connection that is closed with something unread may lose its answer.
        reader.read_exact(&mut sent)?;
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(request);
        let (told, is_told) = &*self.told;
        let body = match path.split_once('?').unwrap_or((&path, "")) {
            ("/page", _) => PAGE.to_owned(),
            ("/told", _) => {
                *told.lock().unwrap() = Some(String::from_utf8_lossy(&sent).into_owned());
                is_told.notify_all();
                String::new()
            }
            ("/until-told", _) => {
                drop(is_told.wait_timeout_while(told.lock().unwrap(), PATIENCE, |told| told.is_none()));
                String::new()
            }
            // Never loaded itself: the browser stays until it has loaded what the page leaves for.
            ("/leave", to) => format!("leaving<img src='/until-told'><script>location.href = '{to}'</script>"),
            _ => "open".to_owned(),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\n\
             Access-Control-Allow-Methods: *\r\nAccess-Control-Allow-Headers: *, authorization\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        client.write_all((head + &body).as_bytes())
    }
}
