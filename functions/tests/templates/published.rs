//! The metrics that the dashboard and the alarms look at against those that the functions publish.
//!
//! Invariant: a metric of ours is published by a function, in its namespace and under the environment, or counted from a
//! line of a log.

use contract::metric::{ENVIRONMENT_DIMENSION, Metric};

use crate::apps;
use crate::repertoire::{Seen, play_until};

/// What no function publishes while all goes well: a filter counts the one from the authorizer's log.
const OTHERWISE: [Metric; 2] = [Metric::UndeliveredEvents, Metric::FailedWindows];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_ours_is_published_under_the_environment() {
    let unpublished = |seen: &Seen| -> Vec<Metric> {
        let published = |metric: &Metric| seen.published.iter().any(|body| publishes(body, *metric));
        Metric::ALL.into_iter().filter(|metric| !OTHERWISE.contains(metric) && !published(metric)).collect()
    };
    let seen = play_until(|seen| unpublished(seen).is_empty()).await;
    assert_eq!(unpublished(&seen), [], "published by no function");
}

/// Whether a request publishes a metric: in CBOR each text stands behind its length (RFC 8949).
fn publishes(body: &[u8], metric: Metric) -> bool {
    let env = apps()[0].env.to_string();
    let texts = [metric.namespace(), metric.name(), metric.unit(), ENVIRONMENT_DIMENSION, &env];
    texts.iter().all(|text| {
        let length = u8::try_from(text.len()).unwrap();
        let head = if length < 24 { vec![0x60 + length] } else { vec![0x78, length] };
        let whole = [&head, text.as_bytes()].concat();
        body.windows(whole.len()).any(|window| window == whole)
    })
}
