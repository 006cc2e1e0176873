//! Numbers that both sides rely on, with their units.

/// Calls of a user in a calendar month (UTC), where the user's record names no other number.
pub const DEFAULT_MONTHLY_QUOTA: u64 = 10_000;

/// Most plans of an environment: each is a dashboard and three metrics.
pub const MAX_PLANS: usize = 10;

/// Longest name of a plan, in bytes.
pub const MAX_PLAN_NAME_BYTES: usize = 32;

/// Most thresholds of a plan: each is an alert a month to each of its users. With [`MAX_PLANS`] of them a function's
/// variables stay below their 4 KB (Lambda Developer Guide, "Lambda quotas").
pub const MAX_THRESHOLDS: usize = 10;

/// How long the stream keeps a record, in hours. Late events are counted for as long.
pub const STREAM_RETENTION_HOURS: u32 = 168;

/// How far back answers go, and how long failed records are kept, in days.
pub const HISTORY_DAYS: u32 = 90;

/// How long the cursor of an export is good, in days.
pub const CURSOR_DAYS: u32 = 7;

/// How long blocks of calls and windows that expire are kept, in days: [`HISTORY_DAYS`] that end at the last midnight
/// begin up to a day before them, in a window that begins up to another day before, and an export of them goes on for
/// [`CURSOR_DAYS`].
pub const RETENTION_DAYS: u32 = HISTORY_DAYS + 2 + CURSOR_DAYS;

/// How long minutes of a user are kept, in days: longer than an event can be late.
pub const MINUTES_DAYS: u32 = 10;
/// Users whose calls are watched for anomalies by the minute at most, and by the hour.
pub const WATCHED_BY_MINUTE: usize = 50;
pub const WATCHED_BY_HOUR: usize = 2_000;
/// Calls of a day with which a user is watched by the minute: seven a minute, as few as make a stop of two minutes
/// unlikely.
pub const BUSY_CALLS: u64 = 7 * 24 * 60;

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

/// Most shards of a stream that the local system plays: a call is in `realtime` within 0.3 s. With twice as many it
/// takes up to a second, and at rest the reading of shards takes a twelfth of a core.
pub const LOCAL_SHARDS: u32 = 16;

/// How often a stream's shards may be changed in any 24 hours (Kinesis API Reference, UpdateShardCount).
pub const SHARD_CHANGES_PER_DAY: usize = 10;

/// Time-out of the authorizer, in seconds. API Gateway itself waits 29 s at most.
pub const AUTHORIZER_TIMEOUT_SECONDS: u32 = 5;

/// Longest id of a call, in bytes: with its user and its type it names the call, so it is never cut.
pub const MAX_REQUEST_ID_BYTES: usize = 256;

/// Longest name of a company in an event, in bytes as it is stored: in JSON, where a control character takes six.
/// Optional texts of an event are cut to this and the following, so that no event outgrows its block, and nothing that
/// is made of events an item's 400 KB. Each is above what people and browsers write.
pub const MAX_COMPANY_BYTES: usize = 256;
/// Longest name of a key, in bytes as it is stored.
pub const MAX_KEY_NAME_BYTES: usize = 128;
/// Longest id of a key, in bytes as it is stored.
pub const MAX_KEY_ID_BYTES: usize = 128;
/// Longest method, in bytes as it is stored. Methods of HTTP have up to 17 letters.
pub const MAX_METHOD_BYTES: usize = 32;
/// Longest path, in bytes as it is stored.
pub const MAX_PATH_BYTES: usize = 1_024;
/// Longest stage, in bytes as it is stored (API Gateway Developer Guide, "Quotas": 128 characters).
pub const MAX_STAGE_BYTES: usize = 128;
/// Longest address of a caller, in bytes as it is stored. One of IPv6 has up to 45 characters.
pub const MAX_ADDRESS_BYTES: usize = 64;
/// Longest `User-Agent`, in bytes as it is stored.
pub const MAX_USER_AGENT_BYTES: usize = 1_024;
/// Longest text of an error, or of why a record cannot be counted, in bytes as it is stored.
pub const MAX_ERROR_BYTES: usize = 1_024;

/// Longest latency, in milliseconds: a day. A number beyond it is none.
pub const MAX_LATENCY_MS: f64 = 86_400_000.0;

/// Most bytes that a histogram of durations takes as it is stored: each bucket up to [`MAX_LATENCY_MS`], as full as can be.
pub const MAX_HISTOGRAM_BYTES: usize = 12_288;

/// Most bytes that the keys of a subject's usage take as they are stored: 60 keys with long names, 80 with usual ones.
pub const MAX_KEYS_BYTES: usize = 24 * 1_024;
/// Most bytes that the paths of a subject's usage take as they are stored.
pub const MAX_PATHS_BYTES: usize = 12 * 1_024;
/// Longest `METHOD /path` in it, in bytes as it is stored.
pub const MAX_CALL_BYTES: usize = 256;
/// Most bytes that the calls of a subject by status, key and path at once take as they are stored.
pub const MAX_CROSSED_BYTES: usize = 16 * 1_024;
/// Most bytes that the response times of a subject's keys, and those of its paths, take as they are stored.
pub const MAX_RESPONSES_BYTES: usize = 8 * 1_024;
/// Most bytes that numbers of calls by status take as they are stored: 36 statuses. There are 63 registered.
pub const MAX_STATUSES_BYTES: usize = 1_024;
/// Most bytes that the failures of the gateway by their types take as they are stored. There are 20 types.
pub const MAX_GATEWAY_BYTES: usize = 1_536;
/// Most bytes that the addresses of failed authentications of one reason take as they are stored: 25 of IPv4.
pub const MAX_ADDRESSES_BYTES: usize = 1_024;
/// Most bytes that the beginnings of their keys take as they are stored.
pub const MAX_PREFIXES_BYTES: usize = 512;
/// Most bytes that all failed authentications take as they are stored: each of four reasons has room of its own.
pub const MAX_REFUSALS_BYTES: usize = 4 * (MAX_ADDRESSES_BYTES + MAX_PREFIXES_BYTES + 96);
/// Most bytes that the paths of all users together take as they are stored, and their paths by status.
pub const MAX_TOTAL_PATHS_BYTES: usize = 4 * 1_024;
/// Most bytes that the response times of the users, and those of the companies, with the most calls take as they are stored:
/// an answer about 90 days reads that many of each.
pub const MAX_LEADERS_RESPONSES_BYTES: usize = 3 * 1_024;
/// Most bytes that the course of an hour or a day takes as it is stored; beyond, it has no histograms.
pub const MAX_COURSE_BYTES: usize = 128 * 1_024;
/// Largest usage of a subject as it is stored, in bytes: its parts, and less than 2 KB of names and sums.
pub const MAX_USAGE_BYTES: usize = MAX_KEYS_BYTES
    + MAX_PATHS_BYTES
    + MAX_CROSSED_BYTES
    + 2 * MAX_RESPONSES_BYTES
    + 2 * MAX_HISTOGRAM_BYTES
    + MAX_STATUSES_BYTES
    + MAX_REFUSALS_BYTES
    + 2_048;
