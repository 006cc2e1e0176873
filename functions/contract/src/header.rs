//! Headers of answers, whoever gives them: our functions, or the gateway by itself.
//!
//! Invariant: a browser takes an answer for what it says it is, and asks for the next one by TLS.

/// Name and value of the headers that every answer has. A year is what browsers' own lists ask of
/// `Strict-Transport-Security` (RFC 6797, 6.1.1).
pub const ALWAYS: [(&str, &str); 2] =
    [("X-Content-Type-Options", "nosniff"), ("Strict-Transport-Security", "max-age=31536000")];

/// Name of the header that says how long an answer may be kept.
pub const CACHE_CONTROL: &str = "Cache-Control";
/// Its value for an answer of one moment and one caller.
pub const NO_STORE: &str = "no-store";

/// What is left of a quota (draft-ietf-httpapi-ratelimit-headers-11, 4).
pub const RATE_LIMIT: &str = "RateLimit";
/// The quota itself (the same draft, 3).
pub const RATE_LIMIT_POLICY: &str = "RateLimit-Policy";

/// How many calls the range of an export has, all pages together.
pub const TOTAL_CALLS: &str = "X-Total-Calls";
/// The moment of which an export is.
pub const AS_OF: &str = "X-As-Of";
/// The range of an export, `<from>/<to>` (ISO 8601).
pub const RANGE: &str = "X-Range";

/// Headers that a page of a configured origin may send.
pub const ASKED_BY_PAGES: &str = "Authorization, X-Api-Key, If-None-Match";
/// Headers of an answer that such a page may read.
pub const READ_BY_PAGES: &str = "Content-Disposition, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-As-Of, X-Range, X-Request-Id, X-Total-Calls";
/// For how long a browser need not ask again beforehand, in seconds: the most that any keeps to.
pub const PREFLIGHT_SECONDS: &str = "7200";
