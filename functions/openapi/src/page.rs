//! The description of the API for people, in Markdown.
//!
//! Invariant: it names every route and parameter that the document has, and nothing else.

use std::fmt::Write as _;

use crate::parameter::example;
use contract::Route;
use contract::route::{Access, Entry};

const HEAD: &str = "\
# The API

Every route is a `GET`, and every answer is JSON but the dashboard and the pages of an export; `GET /v1/openapi.json`
describes them to programs (OpenAPI 3.1).

- **Who asks.** A call with a key carries it in `x-api-key`, and is counted. A person carries an identity token of the
  user pool in `Authorization: Bearer …` and reads their own figures; a member of the group `admin` reads everybody's.
- **Parameters** are given once each. One that cannot be understood is 400, and the message names it.
- **Errors** are `application/problem+json` (RFC 9457) with `error.code` for programs: 400 `bad_request`, 401
  `unauthorized`, 403 `forbidden`, 404 `not_found`, 429 `quota_exceeded` or `throttled` with `Retry-After`, 500
  `internal_error`, 504 `timeout`. Every answer has an `X-Request-Id`.
- **Time.** Instants are UTC (RFC 3339). An answer is of one moment, `asOf`.
- **Caching.** An answer with an `ETag` costs next to nothing to ask for again with `If-None-Match`; `Cache-Control`
  says how long its data stays as it is.
";

/// The page.
pub fn text() -> String {
    let mut page = HEAD.to_owned();
    for route in Route::ALL {
        section(&mut page, route.entry());
    }
    page
}

fn section(page: &mut String, entry: Entry) {
    let Entry { path, access, summary, parameters } = entry;
    // Writing to a text cannot fail.
    let _ = write!(page, "\n## `{path}`\n\n{summary} {}\n", who(access));
    if !parameters.is_empty() {
        page.push_str("\n| parameter | | for example |\n|---|---|---|\n");
    }
    for parameter in parameters {
        let example = example(parameter.form);
        let _ = writeln!(page, "| `{}` | {} | `{example}` |", parameter.name, parameter.description);
    }
    let query: Vec<String> =
        parameters.iter().take(2).map(|parameter| format!("{}={}", parameter.name, example(parameter.form))).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let header = match access {
        Access::Key => "-H \"x-api-key: $KEY\" ",
        Access::Token => "-H \"Authorization: Bearer $TOKEN\" ",
        Access::Open => "",
    };
    let _ = write!(page, "\n```bash\ncurl {header}\"$API_URL{path}{query}\"\n```\n");
}

const fn who(access: Access) -> &'static str {
    match access {
        Access::Key => "With a key.",
        Access::Token => "With a token.",
        Access::Open => "For everybody.",
    }
}
