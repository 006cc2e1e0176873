//! The alerts of a user, against those that were made.

use metering::alert::{Alert, Kind};
use metering::quota::Quota;
use store::users::{PlanChange, UserSettings};

use super::*;

const ALERTS: &str = Route::Alerts.path();
const USER: &str = "a#b@example.com";
const NOW: &str = "2026-11-24T10:30:20Z";

#[tokio::test]
async fn each_threshold_is_told_of_with_its_event_or_to_come() {
    let world = World::new(Vec::new(), "2026-11-24T10:28").await;
    world.set_quota(USER, 30).await;
    let nothing = world.ok(Who::User(USER), ALERTS, &[], NOW).await;
    let calls = |answer: &Value| -> Vec<(u64, u64)> {
        let to_come = answer["toCome"].as_array().unwrap().iter();
        to_come.map(|it| (it["threshold"].as_u64().unwrap(), it["calls"].as_u64().unwrap())).collect()
    };
    assert_eq!(calls(&nothing), [(50, 15), (80, 24), (90, 27), (95, 29), (100, 30)]);
    assert_eq!(
        nothing["period"],
        json!({"start": "2026-11-01T00:00:00.000Z", "end": "2026-12-01T00:00:00.000Z", "limit": 30})
    );

    let alert = |threshold| Alert {
        user_email: USER.parse().unwrap(),
        kind: Kind::Threshold(threshold),
        quota: Quota { used: 24, limit: 30 },
        at: "2026-11-24T10:15:07Z".parse().unwrap(),
    };
    let now = NOW.parse().unwrap();
    let made = world.api.notices.make([vec![alert(50), alert(80)]], now).await.unwrap();
    world.api.notices.sent(&made[0], now).await.unwrap();
    let answer = world.ok(Who::User(USER), ALERTS, &[], NOW).await;
    assert_eq!(calls(&answer), [(90, 27), (95, 29), (100, 30)]);
    let told = |threshold, sent_at: Value| {
        json!({"id": alert(threshold).id(), "threshold": threshold, "at": "2026-11-24T10:15:07.000Z", "used": 24, "limit": 30,
            "sentAt": sent_at})
    };
    assert_eq!(answer["alerts"], json!([told(50, json!("2026-11-24T10:30:20.000Z")), told(80, Value::Null)]));
    assert_eq!(answer["runOut"], Value::Null);
    let run_out = Alert { kind: Kind::RunOut("2026-11-26T07".parse().unwrap()), ..alert(50) };
    let made = world.api.notices.make_run_out(run_out.clone(), now).await.unwrap();
    world.api.notices.sent(&made.unwrap(), now).await.unwrap();
    let answer = world.ok(Who::User(USER), ALERTS, &[], NOW).await;
    let told = json!({"id": run_out.id(), "runsOutAt": "2026-11-26T07:00:00.000Z", "at": "2026-11-24T10:15:07.000Z",
        "used": 24, "limit": 30, "sentAt": "2026-11-24T10:30:20.000Z"});
    assert_eq!((&answer["runOut"], calls(&answer).len(), answer["alerts"].as_array().unwrap().len()), (&told, 3, 2));
    assert_eq!(world.ok(Who::Admin, ALERTS, &[("email", USER)], NOW).await, answer);
    let with_plan = UserSettings { plan: Some(PlanChange::To("pro".parse().unwrap())), ..UserSettings::default() };
    world.api.keys.set_user(&USER.parse().unwrap(), &with_plan).await.unwrap();
    let World { api, store, events } = world;
    let world = World { api: api.with_plans("pro=60,99".parse().unwrap()), store, events };
    // Of a threshold below one that the user was told of it is too late to tell.
    assert_eq!(calls(&world.ok(Who::User(USER), ALERTS, &[], NOW).await), [(99, 30)]);
    assert_eq!(world.get(Who::User("c@example.com"), ALERTS, &[("email", USER)], NOW).await.0, 403);
    assert_eq!(world.get(Who::Admin, ALERTS, &[("email", "nobody@example.com")], NOW).await.0, 404);
}
