//! Alerts to users: made while minutes are folded, sent when all else of the run is done.
//!
//! Invariant: what cannot be sent holds up neither a window nor, for long, another alert, and a later run sends it.

use futures::future::join_all;
use jiff::Timestamp;
use store::notices::Claim;

use super::Aggregator;
use crate::alerts_topic::AlertsTopic;

/// Alerts sent at the same time.
const AT_ONCE: usize = 10;

impl Aggregator {
    /// Sends what this run has made, and what earlier ones have not sent; returns how many it could not send.
    pub(super) async fn send_alerts(&self, mut alerts: Vec<Claim>, now: Timestamp) -> usize {
        let Some(topic) = &self.topic else { return 0 };
        match self.notices.claim(now).await {
            Ok(waiting) => alerts.extend(waiting),
            Err(cause) => tracing::error!(%cause, "alerts that wait cannot be read; a later run sends them"),
        }
        let mut sent = 0;
        for alerts in alerts.chunks(AT_ONCE) {
            let taken = join_all(alerts.iter().map(|alert| self.send(topic, alert, now))).await;
            let taken = taken.into_iter().filter(|taken| *taken).count();
            sent += taken;
            // Where SNS takes none of so many, it is away: a run has other things to do than to wait for it.
            if taken == 0 {
                break;
            }
        }
        alerts.len() - sent
    }

    /// Sends an alert, and takes note of that. Whether SNS has taken it.
    async fn send(&self, topic: &AlertsTopic, claim: &Claim, now: Timestamp) -> bool {
        if let Err(cause) = topic.send(claim.alert()).await {
            tracing::error!(%cause, id = claim.alert().id(), "an alert is not sent; a later run sends it");
            return false;
        }
        if let Err(cause) = self.notices.sent(claim, now).await {
            tracing::error!(%cause, id = claim.alert().id(), "nobody knows that an alert was sent; it is sent again");
        }
        true
    }
}
