//! The exit status of each command where nothing is deployed: done, failed or wrong usage, and what it says then.
//!
//! Invariant: no command here reaches a network, and none writes outside the test's own folder.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A command line, the toggle, and how it has to end.
type Case<'a> = (&'a [&'a str], &'a str, i32);

fn run(arguments: &[&str], toggle: &str) -> (i32, String) {
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("xtask");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("exit-status");
    let output = Command::new(program)
        .args(arguments)
        .env("COMPLICAL_LOCAL_DIR", folder)
        .env("ENABLE_KINESIS_ANALYTICS", toggle)
        // What is handed over is built already, by the command that runs the tests.
        .env("CARGO", "/bin/true")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn check(cases: &[Case<'_>]) {
    for (arguments, toggle, wanted) in cases {
        let (status, story) = run(arguments, toggle);
        assert_eq!(status, *wanted, "{arguments:?} with the toggle {toggle:?}: {story}");
        assert_eq!(story.contains("error: "), status != 0, "{arguments:?} says why it fails: {story}");
    }
}

#[test]
fn what_needs_neither_account_nor_system_is_done() {
    check(&[
        (&["cost"], "", 0),
        (&["cost", "--calls", "0", "--json"], "on", 0),
        (&["cost", "--local"], "on", 0),
        (&["completions", "bash"], "", 0),
        (&["diff", "--against", "snapshots"], "on", 0),
        (&["diff", "--against", "snapshots", "--env", "prod", "--json"], "off", 0),
    ]);
}

#[test]
fn what_cannot_be_is_wrong_usage_before_anything_is_asked() {
    check(&[
        (&["synth", "--env", "nowhere"], "", 2),
        (&["cost", "--env", "nowhere"], "", 2),
        (&["diff", "--against", "snapshots", "--env", "nowhere"], "", 2),
        (&["diff", "CompliCal-API-prod", "--against", "snapshots"], "", 2),
        (&["diff", "--against", "snapshots", "--drift"], "", 2),
        (&["destroy", "--local"], "on", 2),
        (&["destroy", "CompliCal-API-prod", "--local"], "off", 2),
        (&["logs", "no-such-function", "--local"], "", 2),
        (&["logs", "stream-processor", "--local", "--follow", "--json"], "", 2),
        (&["status", "--local", "--watch", "--json"], "", 2),
        (&["scale", "--local"], "", 2),
        (&["users", "token"], "", 2),
    ]);
}

#[test]
fn a_toggle_that_is_neither_on_nor_off_is_wrong_usage_for_every_command_that_it_means_something_to() {
    let commands: [&[&str]; 8] = [
        &["synth"],
        &["diff", "--local"],
        &["deploy", "--local"],
        &["destroy", "--local"],
        &["verify", "--local"],
        &["status", "--local"],
        &["errors", "list", "--local"],
        &["local", "--port", "0"],
    ];
    for command in commands {
        let (status, story) = run(command, "maybe");
        assert_eq!(status, 2, "{command:?}: {story}");
        assert!(story.contains("ENABLE_KINESIS_ANALYTICS"), "{command:?}: {story}");
    }
}

#[test]
fn without_the_local_system_each_command_fails_and_says_how_to_start_it() {
    let commands: [&[&str]; 14] = [
        &["diff"],
        &["deploy", "--yes"],
        &["destroy", "CompliCal-API-test", "--yes"],
        &["verify"],
        &["status"],
        &["logs", "stream-processor"],
        &["errors", "list"],
        &["errors", "show", "id"],
        &["errors", "replay"],
        &["scale", "--shards", "4"],
        &["keys", "list", "--email", "a@example.com"],
        &["keys", "revoke", "k_1", "--email", "a@example.com"],
        &["users", "token"],
        &["users", "list"],
    ];
    for command in commands {
        let (status, story) = run(&[command, &["--local"]].concat(), "off");
        // `diff` keeps 1 for "something would change".
        assert_eq!(status, if command == ["diff"] { 3 } else { 1 }, "{command:?}: {story}");
        assert!(story.contains("hint: start it with `cargo xtask local`"), "{command:?}: {story}");
    }
}
