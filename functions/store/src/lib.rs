//! What the tables hold: blocks, lines of the access log, windows, windows that failed, journal, gates, alerts, keys, users and signing keys, and the watermark that splits time.
//!
//! Invariant: the name of an attribute or partition is spelled here or in `contract`, and nowhere else, so that who
//! writes an item and who reads it cannot disagree.

pub mod anomalies;
pub mod answer_lines;
pub mod blocks;
pub mod failed_windows;
pub mod failures;
pub mod history;
pub mod journal;
pub mod keys;
pub mod live;
pub mod migration;
pub mod notices;
pub mod quota_gate;
pub mod reads;
pub mod signing_keys;
pub mod table;
pub mod uncounted;
pub mod users;
pub mod watermark;
pub mod windows;
