//! Random histories against a reference that just counts distinct ids: batches cut anywhere and delivered again,
//! kills between any two writes, throttling, lost answers, unprocessed items, shards split and merged, late events,
//! clocks that run ahead, producers that say things twice, aggregators that run twice, late or not at all.
//!
//! Invariant: the code under test is the real one, on a real DynamoDB implementation. Each user of a world has a
//! history of its own; a failing world is shrunk and printed as the script that replays it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use world::{Act, Call, Script, World};

/// Users of one world, each with its own history.
const USERS: u16 = 400;
/// Worlds of a run: with [`USERS`] these are 10,000 histories.
const WORLDS: u32 = 26;

/// Seconds after the world's beginning at which a call is made: most of them within twelve minutes around midnight,
/// some hours before, some on the days before.
fn second() -> impl Strategy<Value = i32> {
    prop_oneof![20 => 0..720_i32, 1 => -7_200..0_i32, 1 => -6 * 86_400..0_i32]
}

/// How long a record takes to the stream, in milliseconds: clocks that run ahead make it negative.
fn delay() -> impl Strategy<Value = i32> {
    prop_oneof![12 => 0..2_000_i32, 2 => 2_000..90_000_i32, 1 => -90_000..0_i32]
}

fn call() -> impl Strategy<Value = Call> {
    (0..USERS, 0..40_u16, second(), delay(), 0..4_u8).prop_map(|(user, id, second, delay_ms, kind)| Call {
        user,
        id,
        second,
        delay_ms,
        refused: kind == 0,
    })
}

fn fault() -> impl Strategy<Value = Option<(u8, u8)>> {
    prop_oneof![3 => Just(None), 2 => (0..12_u8, 0..4_u8).prop_map(Some)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..4_u8, 1..250_u8, fault()).prop_map(|(shard, records, fault)| Act::Deliver { shard, records, fault }),
        3 => (0..4_u8, 0..80_u8, 1..80_u8).prop_map(|(shard, back, records)| Act::Redeliver { shard, back, records }),
        4 => (0..150_u8, fault()).prop_map(|(seconds, fault)| Act::Aggregate { seconds, fault }),
        1 => Just(Act::Close),
        1 => (0..200_u8).prop_map(|say_again| Act::SayAgain { say_again }),
        1 => any::<u8>().prop_map(|salt| Act::Reshard { salt }),
        1 => (0..200_u8).prop_map(|call| Act::Journal { call }),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    (prop::collection::vec(call(), 1_200..2_000), prop::collection::vec(act(), 8..24))
        .prop_map(|(calls, acts)| Script { calls, acts })
}

/// Plays worlds, half of them on each of two threads.
#[test]
fn ten_thousand_histories_count_every_distinct_event_once() {
    std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2).map(|_| scope.spawn(play)).collect();
        halves.into_iter().for_each(|half| half.join().unwrap());
    });
}

fn play() {
    let config = Config { cases: WORLDS / 2, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let played = TestRunner::new(config).run(&script(), |script| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let verdict = runtime.block_on(async {
            let mut world = World::new().await;
            world.play(&script).await?;
            world.finish(USERS).await
        });
        verdict.map_err(TestCaseError::fail)
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}
