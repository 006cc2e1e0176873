//! The description of the API, from its routes and the types of its answers.
//!
//! Invariant: nothing is described that `contract` and the answers' own types do not say, and the same code gives the
//! same bytes.

mod answer;
pub mod conformance;
pub mod page;
mod parameter;

use contract::header::{AS_OF, RANGE, TOTAL_CALLS};
use contract::problem::CONTENT_TYPE;
use contract::route::Access;
use contract::{ErrorCode, Route};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

const BEARER: &str = "bearer";
const API_KEY: &str = "apiKey";

/// The OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut generator = generator();
    let paths: Map<String, Value> =
        Route::ALL.iter().map(|route| (route.path().to_owned(), operation(*route, &mut generator))).collect();
    let mut schemas: Map<String, Value> = generator.take_definitions(true);
    schemas.insert("Problem".into(), problem());
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "CompliCal",
            "version": "1",
            "description": "Tax and compliance deadlines, and the usage of the API that answers them.",
        },
        // Relative to the document: the URL under which /v1/... begins.
        "servers": [{ "url": ".." }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": headers(),
            "securitySchemes": {
                API_KEY: { "type": "apiKey", "in": "header", "name": "x-api-key" },
                BEARER: {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "An identity token of the user pool, with a verified address.",
                },
            },
        },
    })
}

/// The document as it is stored and served.
pub fn text() -> String {
    format!("{:#}\n", document())
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.with(|settings| settings.definitions_path = "/components/schemas".into()).into_generator()
}

fn operation(route: Route, generator: &mut SchemaGenerator) -> Value {
    let entry = route.entry();
    let parameters: Vec<Value> =
        entry.parameters.iter().map(|parameter| parameter::description(route, parameter, generator)).collect();
    let mut responses = Map::new();
    responses.insert("200".into(), good(route, generator));
    if matches!(entry.access, Access::Token | Access::Open) {
        responses.insert("304".into(), json!({ "description": "As it was, by `If-None-Match`.", "headers": kept() }));
    }
    responses.extend(refusals(route).into_iter().map(|status| (status.to_string(), refusal(status))));
    let security = match entry.access {
        Access::Key => json!([{ API_KEY: [] }]),
        Access::Token => json!([{ BEARER: [] }]),
        Access::Open => json!([]),
    };
    json!({ "get": {
        "operationId": format!("{route:?}"),
        "summary": entry.summary,
        "security": security,
        "parameters": parameters,
        "responses": responses,
    }})
}

fn good(route: Route, generator: &mut SchemaGenerator) -> Value {
    let mut headers = match route.entry().access {
        Access::Key => json!({ "X-Request-Id": header("RequestId") }),
        Access::Token | Access::Open => kept(),
    };
    if route == Route::Deadlines {
        headers["Link"] = header("Pages");
    }
    if route == Route::Export {
        for (name, of) in [(TOTAL_CALLS, "TotalCalls"), (AS_OF, "AsOf"), (RANGE, "Range"), ("Link", "Link")] {
            headers[name] = header(of);
        }
    }
    let content = answer::content(route, generator).into_iter();
    let content: Map<String, Value> =
        content.map(|(media_type, schema)| (media_type.to_owned(), json!({ "schema": schema }))).collect();
    json!({ "description": route.entry().summary, "headers": headers, "content": content })
}

/// Headers of an answer that may be kept.
fn kept() -> Value {
    json!({
        "X-Request-Id": header("RequestId"), "ETag": header("ETag"), "Cache-Control": header("CacheControl"),
    })
}

/// The statuses of a route's errors. The gateway itself limits the rate of all of them together.
fn refusals(route: Route) -> Vec<u16> {
    let entry = route.entry();
    let mut statuses: Vec<u16> = ErrorCode::ALL.into_iter().map(ErrorCode::status).collect();
    statuses.dedup();
    statuses.retain(|status| entry.access != Access::Open || !matches!(status, 401 | 403));
    statuses
}

fn refusal(status: u16) -> Value {
    let title = ErrorCode::ALL.into_iter().find(|code| code.status() == status).map_or("", ErrorCode::title);
    let mut headers = Map::from_iter([("X-Request-Id".to_owned(), header("RequestId"))]);
    if status == 429 {
        headers.insert("Retry-After".into(), header("RetryAfter"));
    }
    let content = json!({ CONTENT_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } });
    json!({ "description": title, "headers": headers, "content": content })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn headers() -> Value {
    let header = |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    json!({
        "RequestId": header("Names the request, also in our logs.", json!({ "type": "string" })),
        "ETag": header("Names what the answer was made of; send it back in `If-None-Match`.", json!({ "type": "string" })),
        "CacheControl": header("How long the answer may be kept, by the age of its data.", json!({ "type": "string" })),
        "TotalCalls": header("How many calls the range has, all pages together.", json!({ "type": "integer", "minimum": 0 })),
        "AsOf": header("The moment of which every page is.", json!({ "type": "string", "format": "date-time" })),
        "Range": header("The range, `<from>/<to>` (ISO 8601).", json!({ "type": "string" })),
        "Link": header("The next page, as `rel=\"next\"` (RFC 8288); none after the last.", json!({ "type": "string" })),
        "Pages": header("The pages beside this one, as `rel=\"next\"` and `rel=\"prev\"` (RFC 8288), where there are any.", json!({ "type": "string" })),
        "RetryAfter": header("Seconds after which there are calls again.", json!({ "type": "integer", "minimum": 1 })),
    })
}

/// An error as `contract::problem` writes it.
fn problem() -> Value {
    let codes = ErrorCode::ALL.map(ErrorCode::as_str);
    json!({
        "description": "An error (RFC 9457).",
        "type": "object",
        "properties": {
            "type": { "type": "string", "const": "about:blank" },
            "title": { "type": "string", "description": "The phrase of the status." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong, for people." },
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string", "enum": codes, "description": "What is wrong, for programs." },
                    "message": { "type": "string", "description": "As `detail`." },
                },
                "required": ["code", "message"],
            },
        },
        "required": ["type", "title", "detail", "error"],
    })
}
