//! Where the other side of a diff comes from: the account, or the snapshots in the repository.
//!
//! Invariant: no template and a template that cannot be read are told apart.

use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use contract::{Environment, Toggle, name};
use serde_json::Value;
use stacks::Architecture;
use xtask::{Failure, workspace};

/// The template that the snapshots have of a stack; nothing where the stack is new.
///
/// # Errors
/// When the environment has no snapshots, or one cannot be read.
pub fn snapshot(env: &Environment, toggle: Toggle, stack: &str) -> Result<Option<Value>> {
    let folder = workspace::root().join("snapshots");
    let path = |stem: &str| folder.join(format!("{stem}.{env}.{}.template.snap", toggle.as_str()));
    // The API stack is there with the toggle on and off: without its snapshot there are none of the environment.
    if !path("api").exists() {
        return Err(Failure::usage(format!("there are no snapshots of environment `{env}` in snapshots/"))
            .hint("compare with what is deployed (--against deployed), or name an environment that has snapshots")
            .into());
    }
    let stems = [
        ("kinesis", name::kinesis_stack(env)),
        ("api", name::api_stack(env)),
        ("dashboard", name::dashboard_stack(env)),
    ];
    let Some((stem, _)) = stems.into_iter().find(|(_, name)| name == stack) else { return Ok(None) };
    let path = path(stem);
    match std::fs::read_to_string(&path) {
        Ok(text) => content(&text).with_context(|| path.display().to_string()).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The template in a snapshot: what follows the head between two lines of dashes.
fn content(snapshot: &str) -> Result<Value> {
    let body =
        snapshot.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(snapshot, |(_, body)| body);
    Ok(serde_json::from_str(body)?)
}

/// The processor that a template's functions run on.
pub fn architecture(template: &Value) -> Architecture {
    let mut resources = template["Resources"].as_object().into_iter().flatten().map(|(_, resource)| resource);
    if resources.any(|resource| resource["Properties"]["Architectures"][0] == "arm64") {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_snapshot_is_read_without_its_head() {
        let template = content("---\nsource: tests/snapshots.rs\n---\n{\"Resources\": {}}\n").unwrap();
        assert_eq!(template, json!({"Resources": {}}));
        assert!(content("---\nsource: x\n---\nnone").is_err());
    }

    #[test]
    fn the_processor_is_that_of_the_deployed_functions() {
        let function = |list: Value| json!({"Resources": {"F": {"Properties": {"Architectures": list}}}});
        assert!(matches!(architecture(&function(json!(["arm64"]))), Architecture::Arm64));
        assert!(matches!(architecture(&function(json!(["x86_64"]))), Architecture::X86_64));
        assert!(matches!(architecture(&Value::Null), Architecture::X86_64));
    }

    #[test]
    fn an_environment_without_snapshots_is_wrong_usage() {
        let error = snapshot(&"nowhere".parse().unwrap(), Toggle::Off, "CompliCal-API-nowhere").unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 2);
    }
}
