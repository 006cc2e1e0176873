//! A service of a few lines, which answers what a test has laid ready and keeps what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// An answer that never comes.
pub(crate) const SILENCE: (u16, &str) = (0, "");
/// A connection that ends in place of an answer.
pub(crate) const HANG_UP: (u16, &str) = (1, "");

/// The requests so far, and the answers to come; the last one repeats.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<(Vec<Asked>, Answers)>>);

type Answers = VecDeque<(u16, &'static str)>;

/// A request, as it came.
#[derive(Clone)]
pub(crate) struct Asked {
    /// Method, path and version.
    pub(crate) line: String,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn operation(&self) -> &str {
        &self.headers["x-amz-target"]
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Fake {
    /// Starts it; returns its address too.
    pub(crate) async fn start(answers: impl IntoIterator<Item = (u16, &'static str)>) -> (Self, String) {
        let fake = Self::default();
        fake.0.lock().unwrap().1.extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(connection));
            }
        });
        (fake, url)
    }

    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.0.lock().unwrap().0.clone()
    }

    async fn serve(self, connection: TcpStream) {
        let mut connection = BufReader::new(connection);
        while let Some(request) = read(&mut connection).await {
            let answer = {
                let mut held = self.0.lock().unwrap();
                held.0.push(request);
                if held.1.len() > 1 { held.1.pop_front() } else { held.1.front().copied() }.unwrap()
            };
            match answer {
                SILENCE => return std::future::pending().await,
                HANG_UP => return,
                (status, body) => {
                    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
                    connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                }
            }
        }
    }
}

async fn read(connection: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut headers = BTreeMap::new();
    let mut first = String::new();
    connection.read_line(&mut first).await.ok().filter(|bytes| *bytes > 0)?;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None if line.trim().is_empty() => break,
            None => None,
        };
    }
    // A request without a body need not say so.
    let mut body = vec![0; headers.get("content-length").map_or(0, |length: &String| length.parse().unwrap())];
    connection.read_exact(&mut body).await.ok()?;
    Some(Asked { line: first.trim().to_owned(), headers, body })
}
