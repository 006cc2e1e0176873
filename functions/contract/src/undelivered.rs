//! The lines of the authorizer's log that keep an event which neither the stream nor the journal is known to have.
//!
//! Invariant: an event that is nowhere else has a line of [`MESSAGE`], or one of [`UNCONFIRMED`] that no line of
//! [`SETTLED`] with its [`IDENTITY`] answers. A metric filter counts the first, and `errors replay --from-log` reads
//! both; the messages are names and not prose. To put back an event that is elsewhere too changes no count.

/// The text under `message` of a line for an event that could not be written.
pub const MESSAGE: &str = "an event is kept in this line alone";
/// The text under `message` of a line for an event whose write had not ended when its call was answered.
pub const UNCONFIRMED: &str = "an event may be kept in this line alone";
/// The text under `message` of a line that says of such an event that the journal has it.
pub const SETTLED: &str = "an event that had not been confirmed is in the journal";
/// What an event's lines have in common, a text.
pub const IDENTITY: &str = "identity";
/// The event's JSON, as a text; not in a line of [`SETTLED`].
pub const EVENT: &str = "event";
/// The environment's name, which becomes the metric's one dimension: a filter can only take it from the line.
pub const ENVIRONMENT: &str = "environment";
