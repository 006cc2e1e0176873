//! A good answer: its body, and how long and under which name it may be kept.
//!
//! Invariant: what is not said to be kept is not kept; what is kept is the caller's alone, and has a tag by which it is
//! asked for again.

use aws_lambda_events::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName, LINK, VARY};
use aws_lambda_events::http::{HeaderMap, HeaderValue};
use contract::header;
use serde::Serialize;

use super::Failure;
use super::etag::ETag;

/// How an answer begins that says of which moment it is.
const AS_OF: &str = "{\"asOf\":\"";

/// The answer to a request that succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Nothing where the caller has it already.
    pub(super) body: Option<String>,
    pub(super) headers: HeaderMap,
}

/// How long an answer may be kept, by the age of its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A second: its data is under way.
    Live,
    /// A minute: what it is about is over, and late events may still change it.
    Settled,
    /// A day: no event can be so late.
    Final,
    /// An hour, for anybody: it changes with a deploy.
    Deployed,
    /// As long as it is the same at each look, for anybody.
    Revalidated,
}

impl Answer {
    /// A value as JSON, not to be kept.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        serde_json::to_string(value).map(Self::text).map_err(Failure::internal)
    }

    /// A text that is JSON, not to be kept.
    pub fn text(json: String) -> Self {
        let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(header::NO_STORE))]);
        Self { body: Some(json), headers }
    }

    /// A page of HTML and the headers by which a browser shows it, not to be kept.
    pub fn page(html: String, policy: HeaderMap) -> Self {
        let mut page = Self::text(html);
        page.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        page.headers.extend(policy);
        page
    }

    /// A text of another kind, for a file of that name, not to be kept.
    pub fn file(text: String, media_type: &'static str, name: &str) -> Self {
        let mut answer = Self::text(text);
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        add(&mut answer.headers, CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
        answer
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(name) = name.parse() {
            add(&mut self.headers, name, value);
        }
        self
    }

    /// That the caller has the answer already.
    pub(super) fn not_modified() -> Self {
        Self { body: None, headers: HeaderMap::new() }
    }

    /// What it says after the moment that it is of; nothing where it is of none.
    pub(super) fn says(&self) -> Option<&str> {
        self.body.as_deref()?.strip_prefix(AS_OF)?.split_once('"').map(|(_, says)| says)
    }

    /// The same, to be kept for as long as its data allows, under its tag.
    #[must_use]
    pub fn kept(mut self, etag: &ETag, freshness: Freshness) -> Self {
        self.headers.insert(CACHE_CONTROL, HeaderValue::from_static(freshness.cache_control()));
        add(&mut self.headers, VARY, "Authorization");
        add(&mut self.headers, ETAG, etag.as_str());
        self
    }

    /// The same with a link to another part of what was asked for (RFC 8288): a query of the same path.
    #[must_use]
    pub fn with_link(mut self, relation: &str, query: &str) -> Self {
        add(&mut self.headers, LINK, &format!("<?{query}>; rel=\"{relation}\""));
        self
    }
}

/// Adds to a header's list. The gateway passes on one line of each header.
pub(super) fn add(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    let before = headers.get(&name).and_then(|value| value.to_str().ok());
    let list = before.map_or_else(|| value.to_owned(), |before| format!("{before}, {value}"));
    if let Ok(list) = HeaderValue::from_str(&list) {
        headers.insert(name, list);
    }
}

impl Freshness {
    const fn cache_control(self) -> &'static str {
        match self {
            Self::Live => "private, max-age=1",
            Self::Settled => "private, max-age=60",
            Self::Final => "private, max-age=86400",
            Self::Deployed => "public, max-age=3600",
            Self::Revalidated => "public, no-cache",
        }
    }
}
