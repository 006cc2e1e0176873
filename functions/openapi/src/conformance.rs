//! Whether an answer is as the document has it.
//!
//! Invariant: an answer with a status, a media type or a field that the document does not know is a failure.

use std::sync::LazyLock;

use boon::{Compiler, Schemas};
use contract::Route;
use serde_json::{Map, Value};

use crate::answer::{CSV, JSON_LINES};

/// Any name: nothing is fetched.
const ADDRESS: &str = "https://openapi.invalid/document.json";

/// The document, its objects closed.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = crate::document();
    close(&mut document);
    document
});

/// Checks the answer to a `GET` of a path: its status, its media type and its body.
///
/// # Errors
/// What of it the document does not have.
pub fn check(path: &str, status: u16, content_type: &str, body: &str) -> Result<(), String> {
    let media_type = content_type.split(';').next().unwrap_or_default();
    let json = |text: &str| serde_json::from_str(text).map_err(|error| format!("{path}: no JSON, {error}: {text}"));
    let values: Vec<Value> = match media_type {
        CSV => vec![body.into()],
        JSON_LINES => body.lines().map(json).collect::<Result<_, _>>()?,
        _ => vec![json(body)?],
    };
    // Where there is no route, the answer is an error all the same.
    let (path, status) = match Route::of_path(path) {
        Some(route) => (route.path(), status),
        None if status >= 400 => (Route::Realtime.path(), status),
        None => return Err(format!("{path}: {status} where there is no route")),
    };
    let escaped = |text: &str| text.replace('~', "~0").replace('/', "~1");
    let pointer = format!("/paths/{}/get/responses/{status}/content/{}/schema", escaped(path), escaped(media_type));
    let document = DOCUMENT.clone();
    if document.pointer(&pointer).is_none() {
        return Err(format!("{path}: the document has no {status} as {media_type}"));
    }
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.enable_format_assertions();
    compiler.add_resource(ADDRESS, document).map_err(|error| error.to_string())?;
    let schema =
        compiler.compile(&format!("{ADDRESS}#{pointer}"), &mut schemas).map_err(|error| format!("{error:#}"))?;
    values
        .iter()
        .try_for_each(|value| schemas.validate(value, schema).map_err(|error| format!("{path}: {error:#}\n{value:#}")))
}

/// Lets no object have fields that it does not name: a client must not mind new ones, a test must.
fn close(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if names_its_fields(object) {
                object.insert("additionalProperties".into(), Value::Bool(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

fn names_its_fields(object: &Map<String, Value>) -> bool {
    object.get("type").is_some_and(|of| of == "object") && object.get("properties").is_some_and(Value::is_object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PAGE: &str = "/v1/deadlines";

    fn of(path: &str, status: u16, content_type: &str, body: &Value) -> Result<(), String> {
        check(path, status, content_type, &body.to_string())
    }

    #[test]
    fn an_answer_is_refused_for_a_field_too_many_or_too_few_and_for_its_status_and_type() {
        let page = json!({ "deadlines": [], "total": 0, "limit": 50, "offset": 0 });
        assert_eq!(of(PAGE, 200, "application/json", &page), Ok(()));
        let mut more = page.clone();
        more["more"] = json!(1);
        let mut fewer = page.clone();
        fewer.as_object_mut().unwrap().remove("total");
        for wrong in [more, fewer, json!([])] {
            assert!(of(PAGE, 200, "application/json", &wrong).is_err(), "{wrong}");
        }
        assert!(of(PAGE, 201, "application/json", &page).is_err());
        assert!(of(PAGE, 200, "application/problem+json", &page).is_err());
        assert!(of("/v1/other", 200, "application/json", &page).is_err());
        assert!(check(PAGE, 200, "application/json", "{").is_err());
    }

    #[test]
    fn an_error_is_one_wherever_there_is_no_route() {
        let error = contract::problem::Problem::new(contract::ErrorCode::NotFound, "There is no such path.");
        let error = serde_json::to_value(error).unwrap();
        assert_eq!(of("/v1/other", 404, "application/problem+json", &error), Ok(()));
        let bare = json!({ "error": { "code": "not_found", "message": "" } });
        assert!(of("/v1/other", 404, "application/problem+json", &bare).is_err());
    }
}
