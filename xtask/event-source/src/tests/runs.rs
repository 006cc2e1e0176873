//! Whole runs: start, stop, restart, and a world that changes meanwhile.

use std::num::NonZeroU64;
use std::time::Duration;

use super::fixture;
use super::lanes::{report, succeed, throttle, throw};
use super::world::{MemoryShard, World, drained, listed};
use crate::disturbance::Disturbance;
use crate::mapping::{Mapping, Refusal, Retries};
use crate::services::Listed;
use crate::status::Phase;

#[tokio::test]
async fn every_record_is_delivered_and_a_restart_goes_on_behind_it() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=25);
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().numbers(), (1..=25).collect::<Vec<_>>());
    let status = &runner.status()[0];
    assert_eq!((status.checkpoint.as_deref(), status.unfinished, status.phase), (Some("25"), 0, Phase::Reading));
    runner.stop().await;

    world.put("a", 26..=30);
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().numbers(), (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_runner_at_rest_delivers_what_it_is_woken_for() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=2);
    let runner = world.resting_runner(&folder, Disturbance::default(), Duration::from_secs(3_600));
    drained(&runner).await;
    world.put("a", 3..=25);
    world.put("b", 101..=102);
    runner.wake();
    world.until(|state| state.numbers().len() == 27).await;
}

#[tokio::test]
async fn what_was_under_way_at_a_kill_is_delivered_again() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=8);
    world.on_call(|numbers| if numbers.contains(&5) { None } else { Some(succeed()) });
    let runner = world.runner(&folder);
    world.until(|state| state.delivered.len() == 2).await;
    runner.stop().await;
    assert_eq!(world.state().n_reports("will be delivered again"), 1);

    world.on_call(|_| Some(succeed()));
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().delivered, [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![5, 6, 7, 8]]);
}

#[tokio::test]
async fn a_stop_waits_for_the_function_that_runs() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=4);
    let runner = world.runner(&folder);
    world.until(|state| state.delivered.len() == 1).await;
    runner.stop().await;
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().delivered, [vec![1, 2, 3, 4]], "its checkpoint was saved");
}

#[tokio::test]
async fn poison_is_kept_with_its_data_and_reading_goes_on() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=8);
    world.on_call(|numbers| Some(if numbers.contains(&3) { report(3) } else { succeed() }));
    let runner = world.runner(&folder);
    drained(&runner).await;
    let kept = world.state().kept.clone();
    assert_eq!(kept.len(), 1);
    let (key, document) = kept.first_key_value().unwrap();
    assert!(key.starts_with("aws/lambda/mapping-1/a/20"), "{key}");
    assert_eq!(document["KinesisBatchInfo"]["startSequenceNumber"], "3");
    assert_eq!(document["responseContext"]["functionError"], serde_json::Value::Null, "it reported, it did not throw");
    let payload: serde_json::Value = serde_json::from_str(document["payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["Records"][0]["kinesis"]["data"], "Mw==");
    assert_eq!(world.state().n_reports("are kept in kept"), 1);
    assert_eq!(runner.status()[0].checkpoint.as_deref(), Some("8"));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_waited_for() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=1);
    world.state().takes = false;
    world.on_call(|_| Some(throw()));
    let runner = world.runner(&folder);
    world.until(|state| state.n_reports("cannot be kept") == 1).await;
    assert_eq!(runner.status()[0].checkpoint, None);
    world.state().takes = true;
    drained(&runner).await;
    assert_eq!(world.state().kept.len(), 1);
}

#[tokio::test]
async fn without_a_destination_a_batch_is_dropped_and_said() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.change_mapping(|mapping| mapping.on_failure = None);
    world.put("a", 1..=1);
    world.on_call(|_| Some(throw()));
    let runner = world.runner(&folder);
    drained(&runner).await;
    let state = world.state();
    assert_eq!((state.kept.len(), state.n_reports("are dropped")), (0, 1));
    assert_eq!(state.delivered.len(), 3, "once and two retries");
}

#[tokio::test]
async fn a_child_is_read_after_its_parents() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("b", 11..=15);
    world.put("c", 21..=25);
    world.put("a", 1..=5);
    world.state().shards.get_mut("a").unwrap().parents = vec!["b".into(), "c".into()];
    for parent in ["b", "c"] {
        world.state().shards.get_mut(parent).unwrap().is_closed = true;
    }
    world.on_call(|numbers| Some(if numbers.contains(&21) { throttle() } else { succeed() }));
    let runner = world.runner(&folder);
    world.until(|state| state.delivered.iter().filter(|numbers| numbers.contains(&21)).count() > 5).await;
    assert!(!world.state().numbers().contains(&1), "a parent is not done");
    let phase = |shard: &str| runner.status().into_iter().find(|status| status.shard == shard).map(|it| it.phase);
    assert_eq!((phase("a"), phase("c")), (Some(Phase::Waiting), Some(Phase::Retrying)));
    world.on_call(|_| Some(succeed()));
    drained(&runner).await;
    assert_eq!(world.state().numbers().last(), Some(&5));
    assert_eq!((phase("a"), phase("b"), phase("c")), (Some(Phase::Reading), Some(Phase::Ended), Some(Phase::Ended)));
    runner.stop().await;

    let n_delivered = world.state().delivered.len();
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().delivered.len(), n_delivered, "a restart remembers which shards are done");
}

#[tokio::test]
async fn a_split_is_followed() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    let runner = world.runner(&folder);
    world.put("a", 1..=3);
    drained(&runner).await;
    world.put("a", 4..=6);
    let child = MemoryShard { parents: vec!["a".into()], ..MemoryShard::default() };
    world.state().shards.get_mut("a").unwrap().is_closed = true;
    world.state().shards.extend([("b".to_owned(), child.clone()), ("c".to_owned(), child)]);
    world.put("b", 7..=8);
    world.put("c", 9..=9);
    drained(&runner).await;
    let mut numbers = world.state().numbers();
    assert_eq!(numbers[..6], [1, 2, 3, 4, 5, 6]);
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_shard_that_vanishes_and_comes_back_empty_is_read_on() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=5);
    let runner = world.runner(&folder);
    drained(&runner).await;
    world.state().shards.clear();
    drained(&runner).await;
    assert!(runner.status().is_empty());
    world.put("a", 6..=7);
    drained(&runner).await;
    assert_eq!(world.state().numbers(), (1..=7).collect::<Vec<_>>());
    assert_eq!(world.state().n_reports("cannot be read"), 0, "that a shard is gone is no fault");
}

#[tokio::test]
async fn a_failing_shard_holds_up_no_other() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.change_mapping(|mapping| mapping.rules.retries = Retries::UntilExpiry);
    world.put("a", 1..=1);
    world.on_call(|numbers| Some(if numbers == [1] { throw() } else { succeed() }));
    world.put("b", 11..=30);
    let _runner = world.runner(&folder);
    world.until(|state| state.numbers().contains(&30)).await;
    world.until(|state| state.numbers().iter().filter(|number| **number == 1).count() > 5).await;
    assert_eq!(world.state().n_reports("processor failed on 1 records of a"), 1, "said once");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_for_a_while_is_said_once_and_waited_for() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("b", 1..=3);
    let runner = world.runner(&folder);
    drained(&runner).await;
    world.state().is_down = true;
    world.until(|state| state.n_reports("cannot be listed") == 1).await;
    world.put("a", 11..=13);
    world.put("b", 4..=6);
    world.state().is_down = false;
    drained(&runner).await;
    let mut numbers = world.state().numbers();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 11, 12, 13]);
    let reports = world.state().reports.clone();
    assert_eq!(reports.len(), 3, "followed, gone, back: {reports:?}");
}

#[tokio::test]
async fn a_mapping_may_come_go_and_come_again() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=2);
    world.state().listed.clear();
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert!(world.state().delivered.is_empty() && runner.status().is_empty());

    world.state().listed.push(listed(fixture::mapping()));
    drained(&runner).await;
    world.state().listed.clear();
    world.until(|state| state.n_reports("is gone") == 1).await;
    world.state().listed.push(listed(Mapping { uuid: "mapping-2".into(), ..fixture::mapping() }));
    drained(&runner).await;
    assert_eq!(world.state().delivered, [[1, 2], [1, 2]], "another mapping begins anew");
}

#[tokio::test]
async fn settings_that_change_are_followed() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    let runner = world.runner(&folder);
    world.put("a", 1..=4);
    drained(&runner).await;
    world.change_mapping(|mapping| mapping.rules.batch_size = 2);
    // The reader with the old settings ends first; what is put before that may still come in one batch.
    let is_new = |state: &super::world::State| state.delivered.last().is_some_and(|numbers| numbers.len() == 2);
    let mut next = 5;
    while !is_new(&world.state()) {
        world.put("a", next..next + 4);
        next += 4;
        drained(&runner).await;
    }
    assert_eq!(world.state().numbers(), (1..next).collect::<Vec<_>>());
}

#[tokio::test]
async fn another_poller_is_said_loudly() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().n_reports("another poller"), 0);
    world.state().listed[0].last_processing_result = "OK - 5 records".into();
    world.until(|state| state.n_reports("another poller reads") == 1).await;
}

#[tokio::test]
async fn a_mapping_that_cannot_be_followed_is_said_and_the_others_are() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    let refused = Listed {
        uuid: "mapping-0".into(),
        mapping: Err(Refusal::Unsupported("FilterCriteria".into())),
        last_processing_result: String::new(),
    };
    world.state().listed.insert(0, refused);
    world.put("a", 1..=2);
    let runner = world.runner(&folder);
    drained(&runner).await;
    assert_eq!(world.state().numbers(), [1, 2]);
    assert_eq!(world.state().n_reports("its FilterCriteria is not supported"), 1);
}

#[tokio::test]
async fn for_tests_batches_repeat_and_the_runner_stops_early() {
    let (world, folder) = (World::new(), fixture::Folder::new());
    world.put("a", 1..=40);
    let disturbance = Disturbance { repeat_every: NonZeroU64::new(2), recut: true, stop_after: Some(4) };
    let runner = world.disturbed_runner(&folder, disturbance);
    world.until(|state| state.delivered.len() == 6).await;
    runner.stop().await;
    let delivered = world.state().delivered.clone();
    assert_eq!((&delivered[1], &delivered[4]), (&delivered[2], &delivered[5]), "every second one twice: {delivered:?}");

    let runner = world.runner(&folder);
    drained(&runner).await;
    let mut numbers = world.state().numbers();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}
