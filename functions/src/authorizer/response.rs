//! What the authorizer answers API Gateway.
//!
//! Invariant: an error's text is all that the gateway goes by: `Unauthorized` is 401, any other is 500. Nothing
//! says why.

use std::collections::BTreeMap;

use lambda_runtime::Diagnostic;
use serde::Serialize;

use super::stage::Stage;

/// A call that may go on. Every value of the context is a string, as the gateway passes it on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    principal_id: String,
    policy_document: Policy,
    /// What the function behind the gateway is told.
    pub context: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: &'static str,
    resource: String,
}

/// A call that may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No key, or none that is good. The gateway knows this very word.
    #[error("Unauthorized")]
    Unauthorized,
    /// Nobody can say whether the key is good.
    #[error("the key could not be looked up")]
    Unavailable,
    /// The request names no method of this API, so that no policy could be right.
    #[error("the request is not for a method of this API")]
    Foreign,
}

impl Allowed {
    /// Lets a user's call go on. The policy covers the whole stage, so that a gateway that kept it would not refuse
    /// the same key another route, and nothing else.
    pub(super) fn new(user_email: &str, stage: &Stage<'_>, context: BTreeMap<&'static str, String>) -> Self {
        let statement = Statement { effect: "Allow", action: "execute-api:Invoke", resource: stage.methods() };
        let policy_document = Policy { version: "2012-10-17", statement: [statement] };
        Self { principal_id: user_email.into(), policy_document, context }
    }
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        let error_type = match refused {
            Refused::Unauthorized => "Unauthorized",
            Refused::Unavailable => "KeyLookupFailed",
            Refused::Foreign => "ForeignMethod",
        };
        Self { error_type: error_type.into(), error_message: refused.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_policy_covers_the_stage_and_nothing_else() {
        let arn = "arn:aws:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines";
        let stage = Stage::of(arn).unwrap();
        let allowed = Allowed::new("a@example.com", &stage, BTreeMap::from([("quota", "within".into())]));
        let expected = json!({
            "principalId": "a@example.com",
            "policyDocument": { "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "execute-api:Invoke",
                "Resource": "arn:aws:execute-api:ap-south-1:123456789012:abc/test/*",
            }]},
            "context": { "quota": "within" },
        });
        assert_eq!(serde_json::to_value(allowed).unwrap(), expected);
    }

    #[test]
    fn a_bad_key_is_the_word_that_the_gateway_answers_401_to() {
        let diagnostic = Diagnostic::from(Refused::Unauthorized);
        assert_eq!(serde_json::to_value(diagnostic).unwrap()["errorMessage"], "Unauthorized");
        assert_ne!(Diagnostic::from(Refused::Unavailable).error_message, "Unauthorized");
    }
}
