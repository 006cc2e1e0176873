//! Which functions' code a deploy would change: the package that is deployed against the one built last.
//!
//! Invariant: nothing is built here; what was not built is unknown, never unchanged.

use anyhow::Result;
use contract::Function;
use serde_json::{Value, json};
use xtask::{build, package};

use cloud::Connection;
use cloud::stack::read;

/// Characters of a package's hash that are shown.
const SHOWN: usize = 12;

/// A function's code, deployed and built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Whose code it is.
    pub function: Function,
    /// The stack it belongs to.
    pub stack: String,
    /// The key of the package that is deployed; none where the function is not.
    pub deployed: Option<String>,
    /// The key of the package that was built last; none where none was.
    pub built: Option<String>,
}

/// What a deploy would do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeChange {
    /// It stays.
    Same,
    /// Another takes its place.
    Changes,
    /// There is none yet.
    New,
    /// Nobody built it here.
    Unknown,
}

/// The code of the functions of a stack's template.
///
/// # Errors
/// When CloudFormation cannot be asked, or a binary cannot be read.
pub async fn find(connection: &Connection, stack: &str, template: &Value) -> Result<Vec<Code>> {
    let description = read::describe(connection, stack).await?;
    let parameters = description.as_ref().map_or(&[][..], |description| description.parameters());
    let declared = |function: &Function| template["Parameters"].get(package::parameter(*function)).is_some();
    let code = |function: Function| {
        let name = package::parameter(function);
        let found = parameters.iter().find(|parameter| parameter.parameter_key() == Some(&name));
        let binary = if connection.is_local() {
            build::built_for_this_machine(function)
        } else {
            build::built_for_lambda(function)
        };
        Ok(Code {
            function,
            stack: stack.to_owned(),
            deployed: found.and_then(|parameter| parameter.parameter_value()).map(str::to_owned),
            built: package::key_of(function, &binary)?,
        })
    };
    Function::ALL.into_iter().filter(declared).map(code).collect()
}

impl Code {
    /// What a deploy of what was built last would do.
    pub fn change(&self) -> CodeChange {
        match (&self.deployed, &self.built) {
            (_, None) => CodeChange::Unknown,
            (None, Some(_)) => CodeChange::New,
            (Some(deployed), Some(built)) if deployed == built => CodeChange::Same,
            _ => CodeChange::Changes,
        }
    }

    /// The change for people; nothing where none is known.
    pub fn line(&self) -> Option<String> {
        let place = format!("{} AWS::Lambda::Function Properties.Code", self.function.logical_id());
        let [deployed, built] = [&self.deployed, &self.built].map(|key| key.as_deref().map_or("-", hash));
        match self.change() {
            CodeChange::Changes => Some(format!("  ~ {place}: {deployed} -> {built}")),
            CodeChange::New => Some(format!("  + {place}: {built}")),
            CodeChange::Same | CodeChange::Unknown => None,
        }
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let word = match self.change() {
            CodeChange::Same => "same",
            CodeChange::Changes => "changes",
            CodeChange::New => "new",
            CodeChange::Unknown => "unknown",
        };
        let Self { function, stack, deployed, built } = self;
        json!({"function": function.binary(), "stack": stack, "code": word, "deployed": deployed, "built": built})
    }
}

/// The first characters of the hash in a package's key.
fn hash(key: &str) -> &str {
    let name = key.rsplit('/').next().unwrap_or(key);
    name.get(..SHOWN).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime_fixture::fake::{self, Answer};

    fn code(deployed: Option<&str>, built: Option<&str>) -> Code {
        let key = |hash: &str| format!("functions/stream-processor/{hash}.zip");
        let (deployed, built) = (deployed.map(key), built.map(key));
        Code { function: Function::StreamProcessor, stack: "S".into(), deployed, built }
    }

    #[test]
    fn what_was_not_built_is_unknown_and_never_the_same() {
        assert_eq!(code(Some("aa"), None).change(), CodeChange::Unknown);
        assert_eq!(code(None, None).change(), CodeChange::Unknown);
        assert_eq!(code(None, Some("aa")).change(), CodeChange::New);
        assert_eq!(code(Some("aa"), Some("aa")).change(), CodeChange::Same);
        assert_eq!(code(Some("aa"), Some("bb")).change(), CodeChange::Changes);
    }

    #[test]
    fn a_change_is_a_line_in_the_words_of_the_stack() {
        let (old, new) = ("0123456789abcdef", "fedcba9876543210");
        let line = code(Some(old), Some(new)).line();
        let place = "StreamProcessor AWS::Lambda::Function Properties.Code";
        assert_eq!(line, Some(format!("  ~ {place}: 0123456789ab -> fedcba987654")));
        assert_eq!(code(Some(old), Some(old)).line(), None);
        assert_eq!(code(Some(old), Some(new)).to_json()["code"], "changes");
    }

    #[tokio::test]
    async fn the_deployed_package_is_that_of_the_stacks_parameter() {
        let connection = Connection::to_fake(&fake::start(|operation, _| {
            let parameter = "<member><ParameterKey>StreamProcessorCodeKey</ParameterKey>\
                             <ParameterValue>functions/stream-processor/aa.zip</ParameterValue></member>";
            let stack = format!(
                "<member><StackName>S</StackName><CreationTime>2026-11-24T10:00:00Z</CreationTime>\
                 <StackStatus>CREATE_COMPLETE</StackStatus><Parameters>{parameter}</Parameters></member>"
            );
            Answer::query(operation, &format!("<Stacks>{stack}</Stacks>"))
        }));
        let template = json!({"Parameters": {"CodeBucket": {}, "StreamProcessorCodeKey": {}}});
        let found = find(&connection, "S", &template).await.unwrap();
        let deployed: Vec<_> = found.iter().map(|code| (code.function, code.deployed.as_deref())).collect();
        assert_eq!(deployed, [(Function::StreamProcessor, Some("functions/stream-processor/aa.zip"))]);
    }
}
