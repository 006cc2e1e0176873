//! What a person sees: the foot of a terminal while something is under way, and a question before it.

use crate::aws::Aws;
use crate::command::Workshop;

/// Erases what is below the cursor, as the foot is.
const ERASE: &str = "\u{1b}[J";

#[test]
fn on_a_terminal_the_foot_is_drawn_and_is_gone_at_the_end() {
    let (aws, workshop) = (Aws::play("create-fails"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start_on_terminal(&aws, &["deploy", "--yes"], "xterm", "");
    deploy.wait_for_line("CompliCal-API-test CREATE_IN_PROGRESS ");
    deploy.wait_for_line(", 0/1 done");
    aws.cloudformation().holds = false;
    let ended = deploy.end();
    let (_, after) = ended.stdout.rsplit_once(" done\r\n").unwrap();
    let (_, rest) = after.split_once(ERASE).unwrap();
    assert!(rest.contains("cause: ApiKeyAuthorizerFunctionLogs"), "the foot stands above the cause:\n{rest}");
    assert!(!rest.contains(ERASE), "the foot is drawn after the end:\n{rest}");
    assert_eq!(ended.status, Some(1));
    let colours = ended
        .stdout
        .split("\u{1b}[")
        .skip(1)
        .filter(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'));
    assert_eq!(colours.count(), 0, "nothing is coloured");
}

#[test]
fn elsewhere_there_are_plain_lines() {
    let workshop = Workshop::new();
    let plain = workshop.run(&Aws::play("create-fails"), &["deploy", "--yes"]);
    let dumb = workshop.start_on_terminal(&Aws::play("create-fails"), &["deploy", "--yes"], "dumb", "").end();
    for said in [plain.stderr, dumb.stdout] {
        assert!(said.contains(" ROLLBACK_COMPLETE") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn what_is_shown_is_carried_out_only_after_a_yes() {
    let workshop = Workshop::new();
    for (answer, n_carried_out, said) in
        [("y\n", 1, " UPDATE_COMPLETE"), ("n\n", 0, "not approved"), ("\n", 0, "not approved")]
    {
        let aws = Aws::play("slow");
        let ended = workshop.start_on_terminal(&aws, &["deploy"], "dumb", answer).end();
        assert!(ended.stdout.contains("Carry out 1 change? [y/N]") && ended.stdout.contains(said), "{}", ended.stdout);
        assert_eq!(ended.status, Some(i32::from(n_carried_out == 0)));
        assert_eq!(aws.cloudformation().n_calls("ExecuteChangeSet"), n_carried_out, "{answer:?}");
    }
}

#[test]
fn ctrl_c_is_heard_while_the_question_stands() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    let mut deploy = workshop.start_on_terminal(&aws, &["deploy"], "dumb", "\u{3}");
    deploy.wait_for_line("Carry out 1 change? [y/N]");
    let ended = deploy.end();
    assert!(ended.stdout.contains("interrupted"), "{}", ended.stdout);
    assert_eq!(aws.cloudformation().n_calls("ExecuteChangeSet"), 0);
}
