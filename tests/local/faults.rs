//! A run of the whole system with faults between its functions and what they call.
//!
//! Invariant: every call has a mark of its own that its event keeps, so each is found in the history by itself. One
//! that was answered is there once, one that was not at most once, and what is counted is what is there.
//!
//! Calls that are not answered are those whose keys cannot be looked up in the 0.7 s that the authorizer has for it: none
//! on a quiet machine, one in a hundred where others use it too, because the emulator is one Python process. The history
//! has the reason of each, by its mark.

use std::collections::BTreeMap;
use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name};
use serde_json::json;

use super::history::History;
use super::proxy::{Fault, Proxy};
use super::*;

/// How long calls are made, in seconds, unless the variable of this name says otherwise.
const SECONDS: (&str, u64) = ("COMPLICAL_FAULTS_SECONDS", 40);
/// Clients that call at the same time.
const CALLERS: usize = 6;
/// How long what was answered may be on its way into blocks.
const ON_ITS_WAY: Duration = Duration::from_secs(30);
/// After this the aggregator has run once more.
const A_RUN: Duration = Duration::from_secs(65);

/// A call that was made, by its user and its mark, and what came of it.
type Made = BTreeMap<(String, String), Answer>;

#[test]
fn under_faults_every_call_that_is_answered_is_counted_once() {
    let mut started = None;
    let local = Local::up_with(|| {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let proxy = started.insert(Proxy::start(port));
        (port, vec![("COMPLICAL_LOCAL_FUNCTIONS_ENDPOINT", proxy.endpoint_url.clone())])
    });
    let proxy = started.unwrap();
    let customers = ["one@example.com", "two#hash@example.com", "three@example.com"].map(|email| local.customer(email));
    let seconds = std::env::var(SECONDS.0).map_or(SECONDS.1, |seconds| seconds.parse().unwrap());
    proxy.set_calm(false);
    let made = calls(&local, &customers, Duration::from_secs(seconds));
    proxy.set_calm(true);
    let faults = proxy.faults();
    let unanswered = made.values().filter(|answer| answer.status != 200).count();
    let n_kept = put_back(&local);
    let slowest = made.values().map(|answer| answer.after).max().unwrap();
    eprintln!("{seconds} s: {} calls, {unanswered} unanswered, the slowest {slowest:.1?}; {faults:?}", made.len());
    eprintln!("the emulator was late {} times, {n_kept} events were in the log", proxy.late());
    assert!((unanswered + n_kept) * 10 <= made.len(), "too much has failed to say anything");
    for kind in [Fault::LoseAnswer, Fault::Reset, Fault::Throttle, Fault::Fail, Fault::Delay] {
        assert!(faults.get(&kind) > Some(&10), "{faults:?}");
    }
    exact(&local, &customers, &made);
    std::thread::sleep(A_RUN);
    eprintln!("unanswered: {:?}", reasons(&made, &exact(&local, &customers, &made)));
}

/// How many calls were not answered, by their status and the reason that the history has.
fn reasons(made: &Made, history: &History) -> BTreeMap<(u16, String), usize> {
    let mut reasons = BTreeMap::new();
    for ((_, mark), answer) in made.iter().filter(|(_, answer)| answer.status != 200) {
        let reason = history.errors.get(mark).map_or("none", String::as_str);
        *reasons.entry((answer.status, reason.to_owned())).or_default() += 1;
    }
    reasons
}

/// Calls from several clients at once, for so long.
fn calls(local: &Local, customers: &[Customer; 3], within: Duration) -> Made {
    let made = Mutex::new(Made::new());
    let until = Instant::now() + within;
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let made = &made;
            let customer = &customers[caller % customers.len()];
            scope.spawn(move || {
                for n in 0.. {
                    let mark = format!("client-{caller}/{n}");
                    let answer = local.ask(&customer.key, &mark);
                    assert!(matches!(answer.status, 200 | 500..=599), "{mark} of {}: {answer:?}", customer.email);
                    made.lock().unwrap().insert((customer.email.to_owned(), mark), answer);
                    if Instant::now() >= until {
                        break;
                    }
                }
            });
        }
    });
    made.into_inner().unwrap()
}

/// Puts events on the stream that the authorizer could give to neither stream nor journal in time, as whoever reads its
/// log would; returns how many. Most of them are there already: what was late has been carried out all the same.
fn put_back(local: &Local) -> usize {
    let log = local.json(&["logs", "api-key-authorizer", "--local", "--json", "--since", "1440"]);
    let kept = log["events"].as_array().unwrap().iter().filter_map(|line| line["message"]["event"].as_str());
    kept.map(|event| {
        let stream = name::stream(&Environment::default());
        let record = json!({"StreamName": stream, "PartitionKey": "put back", "Data": STANDARD.encode(event)});
        local.aws("POST", "kinesis", "/", "Kinesis_20131202.PutRecord", &record.to_string());
    })
    .count()
}

/// Waits until the history and the counts are what they have to be.
fn exact(local: &Local, customers: &[Customer], made: &Made) -> History {
    let began = Instant::now();
    loop {
        let history = History::read(local);
        let mut wrong = wrong_calls(made, &history);
        wrong.extend(customers.iter().filter_map(|customer| wrong_count(local, customer, &history)));
        if wrong.is_empty() {
            return history;
        }
        assert!(began.elapsed() < ON_ITS_WAY, "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// A line for each call that the history does not hold as often as it has to.
fn wrong_calls(made: &Made, history: &History) -> Vec<String> {
    let all: BTreeSet<_> = made.keys().chain(history.calls.keys()).collect();
    let line = |call| {
        let (answer, ids) = (made.get(call), history.calls.get(call));
        let may_be = match answer {
            Some(answer) if answer.status == 200 => 1..=1,
            Some(_) => 0..=1,
            None => 0..=0,
        };
        let is_wrong = !may_be.contains(&ids.map_or(0, BTreeSet::len));
        let (email, mark) = call;
        let (status, ids) = (answer.map(|answer| answer.status), ids.into_iter().flatten().collect::<Vec<_>>());
        is_wrong.then(|| format!("{mark} of {email}: answered {status:?}, counted by {ids:?}"))
    };
    all.into_iter().filter_map(line).collect()
}

/// Says so where a customer's count is not the number of calls in the history.
fn wrong_count(local: &Local, customer: &Customer, history: &History) -> Option<String> {
    let held = history.calls.keys().filter(|(email, _)| email == customer.email).count();
    let counted = local.counted(customer);
    (counted != held).then(|| format!("{}: {counted} calls are counted, {held} are in the history", customer.email))
}
