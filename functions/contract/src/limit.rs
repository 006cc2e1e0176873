//! Numbers that both sides rely on, with their units.

/// Calls of a user in a calendar month (UTC), where the user's record names no other number.
pub const DEFAULT_MONTHLY_QUOTA: u64 = 10_000;

/// Longest name of a company or of an API key that a command takes, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// How long the stream keeps a record, in hours. Late events are counted for as long.
pub const STREAM_RETENTION_HOURS: u32 = 168;

/// How long blocks of calls, hours and failed records are kept, in days.
pub const HISTORY_DAYS: u32 = 90;

/// How long minutes of a user are kept, in days: longer than an event can be late.
pub const MINUTES_DAYS: u32 = 10;

/// An event older than this at its arrival is a failed record, in days.
pub const MAX_EVENT_AGE_DAYS: u32 = 8;

/// An event further than this in the future at its arrival is a failed record, in minutes.
pub const MAX_EVENT_LEAD_MINUTES: u32 = 60;

/// Over how many partitions the calls of one minute are spread, by user. DynamoDB takes 1,000 write units a second
/// for each (Developer Guide, "Best practices for designing partition keys"), and a reader of one user reads one.
pub const BUCKETS: u8 = 8;

/// Records in one invocation of the processor.
pub const BATCH_SIZE: u16 = 500;

/// Shards of a provisioned stream, where the environment's settings name no other number.
pub const DEFAULT_SHARDS: u32 = 2;

/// Fewest shards that the scaler leaves, where the environment's settings name no other number.
pub const DEFAULT_MIN_SHARDS: u32 = 2;

/// Most shards that the scaler takes, where the environment's settings name no other number.
pub const DEFAULT_MAX_SHARDS: u32 = 10;

/// How often a stream's shards may be changed in any 24 hours (Kinesis API Reference, UpdateShardCount).
pub const SHARD_CHANGES_PER_DAY: usize = 10;

/// Time-out of the authorizer, in seconds. API Gateway itself waits 29 s at most.
pub const AUTHORIZER_TIMEOUT_SECONDS: u32 = 5;
