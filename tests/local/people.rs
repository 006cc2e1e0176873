//! Users and keys, against the running system: each command does what it is called, and nobody has two names.

use std::fs::File;

use serde_json::json;

use super::*;

const ANOTHER: &str = "Another-for-this-test-2";

impl Local {
    /// Whether somebody can sign in with a password.
    fn signs_in(&self, email: &str, password: &str) -> bool {
        let mut command = self.command("on", &["users", "token", "--local", "--email", email]);
        command.env("COMPLICAL_PASSWORD", password).output().unwrap().status.success()
    }

    /// How many keys of somebody are good, and how many are revoked.
    fn keys(&self, email: &str) -> (usize, usize) {
        let listed = self.json(&["keys", "list", "--local", "--json", "--email", email]);
        let keys = listed["keys"].as_array().unwrap();
        let n_revoked = keys.iter().filter(|key| key["revokedAt"].is_string()).count();
        (keys.len() - n_revoked, n_revoked)
    }
}

#[test]
fn a_command_about_a_person_does_what_it_is_called() {
    let local = Local::up();
    a_user_is_made_once_under_one_name(&local);
    settings_and_passwords_change_apart(&local);
    a_key_needs_a_user_or_a_word(&local);
    a_key_that_nobody_could_read_does_not_live(&local);
    what_an_earlier_deployment_stored_is_one_persons_after_a_deploy(&local);
}

fn a_user_is_made_once_under_one_name(local: &Local) {
    let create = ["users", "create", "--local", "--json", "--email"];
    let made = local.json(&[&create[..], &["Alice@Example.com", "--quota", "5", "--company", "A"]].concat());
    assert_eq!(made["userEmail"], "alice@example.com");
    let (_, story) = local.ends("on", &[&create[..], &[" alice@example.COM", "--quota", "50"]].concat(), 1);
    assert!(story.contains("there is a user alice@example.com already"), "{story}");
    assert!(story.contains("hint: `cargo xtask users set --email alice@example.com`"), "{story}");
    let users = local.json(&["users", "list", "--local", "--json"]);
    let alices = users["users"].as_array().unwrap().iter();
    let alices: Vec<_> = alices.filter(|user| user["userEmail"].as_str().unwrap().contains("lice@")).collect();
    assert_eq!((alices.len(), &alices[0]["monthlyQuota"]), (1, &5.into()), "{users:#}");
}

fn settings_and_passwords_change_apart(local: &Local) {
    let set = ["users", "set", "--local", "--json", "--email", "ALICE@example.com"];
    let mut command = local.command("on", &[&set[..], &["--quota", "50"]].concat());
    let output = command.env("COMPLICAL_PASSWORD", ANOTHER).output().unwrap();
    let user: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&user["monthlyQuota"], &user["companyName"]), (&50.into(), &"A".into()), "{user:#}");
    assert!(local.signs_in("alice@example.com", PASSWORD) && !local.signs_in("alice@example.com", ANOTHER));
    let reset = ["users", "reset-password", "--local", "--email", "alice@example.com"];
    let output = local.command("on", &reset).env("COMPLICAL_PASSWORD", ANOTHER).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!local.signs_in("alice@example.com", PASSWORD) && local.signs_in("Alice@example.com", ANOTHER));
    let users = local.json(&["users", "list", "--local", "--json"]);
    assert!(users["users"].as_array().unwrap().iter().any(|user| user["monthlyQuota"] == 50), "{users:#}");
    for command in ["set", "reset-password"] {
        let quota: &[&str] = if command == "set" { &["--quota", "5"] } else { &[] };
        let nobody = ["users", command, "--local", "--email", "nobody@example.com"];
        let (_, story) = local.ends("on", &[&nobody[..], quota].concat(), 1);
        assert!(story.contains("there is no user nobody@example.com"), "{story}");
    }
}

fn a_key_needs_a_user_or_a_word(local: &Local) {
    let create = ["keys", "create", "--local", "--email", "alicf@example.com"];
    let (stdout, story) = local.ends("on", &create, 1);
    assert!(stdout.is_empty() && story.contains("there is no user alicf@example.com, and no key was made"), "{story}");
    assert!(story.contains("--new-user"), "{story}");
    assert_eq!(local.keys("alicf@example.com"), (0, 0));
    local.done("on", &[&create[..], &["--new-user"]].concat());
    local.done("on", &create);
    assert_eq!(local.keys("ALICF@example.com"), (2, 0));
}

fn a_key_that_nobody_could_read_does_not_live(local: &Local) {
    let create = ["keys", "create", "--local", "--email", "alice@example.com"];
    for (n_before, extra) in [(0, &[][..]), (1, &["--json"][..])] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = local.command("on", &[&create[..], extra].concat());
        let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        let story = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{story}");
        assert!(story.contains("was revoked") && story.contains("error: standard output cannot be written"), "{story}");
        assert_eq!(local.keys("alice@example.com"), (0, n_before + 1));
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = local.command("on", &create).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    let story = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && story.contains("was revoked"), "{story}");
    assert_eq!(local.keys("alice@example.com"), (0, 3));
    local.done("on", &create);
    assert_eq!(local.keys("alice@example.com"), (1, 3));
}

fn what_an_earlier_deployment_stored_is_one_persons_after_a_deploy(local: &Local) {
    let put = |item: Value| {
        let body = json!({"TableName": "complical-api-keys-test", "Item": item}).to_string();
        local.aws("POST", "dynamodb", "/", "DynamoDB_20120810.PutItem", &body)
    };
    put(json!({"PK": {"S": "USER#Bob@Example.com"}, "SK": {"S": "USER"}, "monthlyQuota": {"N": "7"}}));
    put(json!({
        "PK": {"S": format!("KEY#{}", "0".repeat(64))}, "SK": {"S": "KEY"}, "apiKeyId": {"S": "k_old"},
        "userEmail": {"S": "Bob@Example.com"}, "createdAt": {"S": "2026-01-01T00:00:00.000Z"},
        "expiresAt": {"S": "2027-01-01T00:00:00.000Z"}
    }));
    let notes = || {
        let deployed = local.json(&["deploy", "--local", "--yes", "--json"]);
        let notes = deployed["events"].as_array().unwrap().iter().filter_map(|event| event["message"].as_str());
        notes.filter(|note| note.contains("present form")).map(str::to_owned).collect::<Vec<_>>()
    };
    let said = notes();
    assert_eq!(said.len(), 1, "{said:?}");
    for part in ["keys whose owner had another spelling: 1", "users whose name had another spelling: 1"] {
        assert!(said[0].contains(part), "{said:?}");
    }
    assert_eq!(notes(), Vec::<String>::new(), "a second deploy has nothing to change");
    assert_eq!(local.keys("bob@example.com"), (1, 0));
    let users = local.json(&["users", "list", "--local", "--json"]);
    let bob = users["users"].as_array().unwrap().iter().find(|user| user["userEmail"] == "bob@example.com");
    assert_eq!((&bob.unwrap()["monthlyQuota"], &bob.unwrap()["status"]), (&7.into(), &Value::Null), "{users:#}");
}
