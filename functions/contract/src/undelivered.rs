//! The line of the authorizer's log that keeps an event which neither the stream nor the journal took.
//!
//! Invariant: there is such a line for an event that is nowhere else, and for no other. A metric filter counts the
//! lines and `errors replay --from-log` reads them, so the message is a name and not prose.

/// The text under `message`, by which the line is found.
pub const MESSAGE: &str = "an event is kept in this line alone";
/// The event's JSON, as a text.
pub const EVENT: &str = "event";
/// The environment's name, which becomes the metric's one dimension: a filter can only take it from the line.
pub const ENVIRONMENT: &str = "environment";
