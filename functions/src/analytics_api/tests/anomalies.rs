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

    let theirs = world.ok(Who::Admin, ANOMALIES, &[("email", "a#b@example.com"), ("duration", "90d")], NOW).await;
    assert_eq!(theirs["anomalies"][0]["end"], "2026-11-01T02:00:00.000Z");
    let another = [("email", "a#b@example.com")];
    assert_eq!(world.get(Who::User("c@example.com"), ANOMALIES, &another, NOW).await.0, 403);
    assert_eq!(world.get(Who::Admin, ANOMALIES, &[("email", "nobody@example.com")], NOW).await.0, 404);
    let (status, body) = world.get(Who::Admin, ANOMALIES, &[("email", "x"), ("from", "yesterday")], NOW).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().starts_with("`email` must "), "{body}");
}

#[tokio::test]
async fn a_user_reads_their_own_alone_and_of_very_many_an_answer_tells_the_latest() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let own = anomaly(Some("c@example.com"), Step::Minute, "2026-11-20T08:15", None);
    world.api.anomalies.claim(&own, true, NOW.parse().unwrap()).await.unwrap();
    let [analytics, ..] = tables(&world.store);
    // 1,400 an hour, from 8 to 10.
    let others = (0..4_200).map(|n| {
        let sort = format!("2026-11-20T{:02}#{n:0>200}@example.com", 8 + n / 1_400);
        let numbers = ["expected", "observed", "score"].map(|name| (name.to_owned(), number(0.75)));
        let key = [(PK, "ANOMALIES#2026-11"), (SK, &sort)].map(|(name, value)| (name.to_owned(), text(value)));
        Item::from_iter(numbers.into_iter().chain(key))
    });
    analytics.put_all(others).await.unwrap();
    let told = async |who, parameters: &[(&str, &str)]| {
        world.store.reset_meter();
        let answer = world.ok(who, ANOMALIES, parameters, NOW).await;
        let told = answer["anomalies"].as_array().unwrap().len();
        (told, answer["toldFrom"].as_str().unwrap().to_owned(), world.store.spent().read_units)
    };
    let (n, since, units) = told(Who::Admin, &[]).await;
    assert_eq!((n, since.as_str()), (2_800, "2026-11-20T09:00:00.000Z"));
    assert!(units <= 300.0, "{units}");
    let before = [("from", "2026-11-20T00:00:00Z"), ("to", "2026-11-20T09:00:00Z")];
    let (n, since, _) = told(Who::Admin, &before).await;
    assert_eq!((n, since.as_str()), (1_401, "2026-11-20T00:00:00.000Z"));
    for (who, parameters) in [(Who::User("c@example.com"), &[][..]), (Who::Admin, &[("email", "c@example.com")])] {
        let (n, _, units) = told(who, parameters).await;
        assert!(n == 1 && units <= 10.0, "{n} for {units}");
    }
    let hour = [("from", "2026-11-20T10:00:00Z"), ("to", "2026-11-20T11:00:00Z")];
    let (n, _, of_hour) = told(Who::Admin, &hour).await;
    assert!(n == 1_400 && of_hour <= units / 2.0, "{n} for {of_hour} of {units}");
}
