//! `anomalies`, against those that are on record: whose are told to whom, from when to when.

use metering::anomaly::{Anomaly, Series, Step};

use super::*;

const ANOMALIES: &str = Route::Anomalies.path();
const NOW: &str = "2026-12-01T00:10:20Z";

fn anomaly(user: Option<&str>, step: Step, begin: &str, end: Option<&str>) -> Anomaly {
    let series = Series { user: user.map(|user| user.parse().unwrap()), step };
    let (begin, end) = (begin.parse().unwrap(), end.map(|end| end.parse().unwrap()));
    Anomaly { series, begin, end, expected: 7.333, observed: 0.0, score: 0.75 }
}

#[tokio::test]
async fn each_is_told_to_whose_it_is_and_all_to_an_administrator() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let user = Some("a#b@example.com");
    let all = [
        anomaly(user, Step::Hour, "2026-10-31T23:00", Some("2026-11-01T02:00")),
        anomaly(None, Step::Minute, "2026-11-20T10:15", Some("2026-11-20T10:30")),
        anomaly(user, Step::Minute, "2026-11-20T10:15", None),
        anomaly(Some("c@example.com"), Step::Hour, "2026-12-01T00:00", None),
    ];
    for anomaly in &all {
        world.api.anomalies.claim(anomaly, true, NOW.parse().unwrap()).await.unwrap();
        if let Some(end) = anomaly.end {
            world.api.anomalies.end(anomaly, end).await.unwrap();
        }
    }
    let told = async |who, parameters: &[(&str, &str)]| {
        let answer = world.ok(who, ANOMALIES, parameters, NOW).await;
        answer["anomalies"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let ids = |of: &[usize]| -> Vec<String> { of.iter().map(|n| all[*n].id()).collect() };
    let own: Vec<String> = told(Who::User("a#b@example.com"), &[]).await;
    assert_eq!(own, ids(&[2]));
    assert_eq!(told(Who::User("c@example.com"), &[]).await, ids(&[3]));
    assert_eq!(told(Who::Admin, &[("duration", "90d")]).await, ids(&[0, 1, 2, 3]));
    assert_eq!(told(Who::Admin, &[("email", "a#b@example.com"), ("duration", "90d")]).await, ids(&[0, 2]));
    let within = [("from", "2026-11-20T10:00:00Z"), ("to", "2026-11-20T11:00:00Z")];
    assert_eq!(told(Who::Admin, &within).await, ids(&[1, 2]));
    let answer = world.ok(Who::Admin, ANOMALIES, &within, NOW).await;
    let expected = json!({
        "id": all[1].id(), "userEmail": null, "step": "minute", "begin": "2026-11-20T10:15:00.000Z",
        "end": "2026-11-20T10:30:00.000Z", "isOver": true, "expected": 7.33, "observed": 0.0, "score": 0.75,
    });
    assert_eq!((&answer["anomalies"][0], &answer["anomalies"][1]["isOver"]), (&expected, &json!(false)));

    let another = [("email", "a#b@example.com")];
    assert_eq!(world.get(Who::User("c@example.com"), ANOMALIES, &another, NOW).await.0, 403);
    assert_eq!(world.get(Who::Admin, ANOMALIES, &[("email", "nobody@example.com")], NOW).await.0, 404);
    let (status, body) = world.get(Who::Admin, ANOMALIES, &[("email", "x"), ("from", "yesterday")], NOW).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().starts_with("`email` must "), "{body}");
}
