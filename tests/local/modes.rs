//! The system in both of its modes and between them, with every command that works against it.
//!
//! Invariant: what is counted is every call that was made, whichever way it went.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::calls::{Calls, NOBODY};
use super::*;

/// Calls of the first part, bad keys among them.
const CALLS: usize = 1_000;
/// Clients that call at the same time.
const CLIENTS: usize = 8;
/// How soon a call is in `realtime`: a second, and what asking takes.
const SEEN: Duration = Duration::from_millis(1_500);

#[test]
fn every_call_is_answered_and_counted_exactly_in_both_modes_and_between_them() {
    let local = Local::up();
    let customers = ["one@example.com", "two#hash@example.com", "three@example.com"].map(|email| local.customer(email));
    let calls = Calls::default();
    a_call_is_seen_at_once(&local, &customers[0], &calls);
    a_thousand_calls_are_exact(&local, &customers, &calls);
    privacy_holds(&local);
    verify::all_holds(&local, calls.times().1);
    listeners::none_is_open_to_others_or_answers_a_page(&local);
    reconciliation::a_call_that_is_not_counted_is_found(&local);
    commands::what_looks_and_changes_nothing_answers_as_its_schema_says(&local);
    commands::a_follower_ends_quietly_when_its_pipe_is_closed(&local);
    commands::what_was_changed_by_hand_is_drift(&local);
    replay::a_replayed_record_counts_once(&local);
    load::is_counted_as_it_was_answered(load::begin(&local), &local);
    no_call_is_lost_between_the_modes(&local, &customers[2], &calls);
    rollback::data_goes_only_with_its_name_typed_out(&local);
    let never_run = [
        "alerts-list",
        "alerts-subscribe",
        "alerts-unsubscribe",
        "bench",
        "bench-anomalies",
        "bench-forecast",
        "bench-growth",
        "line",
        "play",
    ];
    let never_run = BTreeSet::from(never_run.map(str::to_owned));
    assert!(local.unchecked().is_subset(&never_run), "no command has answered for {:?}", local.unchecked());
}

/// The quickest of some tells how soon one is: others share the machine.
fn a_call_is_seen_at_once(local: &Local, customer: &Customer, calls: &Calls) {
    let n_seen = || {
        let realtime = local.analytics("/v1/analytics/realtime");
        realtime["current"]["apiCalls"].as_u64().unwrap() as usize + sum(&realtime, "apiCalls")
    };
    let quickest = (0..5).map(|_| {
        calls.make(local, customer.email, &customer.key);
        let answered = Instant::now();
        while n_seen() + calls.unanswered() < calls.len() {
            assert!(answered.elapsed() < COUNTED, "realtime does not show the call");
        }
        answered.elapsed()
    });
    let quickest = quickest.min().unwrap();
    assert!(quickest < SEEN, "realtime shows a call after {quickest:?}");
    calls.expect(local, &[customer.email]);
    calls.make(local, NOBODY, "ck_wrong");
    assert_eq!(local.get("/v1/nothing", ("x-api-key", &customer.key)).0, 404);
}

/// The sum of a field over a time series.
fn sum(report: &Value, field: &str) -> usize {
    report["timeSeries"].as_array().unwrap().iter().map(|point| point[field].as_u64().unwrap() as usize).sum()
}

/// Makes calls from several clients at once.
fn a_thousand_calls_are_exact(local: &Local, customers: &[Customer; 3], calls: &Calls) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let call = next.fetch_add(1, Ordering::Relaxed);
                    if call >= CALLS {
                        break;
                    }
                    // Every tenth call has a bad key; customers call unequally often.
                    if call % 10 == 9 {
                        calls.make(local, NOBODY, &format!("ck_wrong{call}"));
                    } else {
                        let customer = &customers[[0, 0, 0, 1, 1, 2][call % 6]];
                        calls.make(local, customer.email, &customer.key);
                    }
                }
            });
        }
    });
    // Few, or something else than an overloaded machine is wrong.
    assert!(calls.unanswered() <= CALLS / 20, "{} of {} calls met an error", calls.unanswered(), calls.len());
    let [one, two, three] = customers.each_ref().map(|customer| customer.email);
    let history = calls.expect(local, &[one, two, three, NOBODY]);
    let refusals = history.held(NOBODY);
    let expected = (history.calls.len() - refusals, refusals);
    // On a busy machine an event is committed after its minute; the next run of the aggregator folds that again.
    let began = Instant::now();
    loop {
        let hour = local.analytics("/v1/analytics/timeseries?granularity=minute&duration=60m");
        let shown = (sum(&hour, "apiCalls"), sum(&hour, "authFailures"));
        if shown == expected {
            break;
        }
        assert!(began.elapsed() < COUNTED, "calls and failures are {shown:?}, not {expected:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn privacy_holds(local: &Local) {
    let own = ("authorization", format!("Bearer {}", local.text("userToken")));
    let own = (own.0, own.1.as_str());
    assert_eq!(local.get("/v1/analytics/user-stats?email=one@example.com", own).0, 403);
    let (status, realtime) = local.get("/v1/analytics/realtime", own);
    assert_eq!(status, 200);
    assert!(!realtime.to_string().contains("one@example.com"), "{realtime}");
    assert_eq!(local.get("/v1/analytics/realtime", ("authorization", "Bearer forged")).0, 401);
}

fn no_call_is_lost_between_the_modes(local: &Local, customer: &Customer, calls: &Calls) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    calls.make(local, customer.email, &customer.key);
                }
            });
        }
        // Whatever goes wrong here, the clients have to end: a scope waits for its threads.
        let switched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            rollback::a_roll_back_is_refused_interrupted_and_finished(local);
            local.done("off", &["verify", "--local"]);
            local.document("on", &["deploy", "--local", "--yes", "--json"], 0);
        }));
        over.store(true, Ordering::Relaxed);
        switched.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    calls.expect(local, &[customer.email]);
}
