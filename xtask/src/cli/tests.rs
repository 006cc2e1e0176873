//! The command line as a whole: its help as it was last approved, its exit status for wrong usage, its schemas.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};

use super::*;

/// The width that help is written in, whatever terminal the tests run on.
const WIDTH: usize = 100;
/// The schema of one line of what is told as it happens; it belongs to no command alone.
const LINE: &str = "line";

/// Every command with the words that lead to it, such as `errors list`; the whole has none.
fn commands() -> Vec<(Vec<String>, Command)> {
    fn walk(words: &[String], command: &Command, found: &mut Vec<(Vec<String>, Command)>) {
        found.push((words.to_vec(), command.clone()));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            walk(&[words, &[inner.get_name().to_owned()]].concat(), inner, found);
        }
    }
    let mut whole = Cli::command();
    whole.build();
    let mut found = Vec::new();
    walk(&[], &whole, &mut found);
    found
}

fn has_json(command: &Command) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some("json"))
}

fn exit_status(words: &[&str]) -> i32 {
    let arguments = ["xtask"].iter().chain(words);
    Cli::try_parse_from(arguments).err().map_or(0, |error| error.exit_code())
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_its_output_its_exit_status_and_an_example() {
    for (words, mut command) in commands() {
        let help = command.render_long_help().to_string();
        assert!(help.contains("Example:"), "{words:?} has no example");
        assert!(help.contains("Exit status:"), "{words:?} says nothing of its exit status");
        let does_nothing_itself = command.is_subcommand_required_set();
        assert!(does_nothing_itself || help.contains("Output:"), "{words:?} says nothing of its output");
    }
}

#[test]
fn the_help_of_every_command_is_as_approved() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (words, command) in commands() {
            let name = [vec!["help".to_owned()], words].concat().join(".");
            insta::assert_snapshot!(name, command.term_width(WIDTH).render_long_help().to_string());
        }
    });
}

#[test]
fn wrong_usage_is_exit_status_2_for_every_command() {
    for (words, _) in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for wrong in ["--no-such-flag", "--env="] {
            let status = exit_status(&[&words[..], &[wrong]].concat());
            assert_eq!(status, 2, "{words:?} {wrong}");
        }
        assert_eq!(exit_status(&[&words[..], &["--help"]].concat()), 0, "{words:?}");
    }
}

#[test]
fn wrong_usage_is_told_from_right_usage() {
    let wrong: [&[&str]; 27] = [
        &["synth", "--format", "xml"],
        &["build", "--arch", "mips"],
        &["diff", "--against", "memory"],
        &["diff", "--exit-code", "256"],
        &["deploy", "--local", "--endpoint-url", "http://127.0.0.1:1"],
        &["destroy", "--confirm", "test"],
        &["destroy", "--wait", "soon"],
        &["verify", "--env", "A_b"],
        &["logs"],
        &["errors", "show"],
        &["errors", "replay", "id", "--from-log"],
        &["scale"],
        &["scale", "--shards", "0"],
        &["scale", "--shards", "2", "--on-demand"],
        &["cost", "--calls", "-1"],
        &["keys", "create", "--email", "a@b.au", "--expires-days", "0"],
        &["users", "token"],
        &["users", "set", "--email", "a@example.com"],
        &["users", "set", "--email", "a@example.com", "--admin", "--no-admin"],
        &["users", "set", "--email", "a@example.com", "--quota", "0"],
        &["users", "set", "--email", "a@example.com", "--plan", "Free"],
        &["users", "set", "--email", "a@example.com", "--plan", "free", "--no-plan"],
        &["users", "reset-password"],
        &["keys", "create", "--email", "user tag@example.com"],
        &["status", "--endpoint-url", "127.0.0.1:4571"],
        &["status", "--endpoint-url", "http://"],
        &["status", "--region", ""],
    ];
    for words in wrong {
        assert_eq!(exit_status(words), 2, "{words:?}");
    }
    let right: [&[&str]; 13] = [
        &["synth"],
        &["diff", "--drift", "--exit-code", "0"],
        &["deploy", "CompliCal-API-test", "-y"],
        &["destroy", "--delete-data", "--confirm", "test", "--wait", "900"],
        &["logs", "stream-processor", "-f"],
        &["scale", "--on-demand"],
        &["errors", "replay"],
        &["users", "token", "--local"],
        &["users", "set", "--email", "Alice@Example.com", "--quota", "5", "--no-admin"],
        &["users", "set", "--email", "a@example.com", "--no-plan"],
        &["keys", "create", "--email", " a@example.com", "--new-user"],
        &["local"],
        &["status", "--endpoint-url", "https://localhost:4571/", "--region", "us-gov-west-1"],
    ];
    for words in right {
        assert_eq!(exit_status(words), 0, "{words:?}");
    }
}

/// Every argument that takes a number, by the words of its command.
#[test]
fn every_number_is_bounded_on_both_sides() {
    let numbers: [&[&str]; 10] = [
        &["diff", "--exit-code"],
        &["destroy", "--wait"],
        &["verify", "--minutes"],
        &["logs", "stream-processor", "--since"],
        &["scale", "--shards"],
        &["cost", "--calls"],
        &["errors", "list", "--limit"],
        &["keys", "create", "--email", "a@example.com", "--expires-days"],
        &["users", "create", "--email", "a@example.com", "--quota"],
        &["users", "set", "--email", "a@example.com", "--quota"],
    ];
    for words in numbers {
        for wrong in ["-1", "+5", " 5", "", "5.0", "1e3", "18446744073709551615", "99999999999999999999"] {
            let typed = ["xtask"].iter().chain(words).chain([&wrong]);
            let error = Cli::try_parse_from(typed).unwrap_err();
            let told = error.to_string();
            let flag = words.last().unwrap();
            assert!(told.contains(flag) && told.contains("a whole number "), "{words:?} {wrong:?}: {told}");
            assert_eq!(error.exit_code(), 2);
        }
        assert_eq!(exit_status(&[words, &["5"]].concat()), 0, "{words:?}");
    }
}

#[test]
fn every_text_is_one_line_with_something_in_it() {
    let texts: [&[&str]; 12] = [
        &["diff", "--profile"],
        &["deploy"],
        &["destroy"],
        &["destroy", "--delete-data", "--confirm"],
        &["verify", "--api-key"],
        &["logs"],
        &["errors", "show"],
        &["errors", "replay"],
        &["keys", "create", "--email", "a@example.com", "--name"],
        &["keys", "create", "--email", "a@example.com", "--company"],
        &["keys", "revoke", "--email", "a@example.com"],
        &["users", "create", "--email", "a@example.com", "--password"],
    ];
    for words in texts {
        for wrong in ["", " ", "a\0", "a\nb", "\u{1b}[2J"] {
            assert_eq!(exit_status(&[words, &[wrong]].concat()), 2, "{words:?} {wrong:?}");
        }
        assert_eq!(exit_status(&[words, &["plain"]].concat()), 0, "{words:?}");
    }
    for (flag, most) in [("--name", 128), ("--company", 256)] {
        let long = "x".repeat(most + 1);
        let told = Cli::try_parse_from(["xtask", "keys", "create", "--email", "a@example.com", flag, &long]);
        let told = told.unwrap_err().to_string();
        let bound = format!("at most {most} bytes long, and has {}", most + 1);
        assert!(told.contains(flag) && told.contains(&bound), "{told}");
    }
}

#[test]
fn an_error_repeats_a_short_line_of_what_was_typed() {
    let typed = format!("\u{1b}[2J{}", "x".repeat(100_000));
    for words in [vec!["xtask", "cost", "--calls", &typed], vec!["xtask", &typed], vec!["xtask", "scale", &typed]] {
        let mut told = Cli::try_parse_from(words).unwrap_err();
        quote(&mut told);
        let told = told.to_string();
        assert!(told.contains("\\u{1b}[2J") && told.contains('…') && told.len() < 500, "{told}");
    }
}

/// Whether a command has an answer of its own; `local` has that of `local up`.
fn answers_itself(words: &[String], command: &Command) -> bool {
    command.get_subcommands().next().is_none() || words == ["bench"]
}

#[test]
fn every_command_with_json_has_a_schema_and_every_schema_a_command() {
    let documented: BTreeSet<String> = commands()
        .iter()
        .filter(|(words, command)| has_json(command) && answers_itself(words, command))
        .map(|(words, _)| words.join("-"))
        .collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let schemas = names.map(|name| name.strip_suffix(".schema.json").expect("a schema").to_owned());
    let schemas: BTreeSet<String> = schemas.filter(|name| name != LINE).collect();
    assert_eq!(documented, schemas);
}
