//! The grants of policy documents, and which of them are new.
//!
//! Invariant: a grant that no earlier one covers is reported, whichever statement or policy it stands in.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::render::{elements, text};

/// One action allowed or denied on one resource to one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    is_allow: bool,
    who: String,
    action: String,
    resource: String,
    condition: String,
    path: String,
}

/// Grants that differ in their action alone, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// The statement.
    pub path: String,
    /// What may be done now, as part of a sentence.
    pub why: String,
}

/// Every grant in a value, whatever property it is in: a policy document is what has a `Statement`.
pub fn grants(value: &Value, path: &str) -> Vec<Grant> {
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, inner)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if key == "Statement" { statements(inner, &path) } else { grants(inner, &path) }
            })
            .collect(),
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(index, inner)| grants(inner, &place(path, inner, index))).collect()
        }
        _ => Vec::new(),
    }
}

/// What the new grants allow that the old ones did not: an allowance that came, or a denial that went.
pub fn widenings(old: &[Grant], new: &[Grant]) -> Vec<Widening> {
    let came = new.iter().filter(|grant| grant.is_allow && !is_covered(grant, old));
    let went = old.iter().filter(|grant| !grant.is_allow && !is_covered(grant, new));
    let mut actions: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for grant in came.chain(went) {
        let verb = if grant.is_allow { "allows" } else { "no longer denies" };
        let who = if grant.who.is_empty() { String::new() } else { format!("{} ", grant.who) };
        let on = if grant.resource.is_empty() { String::new() } else { format!(" on {}", grant.resource) };
        let when = if grant.condition.is_empty() { String::new() } else { format!(" if {}", grant.condition) };
        let key = (grant.path.clone(), format!("{verb} {who}\u{0}{on}{when}"));
        actions.entry(key).or_default().push(&grant.action);
    }
    let widening = |((path, sentence), actions): ((String, String), Vec<&str>)| Widening {
        path,
        why: sentence.replace('\u{0}', &actions.join(", ")),
    };
    actions.into_iter().map(widening).collect()
}

fn statements(value: &Value, path: &str) -> Vec<Grant> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter()
        .enumerate()
        .flat_map(|(index, statement)| of_statement(statement, &place(path, statement, index)))
        .collect()
}

fn of_statement(statement: &Value, path: &str) -> Vec<Grant> {
    let mut found = Vec::new();
    for who in principals(statement) {
        for action in named(statement, "Action") {
            for resource in named(statement, "Resource") {
                found.push(Grant {
                    is_allow: statement["Effect"] != "Deny",
                    who: who.clone(),
                    action: action.clone(),
                    resource,
                    condition: statement.get("Condition").map(text).unwrap_or_default(),
                    path: path.to_owned(),
                });
            }
        }
    }
    found
}

/// The elements under a key, or under its negation; one empty element where there are none.
fn named(statement: &Value, key: &str) -> Vec<String> {
    let all_but = elements(&statement[format!("Not{key}").as_str()]);
    if !all_but.is_empty() {
        return vec![format!("all but {}", all_but.join(", "))];
    }
    let named = elements(&statement[key]);
    if named.is_empty() { vec![String::new()] } else { named }
}

fn principals(statement: &Value) -> Vec<String> {
    let Some(by_kind) = statement["Principal"].as_object() else { return named(statement, "Principal") };
    // `{"AWS": "*"}` is everybody, as `"*"` is.
    by_kind.values().flat_map(elements).collect()
}

fn is_covered(grant: &Grant, by: &[Grant]) -> bool {
    by.iter().any(|wide| {
        wide.is_allow == grant.is_allow
            && (wide.who == grant.who || wide.who == "*")
            && matches(&wide.action.to_ascii_lowercase(), &grant.action.to_ascii_lowercase())
            && matches(&wide.resource, &grant.resource)
            && (wide.condition.is_empty() || wide.condition == grant.condition)
    })
}

/// Whether a pattern in which `*` stands for anything covers a text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    rest.is_empty() || (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
}

fn place(path: &str, element: &Value, index: usize) -> String {
    for name in ["Sid", "PolicyName"] {
        if let Some(value) = element[name].as_str() {
            return format!("{path}[{name}={value}]");
        }
    }
    format!("{path}[{index}]")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(statements: Value) -> Vec<Grant> {
        grants(&json!({"Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]}), "")
    }

    fn why(old: Value, new: Value) -> Vec<String> {
        widenings(&of(old), &of(new)).into_iter().map(|widening| widening.why).collect()
    }

    fn allow(actions: Value, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": actions, "Resource": resource})
    }

    #[test]
    fn new_actions_on_a_resource_read_as_one_sentence() {
        let new = json!([allow(json!(["a:Get", "a:Put", "a:Delete"]), "T")]);
        assert_eq!(why(json!([allow(json!("a:Get"), "T")]), new), ["allows a:Put, a:Delete on T"]);
    }

    #[test]
    fn a_narrower_or_moved_grant_widens_nothing() {
        let wide = json!([allow(json!("dynamodb:*"), "*")]);
        assert!(why(wide.clone(), json!([allow(json!(["dynamodb:PutItem"]), "T")])).is_empty());
        assert_eq!(why(json!([allow(json!("a:B"), "T")]), wide), ["allows dynamodb:* on *"]);
        let (one, other) = (allow(json!("a:B"), "T"), allow(json!("c:D"), "U"));
        assert!(why(json!([one, other]), json!([other, one])).is_empty());
    }

    #[test]
    fn a_condition_that_goes_widens_and_one_that_comes_does_not() {
        let mut bound = allow(json!("a:B"), "T");
        bound["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
        let free = allow(json!("a:B"), "T");
        assert_eq!(why(json!([bound]), json!([free])), ["allows a:B on T"]);
        assert!(why(json!([free]), json!([bound])).is_empty());
    }

    #[test]
    fn a_denial_that_goes_widens() {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "B"});
        assert_eq!(why(json!([deny]), json!([])), ["no longer denies * s3:* on B"]);
        assert!(why(json!([]), json!([deny])).is_empty());
    }

    #[test]
    fn another_principal_widens() {
        let trust =
            |service: &str| json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
        let found = why(json!([trust("lambda.amazonaws.com")]), json!([trust("ec2.amazonaws.com")]));
        assert_eq!(found, ["allows ec2.amazonaws.com sts:AssumeRole"]);
    }

    #[test]
    fn the_statement_is_named_by_policy_and_place() {
        let found = widenings(&[], &of(json!([allow(json!("a:B"), "T")])));
        assert_eq!(found[0].path, "Policies[PolicyName=p].PolicyDocument.Statement[0]");
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "abc"),
            ("a*c", "abbc"),
            ("*b*", "abc"),
            ("dynamodb:batch*item", "dynamodb:batchgetitem"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*", "b"), ("a*c", "ab"), ("abc", "abcd")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
