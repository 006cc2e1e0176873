//! Where nothing listens: every command says so, and soon.

use std::time::{Duration, Instant};

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
