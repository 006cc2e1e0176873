//! The front over bare sockets: what reaches the emulator, and what comes back.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;

/// How long what has to come may take, and how long nothing has to come.
const SOON: Duration = Duration::from_secs(10);
const A_WHILE: Duration = Duration::from_millis(100);

/// A front, and the port behind it where the emulator would listen.
struct World {
    serving: Serving,
    port: u16,
    emulator: TcpListener,
}

impl World {
    async fn new() -> Self {
        let emulator = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/secret", emulator.local_addr().unwrap()).parse().unwrap();
        let front = Front::take(0).await.unwrap();
        let (port, functions) = (front.port(), front.endpoint());
        Self { serving: front.serve(address, &functions), port, emulator }
    }

    /// Sends what a client would; `PORT` stands for the front's.
    async fn send(&self, request: &str) -> TcpStream {
        let mut client = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        client.write_all(request.replace("PORT", &self.port.to_string()).as_bytes()).await.unwrap();
        client
    }

    /// What the emulator is sent first of a connection.
    async fn taken(&self) -> (TcpStream, String) {
        let (mut connection, _) = timeout(SOON, self.emulator.accept()).await.unwrap().unwrap();
        let head = read_until(&mut connection, "\r\n\r\n").await;
        (connection, head)
    }

    async fn reaches_nobody(&self) -> bool {
        timeout(A_WHILE, self.emulator.accept()).await.is_err()
    }
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let byte = timeout(SOON, stream.read_u8()).await.unwrap_or_else(|_| panic!("no {end:?} after {text:?}"));
        text.push(char::from(byte.unwrap_or_else(|error| panic!("{error} after {text:?}"))));
    }
    text
}

#[tokio::test]
async fn what_is_refused_never_reaches_the_emulator_and_no_answer_invites_a_page() {
    let world = World::new().await;
    let refused = [
        (
            "POST /2015-03-31/functions HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\noRiGiN: https://evil.test\r\ncontent-length: 2\r\n\r\n{}",
            403,
        ),
        ("POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n", 403),
        (
            "OPTIONS / HTTP/1.1\r\nHost: localhost:PORT\r\nOrigin: http://localhost:8080\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
            403,
        ),
        (
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:PORT\r\nORIGIN: http://evil.test\r\nContent-Length: 0\r\n\r\n",
            403,
        ),
        ("GET /?Action=DeleteStack HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nSEC-FETCH-SITE: cross-site\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nsec-fetch-site: same-site\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.test:PORT\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: evil.test:PORT\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: localhost.:PORT\r\n\r\n", 403),
        ("GET http://evil.test:PORT/ HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHOST: 127.0.0.1:PORT\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\n\r\n", 400),
        ("CONNECT 127.0.0.1:PORT HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 400),
        ("POST /_ministack/reset HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\n\r\n", 403),
        ("POST /%5Fministack/reset HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 0\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 403),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n Origin: http://evil.test\r\n\r\n", 400),
    ];
    for (request, status) in refused {
        let mut client = world.send(request).await;
        let head = read_until(&mut client, "\r\n\r\n").await;
        assert!(head.split(' ').nth(1) == Some(&status.to_string()), "{request}{head}");
        assert!(!head.to_ascii_lowercase().contains("access-control-"), "{head}");
    }
    assert!(world.reaches_nobody().await);
}

#[tokio::test]
async fn what_is_admitted_is_passed_on_as_it_is_below_the_secret_and_its_answer_without_invitations() {
    let world = World::new().await;
    let mut client = world
        .send(
            "GET /a%20b?c=%2F&d HTTP/1.1\r\nHost: a1.execute-api.LOCALHOST:PORT\r\nX-Api-Key: k\r\nAccept: */*\r\n\
             Accept: text/x\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nUpgrade: h2c\r\n\r\n",
        )
        .await;
    let (mut emulator, head) = world.taken().await;
    let port = world.port;
    assert!(head.starts_with("GET /secret/a%20b?c=%2F&d HTTP/1.1\r\n"), "{head}");
    for field in [&format!("host: a1.execute-api.LOCALHOST:{port}"), "x-api-key: k", "accept: */*", "accept: text/x"] {
        assert!(head.contains(&format!("{field}\r\n")), "{field}: {head}");
    }
    assert!(!head.contains("hop") && !head.contains("h2c"), "{head}");
    let answer = "HTTP/1.1 201 Created\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n\
                  X-Request-Id: r-1\r\nContent-Length: 2\r\n\r\n{}";
    emulator.write_all(answer.as_bytes()).await.unwrap();
    let answer = read_until(&mut client, "{}").await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n") && answer.contains("x-request-id: r-1\r\n"), "{answer}");
    assert!(answer.contains("content-length: 2\r\n"), "{answer}");
    assert!(!answer.contains("access-control-"), "{answer}");
}

#[tokio::test]
async fn bodies_pass_both_ways_as_they_come_and_connections_are_kept() {
    let world = World::new().await;
    let mut client = world.send("PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 8\r\n\r\nhalf").await;
    let (mut emulator, _) = world.taken().await;
    assert_eq!(read_until(&mut emulator, "half").await, "half");
    client.write_all(b"rest").await.unwrap();
    assert_eq!(read_until(&mut emulator, "rest").await, "rest");
    emulator.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await.unwrap();
    read_until(&mut client, "5\r\nfirst\r\n").await;
    emulator.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await.unwrap();
    read_until(&mut client, "6\r\nsecond\r\n0\r\n\r\n").await;
    let again = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", world.port);
    client.write_all(again.as_bytes()).await.unwrap();
    let head = read_until(&mut emulator, "\r\n\r\n").await;
    assert!(head.starts_with("GET /secret/ HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let world = World::new().await;
    let mut client = world
        .send("PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await;
    read_until(&mut client, "HTTP/1.1 100 Continue\r\n\r\n").await;
    client.write_all(b"body").await.unwrap();
    let (mut emulator, head) = world.taken().await;
    assert!(!head.contains("expect:"), "{head}");
    assert_eq!(read_until(&mut emulator, "body").await, "body");
}

#[tokio::test]
async fn a_length_beside_chunks_is_not_passed_on() {
    let world = World::new().await;
    world
        .send(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
             1\r\na\r\n0\r\n\r\n",
        )
        .await;
    let (_, head) = world.taken().await;
    assert!(head.contains("transfer-encoding: chunked\r\n") && !head.contains("content-length"), "{head}");
}

#[tokio::test]
async fn a_put_on_the_stream_is_told_of_once_it_is_answered() {
    let world = World::new().await;
    let mut changes = world.serving.stream_changes();
    let put = "POST / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Length: 2\r\n\r\n{}";
    let mut client = world.send(put).await;
    let (mut emulator, _) = world.taken().await;
    assert!(!changes.has_changed().unwrap());
    emulator.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    timeout(SOON, changes.changed()).await.unwrap().unwrap();
    read_until(&mut client, "\r\n\r\n").await;
}

#[tokio::test]
async fn an_emulator_that_is_gone_is_said_to_be() {
    let World { serving: _serving, port, emulator } = World::new().await;
    drop(emulator);
    let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    client.write_all(format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").as_bytes()).await.unwrap();
    let answer = read_until(&mut client, "}}").await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("the emulator does not answer"), "{answer}");
}

#[tokio::test]
async fn a_port_in_use_is_refused_with_a_way_out() {
    let taken = Front::take(0).await.unwrap();
    let error = Front::take(taken.port()).await.unwrap_err();
    assert!(error.downcast_ref::<Failure>().unwrap().hints()[0].contains("--port"));
}
