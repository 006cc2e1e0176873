//! Events that a call brings about beside itself.
//!
//! Invariant: each names the call by its request id, and the caller; its type tells it from the call.

use metering::event::{Event, EventType};
use metering::quota::Quota;

/// The call was over the quota.
pub(super) fn rate_limited(call: &Event, quota: Quota) -> Event {
    let (current_usage, limit) = (Some(quota.used), Some(quota.limit));
    Event { event_type: EventType::RateLimited, current_usage, limit, ..call.clone() }
}

/// A threshold is reached with the call, or was before it by calls that other instances let through; `quota` holds the
/// call.
pub(super) fn threshold(call: &Event, threshold: u64, quota: Quota) -> Event {
    let (usage, limit) = (Some(quota.used), Some(quota.limit));
    Event { event_type: EventType::Threshold, threshold: Some(threshold), usage, limit, ..call.clone() }
}
