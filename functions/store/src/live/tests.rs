//! A reader that looks again and again against one that looks for the first time, while writers are slow, killed and
//! repeated and clocks differ.

use std::cell::Cell;
use std::sync::mpsc;

use dynamodb_fixture::{Fault, Store};
use jiff::SignedDuration;
use metering::batch::Batch;
use metering::block::Block;

use super::*;
use crate::table::Table;

const USERS: [&str; 2] = ["a@example.com", "b@example.com"];

fn at(millis: i64) -> Timestamp {
    "2026-11-24T10:15:10Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(millis)
}

/// So many calls of both users, with ids from `first` on.
fn calls(first: usize, count: usize) -> Vec<Event> {
    let call = |n: usize| {
        let json = format!(
            r#"{{"eventType":"API_CALL","requestId":"{n}","timestamp":"{}","userEmail":"{}","companyName":"Company {}",
                "apiKeyId":"k{}","apiKeyName":"n","method":"GET","path":"/{}","latencyMs":{}}}"#,
            at(n as i64),
            USERS[n % 2],
            n % 2,
            n % 3,
            n % 4,
            n % 50
        );
        serde_json::from_str(&json).unwrap()
    };
    (first..first + count).map(call).collect()
}

fn batch(events: Vec<Event>) -> Batch<'static> {
    Batch { blocks: Block::of(events), failed: Vec::new() }
}

struct World {
    store: Store,
    warm: Live,
}

impl World {
    async fn new() -> Self {
        let store = Store::new().await;
        Self { warm: Live::new(blocks(&store)), store }
    }

    /// What a reader who has looked before sees, which is what a first look finds.
    async fn seen(&self, millis: i64) -> u64 {
        let (minute, now) = (Minute::of(at(0)), at(millis));
        let mut seen = Vec::new();
        for live in [&self.warm, &Live::new(blocks(&self.store))] {
            let total = live.everybody(&[minute], now).await.unwrap().remove(&minute).unwrap().total;
            let mut usages = Vec::new();
            for user in USERS {
                let subject = Subject::User(user.parse().unwrap());
                let mut own = live.own(&subject, [minute], now).await.unwrap().remove(&minute).unwrap();
                for unread in
                    [Traffic::unread_of_names, Traffic::unread_of_first, |own: &Traffic| own.unread_of_latest(1)]
                {
                    live.keep(&subject, minute, &mut own, unread).await.unwrap();
                }
                usages.push(own.usage());
            }
            assert_eq!(usages.iter().map(|usage| usage.calls).sum::<u64>(), total.calls);
            seen.push((total, usages));
        }
        assert_eq!(seen[0], seen[1], "again, and for the first time");
        seen[0].0.calls
    }

    /// Has the warm reader look before the request with that number.
    fn look_before(&self, request: u64, millis: i64) -> mpsc::Receiver<()> {
        let (live, (looked, answer)) = (self.warm.clone(), mpsc::channel());
        self.store.before(request, move || {
            let look = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    live.everybody(&[Minute::of(at(0))], at(millis)).await.unwrap();
                    for user in USERS {
                        let subject = Subject::User(user.parse().unwrap());
                        live.own(&subject, [Minute::of(at(0))], at(millis)).await.unwrap();
                    }
                });
                let _ = looked.send(());
            };
            std::thread::spawn(look).join().unwrap();
        });
        answer
    }
}

fn blocks(store: &Store) -> Blocks {
    Blocks::new(Table::new(store.client(), contract::name::analytics_table(&contract::Environment::default())))
}

#[tokio::test]
async fn whoever_looks_while_a_write_is_under_way_misses_nothing_however_long_it_takes() {
    let mut looks = 0;
    for events in [2, 200] {
        for took in [0, 100, 499, 501, 1_600, 9_000] {
            for ahead in [-400, 0, 400] {
                for request in 0..4 {
                    let world = World::new().await;
                    blocks(&world.store).commit(&batch(calls(0, 100)), || at(0)).await.unwrap();
                    world.seen(1_000).await;
                    let looked = world.look_before(request, 1_000 + took);
                    // The writer's clock is ahead or behind, and each look at it finds it later.
                    let clock = Cell::new(1_000 + ahead - took);
                    let later = || {
                        clock.set(clock.get() + took);
                        at(clock.get())
                    };
                    blocks(&world.store).commit(&batch(calls(100, events)), later).await.unwrap();
                    looks += looked.try_iter().count();
                    let now = 1_002 + clock.get() - ahead;
                    assert_eq!(world.seen(now).await, 100 + events as u64, "{events} in {took} ms, {ahead} ms ahead");
                    assert_eq!(world.seen(now + 5_000).await, 100 + events as u64);
                }
            }
        }
    }
    assert!(looks > 60, "{looks} looks while a write was under way");
}

#[tokio::test]
async fn a_batch_that_was_killed_and_comes_again_cut_elsewhere_counts_once_for_whoever_looks() {
    for request in 0..4 {
        let world = World::new().await;
        world.seen(0).await;
        world.store.plan([(request, Fault::Die)]);
        let killed = blocks(&world.store).commit(&batch(calls(0, 300)), || at(100)).await.is_err();
        assert_eq!(killed, world.store.is_dead());
        world.store.revive();
        assert!(world.seen(200).await <= 300);
        for (n, first) in (0..300).step_by(75).enumerate() {
            let millis = 4_000 + 700 * n as i64;
            blocks(&world.store).commit(&batch(calls(first, 100.min(300 - first))), || at(millis)).await.unwrap();
            world.seen(millis + 1).await;
        }
        assert_eq!(world.seen(9_000).await, 300, "killed before request {request}");
    }
}

#[tokio::test]
async fn a_second_look_costs_what_is_new_and_a_third_as_little_whatever_was_there() {
    let world = World::new().await;
    for n in 0..40 {
        blocks(&world.store).commit(&batch(calls(n * 200, 200)), || at(20 * n as i64)).await.unwrap();
    }
    let subject = Subject::User(USERS[0].parse().unwrap());
    let minute = Minute::of(at(0));
    let look = async |millis: i64| {
        world.store.reset_meter();
        world.warm.everybody(&[minute], at(millis)).await.unwrap();
        let everybody = world.store.spent().read_units;
        world.warm.own(&subject, [minute], at(millis)).await.unwrap();
        (everybody, world.store.spent().read_units - everybody)
    };
    let (first, own_first) = look(3_000).await;
    let (again, own_again) = look(4_000).await;
    assert!(first > 20.0 && own_first > 8.0, "{first} and {own_first}");
    assert!(again <= 8.0 && own_again <= 1.0, "{again} and {own_again} read units, and nothing is new");
    blocks(&world.store).commit(&batch(calls(8_000, 2)), || at(4_500)).await.unwrap();
    let (new, own_new) = look(5_000).await;
    assert!(new <= 8.0 && own_new <= 1.0, "{new} and {own_new} read units, and two calls are new");
}
