//! A small HTTP server on loopback, one thread a connection.
//!
//! Invariant: it ends with the value that holds it; what it serves is another module's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A status and a body.
#[derive(Clone, Debug)]
pub(crate) struct Response(pub(crate) u16, pub(crate) String);

/// What answers.
pub(crate) type Answer = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    over: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, over: Arc::default(), gone: Arc::default() };
        let (over, gone) = (Arc::clone(&server.over), Arc::clone(&server.gone));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, gone) = (Arc::clone(&answer), Arc::clone(&gone));
                std::thread::spawn(move || serve(stream.unwrap(), &answer, &gone));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on every connection breaks, or works again.
    pub(crate) fn be_gone(&self, gone: bool) {
        self.gone.store(gone, Ordering::SeqCst);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it is over.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The service that the request is signed for, such as `cloudformation`.
    pub(crate) fn service(&self) -> &str {
        self.header("authorization").split('/').nth(3).unwrap_or_default()
    }
}

fn serve(mut stream: TcpStream, answer: &Answer, gone: &AtomicBool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        if gone.load(Ordering::SeqCst) {
            return;
        }
        let Response(status, body) = answer(&request);
        let length = body.len();
        // A HEAD request is answered by the head alone.
        let body = if request.method == "HEAD" { "" } else { &body };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nx-amzn-requestid: r\r\n\r\n");
        if stream.write_all((head + body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&n_bytes| n_bytes > 0).map(|_| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: String::new() };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}
