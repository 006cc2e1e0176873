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
