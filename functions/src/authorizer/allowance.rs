//! How many events an instance keeps of what costs nobody a call: refusals and failed keys, while the stream is off.
//!
//! Invariant: whoever sends what is refused causes no more writes than that, however much they send.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::{SignedDuration, Timestamp};
use metering::window::Minute;

use super::cache::Cache;

/// Events of one name in a minute.
pub(super) const IN_A_MINUTE: u32 = 100;

/// Counts events by name and minute.
#[derive(Debug)]
pub(super) struct Allowance {
    used: Cache<Arc<AtomicU32>>,
}

impl Allowance {
    pub(super) const fn new() -> Self {
        Self { used: Cache::new(SignedDuration::from_secs(60)) }
    }

    /// Whether an event of that name may be kept.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> bool {
        let name = format!("{}#{name}", Minute::of(now));
        let used = self.used.get(&name, now).unwrap_or_else(|| {
            let used = Arc::default();
            self.used.insert(&name, Arc::clone(&used), now);
            used
        });
        used.fetch_add(1, Ordering::Relaxed) < IN_A_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_so_many_events_in_each_minute_and_no_more() {
        let allowance = Allowance::new();
        let kept = |name: &str, at: &str| {
            (0..IN_A_MINUTE * 3).filter(|_| allowance.take(name, at.parse().unwrap())).count() as u32
        };
        assert_eq!(kept("a", "2026-11-24T10:15:30Z"), IN_A_MINUTE);
        assert_eq!((kept("a", "2026-11-24T10:15:59Z"), kept("b", "2026-11-24T10:15:59Z")), (0, IN_A_MINUTE));
        assert_eq!(kept("a", "2026-11-24T10:16:00Z"), IN_A_MINUTE);
    }
}
