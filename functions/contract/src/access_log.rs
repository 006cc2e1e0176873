//! The API's access log: one JSON object a call, as the gateway itself saw it.
//!
//! Invariant: a call is counted when, and only when, its line says [`WITHIN`] under [`QUOTA`]: the authorizer let it
//! through. A refused call, or one that another authorizer decides, says something else there, or nothing.

/// The gateway's id of the call, a text.
pub const REQUEST_ID: &str = "requestId";
/// When the call came in: milliseconds since 1970, as a text.
pub const TIME: &str = "time";
/// What the authorizer says of the caller's quota; the authorizer's context has it under the same name.
pub const QUOTA: &str = "quota";
/// The value of [`QUOTA`] for a call that was let through.
pub const WITHIN: &str = "within";
/// The id of the call's event, which the authorizer gives it; the authorizer's context has it under the same name.
/// Nothing where the authorizer let nobody through, or was not asked.
pub const CALL_ID: &str = "callId";
/// The HTTP status of the answer, as a text.
pub const STATUS: &str = "status";
/// What the gateway calls an answer that it gives by itself (API Gateway Developer Guide, "Gateway response types").
pub const RESPONSE_TYPE: &str = "responseType";
/// How long the caller waited for the answer: milliseconds, as a text.
pub const RESPONSE_LATENCY: &str = "responseLatency";
