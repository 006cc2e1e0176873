//! Something on loopback that answers as a service would, for tests of what the local system does not do.
//!
//! Invariant: an answer is what the test says, whatever is asked.

#![expect(clippy::expect_used, reason = "a test without its service has nothing to say")]

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is asked: the operation's name, and the request's body.
pub type Answers = dyn Fn(&str, &str) -> Answer + Send + Sync;

/// A status and a body.
#[derive(Clone, Debug)]
pub struct Answer(pub u16, pub String);

impl Answer {
    /// The answer of a service of the query protocol.
    pub fn query(operation: &str, result: &str) -> Self {
        let result = format!("<{operation}Result>{result}</{operation}Result>");
        Self(200, format!("<{operation}Response>{result}</{operation}Response>"))
    }

    /// Its refusal.
    pub fn refusal(code: &str, message: &str) -> Self {
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        Self(400, format!("<ErrorResponse>{error}</ErrorResponse>"))
    }
}

/// Starts it; returns its endpoint. It ends with the test's runtime.
pub fn start(answers: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    let listener = TcpListener::from_std(listener).expect("a runtime is there");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let answers: Arc<Answers> = Arc::new(answers);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, Arc::clone(&answers)));
        }
    });
    endpoint
}

async fn serve(connection: TcpStream, answers: Arc<Answers>) {
    let mut connection = BufReader::new(connection);
    while let Some((target, body)) = read(&mut connection).await {
        // Services of the query protocol name the operation in the body, those of JSON in a header.
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let operation = action.unwrap_or_else(|| target.rsplit('.').next().unwrap_or_default());
        let Answer(status, answer) = answers(operation, &body);
        let kind = if answer.starts_with('<') { "text/xml" } else { "application/x-amz-json-1.1" };
        let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {}", answer.len());
        connection.write_all(format!("{head}\r\n\r\n{answer}").as_bytes()).await.expect("who asked is there");
    }
}

/// A request's target and body; nothing when the client is gone.
async fn read(connection: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let (mut target, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((key, value)) if key.eq_ignore_ascii_case("x-amz-target") => target = value.to_owned(),
            Some((key, value)) if key.eq_ignore_ascii_case("content-length") => {
                length = value.parse().expect("a length is a number")
            }
            _ if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    Some((target, String::from_utf8(body).expect("a request is text")))
}
