//! Calls that are made, and whether the history holds each of them as often as it has to.
//!
//! Invariant: every call has a mark of its own that its event keeps, so each is found by itself. One that was answered
//! is there once, one that met an error of ours at most once, and what is counted is what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::history::History;
use super::{Answer, COUNTED, Local};

/// Who the calls are of whose keys are bad.
pub(super) const NOBODY: &str = "";

/// Calls so far, by who has made them and their marks.
#[derive(Debug, Default)]
pub(super) struct Calls {
    made: Mutex<BTreeMap<(String, String), Answer>>,
    n_marks: AtomicUsize,
}

impl Calls {
    /// Makes one. An answer is 200 or, for nobody, 401; an error of ours leaves open whether the call was counted.
    pub(super) fn make(&self, local: &Local, email: &str, key: &str) {
        let mark = format!("call-{}", self.n_marks.fetch_add(1, Ordering::Relaxed));
        let answer = local.ask(key, &mark);
        let is_right = answer.status == if email == NOBODY { 401 } else { 200 };
        assert!(is_right || answer.is_error(), "{mark} of {email}: {answer:?}");
        self.made.lock().unwrap().insert((email.to_owned(), mark), answer);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.made.lock().unwrap().len()
    }

    /// How many were not answered.
    pub(super) fn unanswered(&self) -> usize {
        self.made.lock().unwrap().values().filter(|answer| answer.is_error()).count()
    }

    /// How long the slowest took, and all on average.
    pub(super) fn times(&self) -> (Duration, Duration) {
        let made = self.made.lock().unwrap();
        let sum: Duration = made.values().map(|answer| answer.after).sum();
        (made.values().map(|answer| answer.after).max().unwrap_or_default(), sum / made.len().max(1) as u32)
    }

    /// How many were not answered, by their status and the reason that the history has.
    pub(super) fn reasons(&self, history: &History) -> BTreeMap<(u16, String), usize> {
        let mut reasons = BTreeMap::new();
        for ((_, mark), answer) in self.made.lock().unwrap().iter().filter(|(_, answer)| answer.is_error()) {
            let reason = history.errors.get(mark).map_or("none", String::as_str);
            // The rest is the SDK's own view of the same.
            *reasons.entry((answer.status, reason.chars().take(80).collect())).or_default() += 1;
        }
        reasons
    }

    /// Waits until the history and the counts of some users are what they have to be.
    pub(super) fn expect(&self, local: &Local, emails: &[&str]) -> History {
        let began = Instant::now();
        loop {
            let history = History::read(local);
            let mut wrong = self.wrong(emails, &history);
            wrong.extend(emails.iter().filter_map(|email| miscounted(local, email, &history)));
            if wrong.is_empty() {
                return history;
            }
            assert!(began.elapsed() < COUNTED, "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// A line for each call that the history does not hold as often as it has to.
    fn wrong(&self, emails: &[&str], history: &History) -> Vec<String> {
        let made = self.made.lock().unwrap();
        let all: BTreeSet<_> = made.keys().chain(history.calls.keys()).collect();
        let line = |call| {
            let (answer, ids) = (made.get(call), history.calls.get(call));
            let may_be = match answer {
                Some(answer) => usize::from(!answer.is_error())..=1,
                None => 0..=0,
            };
            let is_wrong = !may_be.contains(&ids.map_or(0, BTreeSet::len));
            let (email, mark) = call;
            let (status, ids) = (answer.map(|answer| answer.status), ids.into_iter().flatten().collect::<Vec<_>>());
            is_wrong.then(|| format!("{mark} of {email}: answered {status:?}, in the history as {ids:?}"))
        };
        all.into_iter().filter(|(email, _)| emails.contains(&email.as_str())).filter_map(line).collect()
    }
}

/// Says so where a user's count is not the number of calls in the history.
fn miscounted(local: &Local, email: &str, history: &History) -> Option<String> {
    let held = history.held(email);
    let counted = if email == NOBODY { held } else { local.counted(email) };
    (counted != held).then(|| format!("{email}: {counted} calls are counted, {held} are in the history"))
}
