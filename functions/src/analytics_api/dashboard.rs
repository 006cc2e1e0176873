//! `GET /dashboard`: the page on which people look at their figures.
//!
//! Invariant: nothing runs on the page but its own script, and it asks nobody but this API and the sign-in of the user
//! pool: the policy in its headers says so, by hashes of what it holds.

mod dense;
mod names;
mod piece;

use std::sync::LazyLock;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use aws_lambda_events::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use aws_lambda_events::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::stage_variable;
use sha2::{Digest as _, Sha256};

use crate::http::{self, Answer, ETag, Failure, Freshness};

const PAGE: &str = include_str!("dashboard/page.html");
/// The script's parts, each of which uses those before it.
const SCRIPT: &str = concat!(
    include_str!("dashboard/dom.js"),
    include_str!("dashboard/format.js"),
    include_str!("dashboard/place.js"),
    include_str!("dashboard/session.js"),
    include_str!("dashboard/sign_in.js"),
    include_str!("dashboard/api.js"),
    include_str!("dashboard/chart.js"),
    include_str!("dashboard/heat.js"),
    include_str!("dashboard/figures.js"),
    include_str!("dashboard/view.js"),
    include_str!("dashboard/main.js"),
);

/// The page, but for where to sign in, and the sources of its style and script as a policy has them.
static PARTS: LazyLock<Parts> = LazyLock::new(|| {
    let style = dense::style(include_str!("dashboard/page.css"));
    let script = dense::alike(&dense::merged(&names::short(&dense::script(SCRIPT))));
    let sources = format!("style-src {}; script-src {}", hash(&style), hash(&script));
    Parts { page: PAGE.replace("{style}", &style).replace("{script}", &script), sources }
});

struct Parts {
    page: String,
    sources: String,
}

/// The page, or that the caller has it already.
///
/// # Errors
/// When the stage does not say where to sign in.
pub(super) fn answer(request: &ApiGatewayProxyRequest) -> Result<Answer, Failure> {
    let variable = |name: &str| {
        let value = request.stage_variables.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Failure::internal(format!("the stage has no variable `{name}`")))
    };
    let (url, client) = (variable(stage_variable::SIGN_IN_URL)?, variable(stage_variable::USER_POOL_CLIENT)?);
    let page = PARTS.page.replace("{sign-in}", &attribute(url)).replace("{client}", &attribute(client));
    let etag = ETag::of_bytes(page.as_bytes());
    let freshness = Freshness::Revalidated;
    let known = http::known(request, &etag, freshness);
    Ok(match known {
        Some(known) => known,
        None => Answer::page(page, policy(url)?).kept(&etag, freshness),
    })
}

/// What a browser lets the page do (CSP, level 3).
fn policy(sign_in: &str) -> Result<HeaderMap, Failure> {
    // A path is where the page is.
    let elsewhere = if sign_in.starts_with('/') { String::new() } else { format!(" {sign_in}") };
    let policy = format!(
        "default-src 'none'; {}; connect-src 'self'{elsewhere}; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'",
        PARTS.sources
    );
    Ok(HeaderMap::from_iter([
        (CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).map_err(Failure::internal)?),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ]))
}

/// A text as the value of an attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests;
