use std::sync::{Arc, Mutex};

use super::*;
use runtime_fixture::fake::{self, Answer};

/// A Kinesis that has one stream and no records, and carries each change out before the second look.
struct FakeKinesis {
    connection: Connection,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug)]
struct State {
    shards: u64,
    mode: String,
    /// Looks until the stream is active.
    busy: u32,
    /// What was asked for, in order.
    asked: Vec<String>,
}

impl FakeKinesis {
    async fn start(shards: u64, mode: &str, busy: u32) -> Self {
        let state = State { shards, mode: mode.to_owned(), busy, asked: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let connection = Connection::to_fake(&fake::start(move |operation, body| {
            let request = serde_json::from_str(body).unwrap();
            Answer(200, answer(operation, &request, &mut shared.lock().unwrap()).to_string())
        }));
        Self { connection, state }
    }

    fn stream<'a>(&'a self, env: &'a Environment) -> LiveStream<'a> {
        LiveStream { connection: &self.connection, env, name: name::stream(env), printer: &Printer }
    }

    fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

fn answer(operation: &str, request: &Value, state: &mut State) -> Value {
    match operation {
        "UpdateShardCount" => {
            let target = request["TargetShardCount"].as_u64().unwrap();
            assert!(target <= state.shards * 2 && target * 2 >= state.shards, "{} to {target}", state.shards);
            state.shards = target;
            state.busy = 1;
            state.asked.push(format!("{target} shards"));
            json!({})
        }
        "UpdateStreamMode" => {
            state.mode = request["StreamModeDetails"]["StreamMode"].as_str().unwrap().to_owned();
            state.busy = 1;
            state.asked.push(state.mode.clone());
            json!({})
        }
        _ => {
            let status = if state.busy == 0 { "ACTIVE" } else { "UPDATING" };
            state.busy = state.busy.saturating_sub(1);
            json!({"StreamDescriptionSummary": {
                "StreamName": "s", "StreamARN": "arn:aws:kinesis:ap-south-1:000000000000:stream/s", "StreamStatus": status,
                "StreamModeDetails": {"StreamMode": state.mode}, "RetentionPeriodHours": 168, "OpenShardCount": state.shards,
                "StreamCreationTimestamp": 1_700_000_000.0, "EnhancedMonitoring": []}})
        }
    }
}

#[test]
fn a_step_at_most_doubles_or_halves_and_the_last_is_the_goal() {
    assert_eq!(steps(2, 2), [0; 0]);
    assert_eq!(steps(2, 4), [4]);
    assert_eq!(steps(2, 10), [4, 8, 10]);
    assert_eq!(steps(10, 2), [5, 3, 2]);
    assert_eq!(steps(3, 1), [2, 1]);
    for (from, to) in [(1, 200), (200, 1), (7, 3), (5, 64)] {
        let mut now = from;
        for step in steps(from, to) {
            assert!(step <= now * 2 && step * 2 >= now, "{now} to {step}");
            now = step;
        }
        assert_eq!(now, to);
        assert!(steps(from, to).len() <= SHARD_CHANGES_PER_DAY, "the largest change fits into a day");
    }
}

#[test]
fn capacities_read_as_words() {
    assert_eq!(LiveCapacity::Provisioned(1).words(), "1 shard");
    assert_eq!(LiveCapacity::Provisioned(4).words(), "4 shards");
    assert!(LiveCapacity::OnDemand(4).words().starts_with("on-demand"));
    assert_eq!(LiveCapacity::OnDemand(4).to_json()["mode"], "ON_DEMAND");
}

#[tokio::test]
async fn scaling_goes_step_by_step_and_waits_for_each() {
    let kinesis = FakeKinesis::start(2, "PROVISIONED", 1).await;
    let env = Environment::default();
    let stream = kinesis.stream(&env);
    let before = stream.settled().await.unwrap();
    assert_eq!(stream.to_shards(before, 10).await.unwrap(), LiveCapacity::Provisioned(10));
    assert_eq!(kinesis.asked(), ["4 shards", "8 shards", "10 shards"]);
}

#[tokio::test]
async fn the_capacity_there_is_already_is_not_asked_for() {
    let kinesis = FakeKinesis::start(2, "PROVISIONED", 0).await;
    let env = Environment::default();
    let before = LiveCapacity::Provisioned(2);
    assert_eq!(kinesis.stream(&env).to_shards(before, 2).await.unwrap(), before);
    let before = LiveCapacity::OnDemand(4);
    assert_eq!(kinesis.stream(&env).to_on_demand(before).await.unwrap(), before);
    assert!(kinesis.asked().is_empty());
}

#[tokio::test]
async fn on_demand_and_back_changes_the_mode_before_the_shards() {
    let kinesis = FakeKinesis::start(4, "PROVISIONED", 0).await;
    let env = Environment::default();
    let stream = kinesis.stream(&env);
    let on_demand = stream.to_on_demand(LiveCapacity::Provisioned(4)).await.unwrap();
    assert_eq!(on_demand, LiveCapacity::OnDemand(4));
    assert_eq!(stream.to_shards(on_demand, 2).await.unwrap(), LiveCapacity::Provisioned(2));
    assert_eq!(kinesis.asked(), ["ON_DEMAND", "PROVISIONED", "2 shards"]);
}

#[test]
fn what_the_local_system_cannot_play_is_refused_as_wrong_usage_with_what_it_can() {
    refuse_what_is_not_emulated(Some(16)).unwrap();
    for (asked, said) in [(Some(17), "--shards is 17, and the local system plays 16"), (None, "not emulated")] {
        let error = refuse_what_is_not_emulated(asked).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(xtask::failure::exit_status(&error), 2);
    }
}

#[test]
fn it_is_said_what_the_scaler_will_make_of_the_capacity() {
    let bounds = Some((Shards::of::<2>(), Shards::of::<10>()));
    let outlook = |capacity: LiveCapacity| capacity.outlook(bounds);
    assert!(outlook(LiveCapacity::Provisioned(4)).contains("goes on from here and keeps the stream between 2 and 10"));
    assert!(outlook(LiveCapacity::Provisioned(12)).contains("brings the stream back to between 2 and 10"));
    assert!(outlook(LiveCapacity::OnDemand(4)).contains("rests"));
    assert!(LiveCapacity::Provisioned(4).outlook(None).contains("changes it back"));
}
