//! The attributes that templates declare and functions write: keys, expiry, indexes.

/// Partition key of every table.
pub const PK: &str = "PK";
/// Sort key of every table.
pub const SK: &str = "SK";
/// Expiry of an item, in seconds since 1970.
pub const TTL: &str = "ttl";

/// Index of the keys table by owner: partition key [`USER_EMAIL`], sort key [`CREATED_AT`].
pub const KEYS_BY_USER: &str = "ByUser";
/// E-mail address of a key's owner.
pub const USER_EMAIL: &str = "userEmail";
/// When a key was created, ISO 8601.
pub const CREATED_AT: &str = "createdAt";

/// Sparse, keys-only index of the usage table: the journals that hold calls the analytics table does not have yet.
/// Partition key [`PENDING`], sort key `PK`.
pub const PENDING_JOURNALS: &str = "PendingJournals";
/// Present on what leads to an entry of the journal while it waits: the entry itself, or the gate that let its call pass.
pub const PENDING: &str = "pending";
