//! The exit status of each command where nothing is deployed: done, failed or wrong usage, and what it says then.
//!
//! Invariant: no command here reaches a network, and none writes outside the test's own folder.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A command line, the toggle, and how it has to end.
type Case<'a> = (&'a [&'a str], &'a str, i32);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("exit-status")
}

fn program() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("xtask")
}

fn command(arguments: &[&str], toggle: &str) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .env("COMPLICAL_LOCAL_DIR", folder())
        .env("ENABLE_KINESIS_ANALYTICS", toggle)
        // What is handed over is built already, by the command that runs the tests.
        .env("CARGO", "/bin/true")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str], toggle: &str) -> (i32, String) {
    ended(&command(arguments, toggle).output().unwrap())
}

fn ended(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
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
        (&["scale", "--local", "--shards", "17"], "", 2),
        (&["scale", "--local", "--shards", "200"], "", 2),
        (&["scale", "--local", "--on-demand"], "", 2),
        (&["users", "token"], "", 2),
        (&["export", "--local"], "", 2),
        (&["export", "--local", "--out", "calls.xml", "--format", "xml"], "", 2),
        (&["load", "--local", "--rate", "0", "--duration", "1s"], "", 2),
        (&["load", "--local", "--rate", "1", "--duration", "1"], "", 2),
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
    let commands: [&[&str]; 16] = [
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
        &["load", "--rate", "1", "--duration", "1s"],
        &["export", "--email", "a@example.com", "--out", "calls.csv"],
    ];
    for command in commands {
        let (status, story) = run(&[command, &["--local"]].concat(), "off");
        // `diff` keeps 1 for "something would change".
        assert_eq!(status, if command == ["diff"] { 3 } else { 1 }, "{command:?}: {story}");
        assert!(story.contains("hint: start it with `cargo xtask local`"), "{command:?}: {story}");
    }
}

/// What prints without an account or a system, and the status of a failure.
const PRINTING: [(&[&str], i32); 11] = [
    (&["--help"], 1),
    (&["help", "keys"], 1),
    (&["users", "create", "--help"], 1),
    (&["completions", "bash"], 1),
    (&["completions", "zsh"], 1),
    (&["synth"], 1),
    (&["cost"], 1),
    (&["cost", "--json"], 1),
    (&["cost", "--help"], 1),
    // `diff` keeps 1 for "something would change".
    (&["diff", "--against", "snapshots"], 3),
    (&["diff", "--against", "snapshots", "--json"], 3),
];

#[test]
fn output_that_cannot_be_written_fails_every_command() {
    for (arguments, failed) in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(arguments, "on").stdout(full).stderr(Stdio::piped()).output().unwrap();
        let (status, story) = ended(&output);
        assert_eq!(status, failed, "{arguments:?}: {story}");
        assert!(story.contains("error: standard output cannot be written: No space left"), "{arguments:?}: {story}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_no_failure() {
    for (arguments, _) in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments, "on").stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ended(&output).0, 0, "{arguments:?}: {}", ended(&output).1);
    }
}

#[test]
fn a_story_that_cannot_be_written_stops_nothing() {
    for (arguments, _) in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(arguments, "on").stdout(Stdio::piped()).stderr(full).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{arguments:?}: {}", output.status);
    }
}

#[test]
fn templates_for_which_there_is_no_room_are_not_half_written() {
    let out = folder().join("no-room");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).unwrap();
    // Two blocks of 512 bytes are less than any template; ignored, the signal becomes an error of the write.
    let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
    let mut limited = Command::new("sh");
    limited.args(["-c", script]).arg(program()).args(["synth", "--out"]).arg(&out).stdin(Stdio::null());
    let (status, story) = ended(&limited.env("ENABLE_KINESIS_ANALYTICS", "on").output().unwrap());
    assert_eq!(status, 1, "{story}");
    assert!(story.contains("error: cannot write ") && story.contains(".template.json"), "{story}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn settings_that_cannot_be_read_say_why_and_only_absent_ones_are_wrong_usage() {
    let environments = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stacks/environments");
    let mine = format!("unreadable-{}", std::process::id());
    let path = environments.join(format!("{mine}.toml"));
    let synth = || run(&["synth", "--env", &mine, "--out", folder().join("unreadable").to_str().unwrap()], "on");
    let (status, story) = synth();
    assert_eq!(status, 2, "{story}");
    assert!(story.contains("has no settings"), "{story}");
    fs::write(&path, b"# one\n# caf\xe9\n").unwrap();
    let latin_1 = synth();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let folder = synth();
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("nowhere.toml", &path).unwrap();
    let nowhere = synth();
    fs::remove_file(&path).unwrap();
    for ((status, story), cause) in
        [(latin_1, "line 2 is not UTF-8"), (folder, "Is a directory"), (nowhere, "No such file")]
    {
        assert_eq!(status, 1, "{story}");
        let named = story.contains(&format!("cannot read {}: {cause}", path.display()));
        assert!(named && !story.contains("has no settings"), "{cause}: {story}");
    }
}
