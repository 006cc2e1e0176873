//! What the exchanges of a call cost with nothing around them: the least that a function can take.
//!
//! Invariant: the same three as the authorizer's, one connection to each side, no other work but to find where an
//! answer ends.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result};
use runtime_fixture::{Host, Service};

/// About what the authorizer sends and answers.
const RECORD: usize = 900;
const ANSWER: usize = 500;

/// Processor time of `calls` calls, in microseconds a call.
///
/// # Errors
/// When a side does not answer.
pub(crate) async fn measure(host: &Host, service: &Service, calls: usize) -> Result<f64> {
    let runtime = Connection::to(&host.address().to_string())?;
    let kinesis = Connection::to(service.endpoint_url.trim_start_matches("http://"))?;
    let function = std::thread::spawn(move || function(runtime, kinesis, calls));
    for _ in 0..calls {
        host.invoke("{}").await;
    }
    tokio::task::spawn_blocking(move || function.join()).await?.map_err(|_| anyhow::anyhow!("the exchanges failed"))?
}

fn function(mut runtime: Connection, mut kinesis: Connection, calls: usize) -> Result<f64> {
    let record = request("POST / HTTP/1.1\r\nx-amz-target: Kinesis_20131202.PutRecord", RECORD);
    let begun = cpu()?;
    for _ in 0..calls {
        let next = runtime.exchange(&request("GET /2018-06-01/runtime/invocation/next HTTP/1.1", 0))?;
        let id = next.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "));
        kinesis.exchange(&record)?;
        let path = format!("POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1", id.context("no request id")?);
        runtime.exchange(&request(&path, ANSWER))?;
    }
    Ok((cpu()? - begun) / 1e3 / calls as f64)
}

fn request(head: &str, length: usize) -> String {
    format!("{head}\r\nhost: loopback\r\ncontent-length: {length}\r\n\r\n{}", "0".repeat(length))
}

/// Processor time of this thread, in nanoseconds.
fn cpu() -> Result<f64> {
    let account = fs::read_to_string("/proc/thread-self/schedstat").context("/proc/thread-self/schedstat")?;
    account.split(' ').next().and_then(|time| time.parse().ok()).context("no time in schedstat")
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    fn to(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 16 * 1_024] })
    }

    /// The head of the answer to a request, read to its end.
    fn exchange(&mut self, request: &str) -> Result<String> {
        self.stream.write_all(request.as_bytes())?;
        let mut read = 0;
        loop {
            let more = self.stream.read(self.answer.get_mut(read..).context("the answer is too long")?)?;
            anyhow::ensure!(more > 0, "the connection has ended");
            read += more;
            let answer = String::from_utf8_lossy(&self.answer[..read]);
            let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.map_or(Ok(0), str::parse)? == body.len() {
                return Ok(head.to_owned());
            }
        }
    }
}
