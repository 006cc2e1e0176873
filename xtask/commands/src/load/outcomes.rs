//! What came of the calls of a load: statuses, latencies, and what each user's count has to be.
//!
//! Invariant: a latency begins when the call was due and not when it was sent, so what waited for its turn is in it. This
//! is what "coordinated omission" leaves out (Gil Tene, "How NOT to Measure Latency").

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Latencies are kept in microseconds with three digits: an error of a thousandth at most.
const DIGITS: u8 = 3;
/// Longer ones count as an hour: no call waits for an answer as long.
const MAX_MICROSECONDS: u64 = 60 * 60 * 1_000_000;
/// Most reasons for which no answer came that are told apart.
const MAX_REASONS: usize = 20;
/// What the others are summed under.
const OTHER_REASONS: &str = "other reasons";

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The index of the user who made it.
    pub user: usize,
    /// The status of the answer, or why none came.
    pub answer: Result<u16, String>,
    /// From when it was due to the end of its answer.
    pub latency: Duration,
    /// From when it was due until it was sent.
    pub delay: Duration,
}

/// What the answers to a user's calls say of their count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Calls that were answered with 2xx: each is counted once.
    pub succeeded: u64,
    /// All others: each is counted once or not at all. A call that failed at transport may have been carried out.
    pub uncertain: u64,
}

/// The sum of the outcomes so far.
#[derive(Clone, Debug)]
pub struct Outcomes {
    /// By the index of the user.
    pub users: Vec<Answers>,
    statuses: BTreeMap<u16, u64>,
    unanswered: BTreeMap<String, u64>,
    latencies: Histogram<u64>,
    /// Latencies since they were last shown.
    recent: Histogram<u64>,
    longest_delay: Duration,
}

impl Outcomes {
    /// None yet.
    ///
    /// # Errors
    /// When there is no memory for latencies.
    pub fn new(n_users: usize) -> Result<Self> {
        let latencies = Histogram::new_with_max(MAX_MICROSECONDS, DIGITS).context("cannot record latencies")?;
        Ok(Self {
            users: vec![Answers::default(); n_users],
            statuses: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            recent: latencies.clone(),
            latencies,
            longest_delay: Duration::ZERO,
        })
    }

    /// Adds an outcome.
    pub fn add(&mut self, outcome: Outcome) {
        let Outcome { user, answer, latency, delay } = outcome;
        let is_success = matches!(answer, Ok(200..=299));
        if let Some(answers) = self.users.get_mut(user) {
            *(if is_success { &mut answers.succeeded } else { &mut answers.uncertain }) += 1;
        }
        self.longest_delay = self.longest_delay.max(delay);
        match answer {
            Ok(status) => {
                *self.statuses.entry(status).or_default() += 1;
                let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                self.latencies.saturating_record(microseconds);
                self.recent.saturating_record(microseconds);
            }
            Err(reason) => {
                let is_known = self.unanswered.contains_key(&reason) || self.unanswered.len() < MAX_REASONS;
                let reason = if is_known { reason } else { OTHER_REASONS.to_owned() };
                *self.unanswered.entry(reason).or_default() += 1;
            }
        }
    }

    /// Calls that were answered, with whatever status.
    pub fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Calls that were not answered, or not with 2xx.
    pub fn errors(&self) -> u64 {
        self.users.iter().map(|answers| answers.uncertain).sum()
    }

    /// The line of how it goes, after some time of calling; begins the next interval.
    pub fn progress(&mut self, sent: u64, elapsed: Duration) -> Progress {
        let progress = Progress {
            seconds: elapsed.as_secs(),
            sent,
            answered: self.answered(),
            errors: self.errors(),
            p50_ms: percentile(&self.recent, 50.0),
            p99_ms: percentile(&self.recent, 99.0),
        };
        self.recent.reset();
        progress
    }

    /// Lines for people.
    pub fn lines(&self) -> Vec<String> {
        let statuses = self.statuses.iter().map(|(status, calls)| format!("{calls} answered with {status}"));
        let unanswered = self.unanswered.iter().map(|(reason, calls)| format!("{calls} not answered: {reason}"));
        let latency = format!(
            "latency: p50 {}, p90 {}, p99 {}, longest {}",
            milliseconds(percentile(&self.latencies, 50.0)),
            milliseconds(percentile(&self.latencies, 90.0)),
            milliseconds(percentile(&self.latencies, 99.0)),
            milliseconds(percentile(&self.latencies, 100.0)),
        );
        let delay = format!("sent at most {} late", milliseconds(Some(self.longest_delay.as_secs_f64() * 1e3)));
        statuses.chain(unanswered).chain([latency, delay]).collect()
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let statuses: BTreeMap<String, u64> = self.statuses.iter().map(|(name, n)| (name.to_string(), *n)).collect();
        json!({
            "answered": self.answered(),
            "errors": self.errors(),
            "statuses": statuses,
            "unanswered": self.unanswered,
            "latencyMs": {
                "p50": percentile(&self.latencies, 50.0),
                "p90": percentile(&self.latencies, 90.0),
                "p99": percentile(&self.latencies, 99.0),
                "max": percentile(&self.latencies, 100.0),
            },
            "longestDelayMs": self.longest_delay.as_secs_f64() * 1e3,
        })
    }
}

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    seconds: u64,
    sent: u64,
    answered: u64,
    errors: u64,
    /// Of the calls that were answered since the line before.
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

impl Progress {
    /// For people.
    pub fn line(self) -> String {
        let Self { seconds, sent, answered, errors, p50_ms, p99_ms } = self;
        let (p50, p99) = (milliseconds(p50_ms), milliseconds(p99_ms));
        format!("{seconds} s: {sent} sent, {answered} answered, {errors} errors, p50 {p50}, p99 {p99}")
    }

    /// For programs.
    pub fn to_json(self) -> Value {
        let Self { seconds, sent, answered, errors, p50_ms, p99_ms } = self;
        json!({"type": "load", "seconds": seconds, "sent": sent, "answered": answered, "errors": errors,
               "p50Ms": p50_ms, "p99Ms": p99_ms})
    }
}

/// In milliseconds; nothing where there is none.
fn percentile(latencies: &Histogram<u64>, percent: f64) -> Option<f64> {
    (!latencies.is_empty()).then(|| latencies.value_at_percentile(percent) as f64 / 1e3)
}

fn milliseconds(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(user: usize, answer: Result<u16, &str>, milliseconds: u64) -> Outcome {
        let answer = answer.map_err(str::to_owned);
        Outcome { user, answer, latency: Duration::from_millis(milliseconds), delay: Duration::ZERO }
    }

    #[test]
    fn what_was_answered_with_2xx_is_certain_and_nothing_else_is() {
        let mut outcomes = Outcomes::new(2).unwrap();
        for (user, answer) in [(0, Ok(200)), (0, Ok(204)), (0, Ok(503)), (1, Ok(429)), (1, Err("reset"))] {
            outcomes.add(outcome(user, answer, 5));
        }
        assert_eq!(outcomes.users[0], Answers { succeeded: 2, uncertain: 1 });
        assert_eq!(outcomes.users[1], Answers { succeeded: 0, uncertain: 2 });
        assert_eq!((outcomes.answered(), outcomes.errors()), (4, 3));
    }

    #[test]
    fn percentiles_are_those_of_the_latencies() {
        let mut outcomes = Outcomes::new(1).unwrap();
        (1..=1_000).for_each(|latency| outcomes.add(outcome(0, Ok(200), latency)));
        let latency = &outcomes.to_json()["latencyMs"];
        for (name, wanted) in [("p50", 500.0), ("p90", 900.0), ("p99", 990.0), ("max", 1_000.0)] {
            let found = latency[name].as_f64().unwrap();
            assert!((found / wanted - 1.0).abs() < 0.001, "{name}: {found}");
        }
    }

    #[test]
    fn a_line_of_progress_has_the_latencies_since_the_one_before() {
        let mut outcomes = Outcomes::new(1).unwrap();
        outcomes.add(outcome(0, Ok(200), 900));
        outcomes.progress(1, Duration::from_secs(1));
        outcomes.add(outcome(0, Ok(200), 10));
        let line = outcomes.progress(3, Duration::from_secs(2)).line();
        assert_eq!(line, "2 s: 3 sent, 2 answered, 0 errors, p50 10.0 ms, p99 10.0 ms");
        assert_eq!(outcomes.progress(3, Duration::from_secs(3)).p50_ms, None);
    }

    #[test]
    fn reasons_without_end_are_summed() {
        let mut outcomes = Outcomes::new(1).unwrap();
        (0..100).for_each(|n| outcomes.add(outcome(0, Err(&format!("reason {n}")), 1)));
        assert_eq!(outcomes.unanswered.len(), MAX_REASONS + 1);
        assert_eq!(outcomes.unanswered[OTHER_REASONS], 80);
    }
}
