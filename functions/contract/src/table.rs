//! The attributes that templates declare and functions write, and the partitions that grants name.

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

/// What the sort key of an entry of the journal has between its month and its instant:
/// `2026-11#CALL#2026-11-24T10:15:30.123Z#3f0c…`.
pub const CALL: &str = "#CALL#";
/// End of a gate's sort key, after its month: `2026-11#GATE`.
pub const GATE: &str = "#GATE";

/// How the sort keys of the calls behind a gate begin; nothing where the sort key is not a gate's.
pub fn behind_gate(sort: &str) -> Option<String> {
    sort.strip_suffix(GATE).map(|month| format!("{month}{CALL}"))
}

/// Partition of the analytics table that remembers how far its writers are: the watermark, the scaler's changes.
pub const STATE: &str = "STATE";
/// Partition of the analytics table with the minutes that got blocks out of turn.
pub const LATE: &str = "LATE";
/// Partition of the analytics table with the windows that could not be written and are tried again: `cause`, `since` and
/// `triedAt` under the window and the bucket whose it is, or `total`.
pub const FAILED: &str = "FAILED";
/// Partition of the analytics table with the spans of which windows were set long afterwards: the last minute, under the
/// first.
pub const UNCOUNTED: &str = "UNCOUNTED";
/// Partition of the analytics table with the records that could not be counted.
pub const ERRORS: &str = "ERRORS";
/// Partition of the analytics table with the keys that cursors are signed with, by month.
pub const SIGNING_KEYS: &str = "SIGNING";
/// How the analytics table's partitions of blocks and digests begin, before minute and bucket.
pub const BLOCKS: &str = "CALLS#";
/// How the analytics table's partitions of the access log's lines begin, before the minute.
pub const ANSWERS: &str = "ANSWERS#";
/// How a user's partitions begin, before the address: in the keys table, and in the usage table.
pub const USER: &str = "USER#";
/// How a key's partitions begin: before its hash in the keys table, before its id in the usage table.
pub const KEY: &str = "KEY#";
