//! A run of the whole system with faults between its functions and what they call.
//!
//! Invariant: a call that was answered is counted once; of one that was not the caller cannot know, and so neither do we.

use std::collections::BTreeMap;
use std::net::TcpListener;

use super::proxy::{Fault, Proxy};
use super::*;

/// How long calls are made, in seconds, unless the variable of this name says otherwise.
const SECONDS: (&str, u64) = ("COMPLICAL_FAULTS_SECONDS", 40);
/// Clients that call at the same time.
const CALLERS: usize = 6;

#[test]
fn under_faults_every_call_that_is_answered_is_counted_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let proxy = Proxy::start(port);
    let local = Local::up_at(port, vec![("COMPLICAL_LOCAL_FUNCTIONS_ENDPOINT", proxy.endpoint_url.clone())]);
    let customers = ["one@example.com", "two#hash@example.com", "three@example.com"].map(|email| local.customer(email));
    for customer in &customers {
        assert_eq!(local.call(&customer.key), 200);
    }
    let seconds = std::env::var(SECONDS.0).map_or(SECONDS.1, |seconds| seconds.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    proxy.set_calm(false);
    let calls = [(); 3].map(|()| Tally::from(1));
    let statuses = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (local, statuses) = (&local, &statuses);
            let (customer, calls) = (&customers[caller % 3], &calls[caller % 3]);
            scope.spawn(move || {
                while Instant::now() < until {
                    let status = local.call(&customer.key);
                    calls.note(status, 200);
                    *statuses.lock().unwrap().entry(status).or_insert(0_usize) += 1;
                }
            });
        }
    });
    proxy.set_calm(true);
    let faults = proxy.faults();
    eprintln!("{seconds} s: {calls:?}, {statuses:?}, {faults:?}");
    for kind in [Fault::LoseAnswer, Fault::Reset, Fault::Throttle, Fault::Fail, Fault::Delay] {
        assert!(faults.get(&kind) > Some(&10), "{faults:?}");
    }
    // A run of the aggregator later nothing has changed.
    for wait in [0, 65] {
        std::thread::sleep(Duration::from_secs(wait));
        for (customer, calls) in customers.iter().zip(&calls) {
            local.expect(customer, calls.range(), Duration::from_secs(30));
        }
    }
}
