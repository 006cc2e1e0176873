//! Who may ask the local system: programs of this machine, and its own pages.
//!
//! A browser says of each request which page it is of, and a page cannot keep it from that: `Origin` where the request
//! may change something or its answer be read, `Sec-Fetch-Site` with all, and in `Host` the name by which the page found
//! this address. Programs send neither of the first two.
//!
//! Invariant: a request is admitted only if no field says that another site's page has made it.

use hyper::header::{HOST, HeaderName, HeaderValue, ORIGIN, UPGRADE};
use hyper::{Method, Request};

use super::authority::{Authority, Here};
use super::refusal::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// What the emulator has beside AWS: reset, settings, the code of functions.
const ADMINISTRATION: [&str; 3] = ["_ministack", "_localstack", "health"];
/// Paths of the API that need no credentials and change nothing: what a link on another site may lead to.
const OPEN_TO_LINKS: [&str; 2] = ["dashboard", "v1/openapi.json"];

/// Admits a request to the system that is asked by some authorities.
///
/// # Errors
/// When it is refused.
pub fn admit<B>(request: &Request<B>, here: &Here) -> Result<(), Refusal> {
    let own = own_authority(request, here)?;
    let path = request.uri().path();
    if request.method() == Method::CONNECT || !path.starts_with('/') {
        return Err(Refusal::Target);
    }
    if is_administration(path) {
        return Err(Refusal::Administration);
    }
    if values(request, &UPGRADE).any(|protocol| protocol.to_ascii_lowercase().contains("websocket")) {
        return Err(Refusal::WebSocket);
    }
    if let Some(other) = values(request, &ORIGIN).find(|origin| Authority::of_origin(origin).as_ref() != Some(&own)) {
        return Err(Refusal::Origin(other.to_owned()));
    }
    let other = values(request, &SEC_FETCH_SITE).find(|site| !matches!(*site, "same-origin" | "none"));
    match other {
        Some(site) if !is_link(request, &own) => Err(Refusal::Site(site.to_owned())),
        _ => Ok(()),
    }
}

/// By which authority a request knows this system.
fn own_authority<B>(request: &Request<B>, here: &Here) -> Result<Authority, Refusal> {
    let mut hosts = values(request, &HOST);
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Refusal::Host) };
    let own = Authority::parse(host).filter(|authority| here.is(authority));
    let own = own.ok_or_else(|| Refusal::OtherHost(host.to_owned()))?;
    // A target in absolute form names whom it is for as well (RFC 9112, section 3.2.2).
    match request.uri().authority() {
        Some(target) if Authority::parse(target.as_str()).as_ref() != Some(&own) => {
            Err(Refusal::OtherHost(target.to_string()))
        }
        _ => Ok(own),
    }
}

/// The values of a field; one that is not text reads as a text that is nothing.
fn values<'a, B>(request: &'a Request<B>, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    request.headers().get_all(name).iter().map(|value: &HeaderValue| value.to_str().unwrap_or("?").trim())
}

fn is_administration(path: &str) -> bool {
    let decoded = decoded(path);
    let first = decoded.split('/').find(|segment| !segment.is_empty());
    first.is_some_and(|first| ADMINISTRATION.contains(&first))
}

/// A path as the emulator reads it.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..2).filter(|_| first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &others[2..]),
            None => (bytes.push(first), rest = others),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether somebody has followed a link to what is open to links: the page leaves for it, and sees nothing of it.
fn is_link<B>(request: &Request<B>, own: &Authority) -> bool {
    let says = |name: &HeaderName, what: &str| values(request, name).eq([what]);
    let path = request.uri().path();
    let path = match own.labels().nth(1) {
        Some("execute-api") => path.strip_prefix('/').and_then(|path| path.split_once('/')),
        _ => path.strip_prefix("/restapis/").and_then(|path| path.split_once("/_user_request_/")),
    };
    request.method() == Method::GET
        && says(&SEC_FETCH_MODE, "navigate")
        && says(&SEC_FETCH_DEST, "document")
        && path.is_some_and(|(_, path)| OPEN_TO_LINKS.contains(&path))
}

#[cfg(test)]
mod tests;
