//! Where nobody answers, or nobody of AWS: every command says so, and soon.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use crate::aws::Aws;
use crate::command::Workshop;

/// Every command that asks AWS for something, without those that only differ in a flag.
const COMMANDS: [&[&str]; 17] = [
    &["deploy", "--yes"],
    &["destroy", "--yes"],
    &["diff"],
    &["diff", "--drift"],
    &["verify"],
    &["status"],
    &["logs", "stream-processor"],
    &["errors", "list"],
    &["errors", "show", "id"],
    &["errors", "replay"],
    &["scale", "--on-demand"],
    &["keys", "list", "--email", "a@example.com"],
    &["keys", "create", "--email", "a@example.com"],
    &["users", "list"],
    &["users", "create", "--email", "a@example.com", "--password", "p"],
    &["users", "set", "--email", "a@example.com", "--quota", "5"],
    &["users", "token", "--email", "a@example.com", "--password", "p"],
];

/// How long a person waits at most to hear that nothing is there.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

#[test]
fn a_refused_connection_is_told_at_once_by_every_command() {
    let workshop = Workshop::new();
    // Its port is free again when it has gone.
    let nowhere = Aws::empty().url();
    for arguments in COMMANDS {
        let began = Instant::now();
        let ended = workshop.start_at(&nowhere, arguments).end();
        let took = began.elapsed();
        let status = if arguments[0] == "diff" { 3 } else { 1 };
        let said = format!("nothing answers at {nowhere}: Connection refused");
        ended.expect(status, &[&said, "hint: check the network, --region and --endpoint-url"]);
        assert!(took < TOLD_WITHIN, "{arguments:?} took {took:?}");
    }
}

/// Takes no connection and refuses none, as an address behind a firewall does: there is no room to wait in.
struct BlackHole {
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap().into_std().unwrap();
        let address = listener.local_addr().unwrap();
        // Until no further one is taken, because nobody accepts them.
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
        let waiting = std::iter::from_fn(connect).collect();
        Self { listener, _waiting: waiting }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_swallows_connections_is_told_soon() {
    let hole = BlackHole::new();
    let nowhere = format!("http://{}", hole.listener.local_addr().unwrap());
    let ended = Workshop::new().start_at(&nowhere, &["keys", "list", "--email", "a@example.com"]).end();
    let said = format!("nothing answers at {nowhere}: no connection within 2.5 s");
    ended.expect(1, &[&said, "hint: check the network, --region and --endpoint-url"]);
}

#[test]
fn an_endpoint_that_takes_connections_and_says_nothing_is_told_within_half_a_minute() {
    // The system takes connections for it; nobody reads what they bring.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", mute.local_addr().unwrap());
    let ended = Workshop::new().start_at(&nowhere, &["keys", "list", "--email", "a@example.com"]).end();
    let said = format!("nothing answers at {nowhere}: no answer within 30 s");
    ended.expect(1, &[&said, "hint: check the network, --region and --endpoint-url"]);
}

#[test]
fn an_endpoint_that_keeps_failing_is_asked_a_few_times_and_people_hear_of_it() {
    let aws = Aws::empty();
    aws.answer("dynamodb Query", 500, "");
    let ended = Workshop::new().run(&aws, &["keys", "list", "--email", "a@example.com"]);
    let waits = format!("{}: HTTP 500; asking again up to 4 times, with 11 s of pauses at most", aws.url());
    let failed = "error: cannot list the keys of a@example.com: the answer is HTTP 500 and not one of DynamoDB's";
    ended.expect(1, &[&waits, failed]);
    assert_eq!(aws.calls("dynamodb Query").len(), 5);
}

#[test]
fn credentials_that_cannot_be_had_are_no_answer_of_aws() {
    let (aws, metadata) = (Aws::empty(), Aws::empty());
    metadata.answer(" PUT /latest/api/token", 403, "");
    let metadata = metadata.url();
    for (variable, value, why) in [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str(), "the credentials cannot be read: failed to load IMDS"),
        ("AWS_EC2_METADATA_DISABLED", "true", "there are no credentials"),
    ] {
        let variables = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), (variable, value)];
        for (arguments, what) in [
            (&["keys", "list", "--email", "a@example.com"][..], "list the keys of a@example.com"),
            (&["verify"], "find out the account"),
        ] {
            let ended = Workshop::new().run_with(&aws, arguments, &variables);
            let error = format!("error: cannot {what}: {why}");
            ended.expect(1, &[&error, "hint: no credentials: set --profile or AWS_ACCESS_KEY_ID"]);
        }
    }
}
