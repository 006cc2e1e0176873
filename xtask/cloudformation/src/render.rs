//! Values of a template in the words of the stack: `Table.Arn` for what CloudFormation writes in three lines.
//!
//! Invariant: two values that differ are never shortened to the same text when they are compared, only when shown.

use serde_json::Value;

use super::template_diff::is_intrinsic;

/// Longest value that is shown, in characters.
const SHOWN_CHARS: usize = 160;

/// A value as text, whole.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) if object.len() == 1 => {
            let function = object.iter().next().and_then(|(name, argument)| intrinsic(name, argument));
            function.unwrap_or_else(|| value.to_string())
        }
        _ => value.to_string(),
    }
}

/// A value as it is shown: on one line, shortened where it is long.
pub fn short(value: &Value) -> String {
    let text = shown(value);
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    let kept: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{kept}…")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Array(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Object(object) if !is_intrinsic(value) => {
            let entries: Vec<String> = object.iter().map(|(key, value)| format!("{key}: {}", shown(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        _ => text(value),
    }
}

/// The elements of a list as text; a single value is a list of one.
pub fn elements(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(list) => list.iter().map(text).collect(),
        _ => vec![text(value)],
    }
}

fn intrinsic(name: &str, argument: &Value) -> Option<String> {
    match (name, argument) {
        ("Ref", Value::String(id)) => Some(id.clone()),
        ("Fn::GetAtt", Value::Array(parts)) => Some(parts.iter().map(text).collect::<Vec<_>>().join(".")),
        ("Fn::GetAtt" | "Fn::Sub", Value::String(whole)) => Some(whole.clone()),
        ("Fn::Join", Value::Array(parts)) => {
            let [separator, Value::Array(parts)] = parts.as_slice() else { return None };
            Some(parts.iter().map(text).collect::<Vec<_>>().join(separator.as_str()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_read_as_the_stack_names_them() {
        assert_eq!(text(&json!({"Ref": "Stream"})), "Stream");
        assert_eq!(text(&json!({"Fn::GetAtt": ["Table", "Arn"]})), "Table.Arn");
        let index = json!({"Fn::Join": ["", [{"Fn::GetAtt": ["Table", "Arn"]}, "/index/*"]]});
        assert_eq!(text(&index), "Table.Arn/index/*");
        assert_eq!(text(&json!({"Fn::Sub": "${AWS::Region}-x"})), "${AWS::Region}-x");
        assert_eq!(text(&json!({"Fn::If": ["A", 1, 2]})), r#"{"Fn::If":["A",1,2]}"#);
    }

    #[test]
    fn what_is_shown_stays_on_one_line_and_short() {
        assert_eq!(short(&json!("a\nb")), r#""a\nb""#);
        assert_eq!(short(&json!(3)), "3");
        let statement = json!({"Action": ["a", "b"], "Resource": {"Fn::GetAtt": ["T", "Arn"]}});
        assert_eq!(short(&statement), r#"{Action: ["a", "b"], Resource: T.Arn}"#);
        let long = short(&json!("é".repeat(300)));
        assert!(long.ends_with('…') && long.chars().count() == SHOWN_CHARS + 1, "{long}");
    }
}
