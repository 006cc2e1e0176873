//! A run of the whole system with faults between its functions and what they call.
//!
//! Invariant: whatever the faults do, each call is counted as [`Calls`] has it.
//!
//! Calls that are not answered are those whose keys cannot be looked up in the 0.7 s that the authorizer has for it: none
//! on a quiet machine, one in a hundred where others use it too, because the emulator is one Python process. The history
//! has the reason of each, by its mark.

use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name};
use serde_json::json;

use super::calls::Calls;
use super::history::History;
use super::proxy::{Fault, Proxy};
use super::*;

/// How long calls are made, in seconds, unless the variable of this name says otherwise.
const SECONDS: (&str, u64) = ("COMPLICAL_FAULTS_SECONDS", 40);
/// Clients that call at the same time.
const CALLERS: usize = 6;
/// Of each kind there have to be as many faults, or the run says nothing.
const ENOUGH: usize = 10;
/// After this the aggregator has run once more.
const A_RUN: Duration = Duration::from_secs(65);

#[test]
fn under_faults_every_call_that_is_answered_is_counted_once() {
    let mut started = None;
    let local = Local::up_with(&[], || {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let proxy = started.insert(Proxy::start(port));
        (port, vec![("COMPLICAL_LOCAL_FUNCTIONS_ENDPOINT", proxy.endpoint_url.clone())])
    });
    let proxy = started.unwrap();
    let customers = ["one@example.com", "two#hash@example.com", "three@example.com"].map(|email| local.customer(email));
    let seconds = std::env::var(SECONDS.0).map_or(SECONDS.1, |seconds| seconds.parse().unwrap());
    proxy.set_calm(false);
    let calls = made_within(Duration::from_secs(seconds), &local, &customers, &proxy);
    proxy.set_calm(true);
    let (n_kept, n_alone) = put_back(&local);
    let (unanswered, (slowest, _), faults) = (calls.unanswered(), calls.times(), proxy.faults());
    eprintln!("{seconds} s: {} calls, {unanswered} unanswered, the slowest {slowest:.1?}; {faults:?}", calls.len());
    eprintln!("the emulator was late {} times; in the log {n_kept} events, {n_alone} in it alone", proxy.late());
    assert!(unanswered * 10 <= calls.len() && n_alone * 100 <= calls.len(), "too much has failed to say anything");
    assert!(has_enough(&proxy), "{faults:?}");
    let emails = customers.each_ref().map(|customer| customer.email);
    calls.expect(&local, &emails);
    std::thread::sleep(A_RUN);
    eprintln!("unanswered: {:?}", calls.reasons(&calls.expect(&local, &emails)));
}

/// Calls of several clients at once, for so long, and on a slow machine until there are enough faults.
fn made_within(time: Duration, local: &Local, customers: &[Customer; 3], proxy: &Proxy) -> Calls {
    let (calls, began) = (Calls::default(), Instant::now());
    let is_over = || began.elapsed() >= time && (has_enough(proxy) || began.elapsed() >= time * 4);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (calls, customer) = (&calls, &customers[caller % customers.len()]);
            scope.spawn(move || {
                while !is_over() {
                    calls.make(local, customer.email, &customer.key);
                }
            });
        }
    });
    calls
}

fn has_enough(proxy: &Proxy) -> bool {
    let faults = proxy.faults();
    Fault::ALL.iter().all(|kind| faults.get(kind) > Some(&ENOUGH))
}

/// Puts the events on the stream that the authorizer could give to neither stream nor journal in time, as whoever reads
/// its log would; returns how many, and of how many calls the history has nothing else: what was late has been carried
/// out all the same.
fn put_back(local: &Local) -> (usize, usize) {
    let history = History::read(local);
    let log = local.json(&["logs", "api-key-authorizer", "--local", "--json", "--since", "1440"]);
    let kept = log["events"].as_array().unwrap().iter().filter_map(|line| line["message"]["event"].as_str());
    let (mut n_kept, mut n_alone) = (0, 0);
    for event in kept {
        let stream = name::stream(&Environment::default());
        let record = json!({"StreamName": stream, "PartitionKey": "put back", "Data": STANDARD.encode(event)});
        local.aws("POST", "kinesis", "/", "Kinesis_20131202.PutRecord", &record.to_string());
        n_kept += 1;
        n_alone += usize::from(!history.has(&serde_json::from_str(event).unwrap()));
    }
    (n_kept, n_alone)
}
