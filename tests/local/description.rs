//! The running API against its description: whatever it is asked, it answers as the document says, and never 5xx.
//!
//! Invariant: the requests are made up by another program, from the document that the API itself serves.

use super::*;

/// Set by `cargo xtask test`: the program that makes the requests up.
const PROGRAM: &str = "SCHEMATHESIS";
/// How long it goes on, in seconds.
const BUDGET: &str = "60";
/// What it looks for in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

#[test]
fn whatever_is_asked_the_answer_is_as_the_description_has_it() {
    let program = std::env::var_os(PROGRAM)
        .unwrap_or_else(|| panic!("{PROGRAM} names no program: run `cargo xtask test`, which installs it"));
    let local = Local::up();
    let url = local.text("apiUrl");
    for token in ["adminToken", "userToken"] {
        let mut asks = Command::new(&program);
        asks.args(["run", &format!("{url}/v1/openapi.json"), "--url", url, "--checks", CHECKS])
            .args(["--phases", "examples,coverage,fuzzing", "--seed", "1", "--max-time", BUDGET, "--no-color"])
            .args(["--header", &format!("Authorization: Bearer {}", local.text(token))])
            .args(["--header", &format!("x-api-key: {}", local.text("apiKey"))])
            .current_dir(&local.folder);
        let output = asks.output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "as {token}: {}\n{stdout}\n{stderr}", output.status);
    }
}
