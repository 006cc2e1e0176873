//! Who gets in, and what is refused at the door.

use contract::header::RANGE;

use super::*;

const NOW: &str = "2026-12-01T00:30:20Z";

async fn empty() -> World {
    World::new(Vec::new(), "2026-12-01T00:28").await
}

#[tokio::test]
async fn whoever_has_no_verified_token_sees_nothing() {
    let world = empty().await;
    for path in [REALTIME, TIMESERIES, USER_STATS, "/v1/analytics/other"] {
        let (status, body) = world.get(Who::Nobody, path, &[("email", "a")], NOW).await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("unauthorized")), "{path}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_404() {
    let world = empty().await;
    for path in ["/v1/analytics", "/v1/analytics/", "/v1/analytics/realtime/x", "/v1/deadlines"] {
        let (status, body) = world.get(Who::Admin, path, &[], NOW).await;
        assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")), "{path}");
    }
    let mut post = request(Who::Admin, REALTIME, &[]);
    post.http_method = aws_lambda_events::http::Method::POST;
    assert_eq!(world.api.answer(&post, NOW.parse().unwrap()).await.status_code, 404);
    assert_eq!(world.get(Who::Admin, &format!("{REALTIME}/"), &[], NOW).await.0, 200);
}

#[tokio::test]
async fn bad_input_is_400_and_names_the_field() {
    let world = empty().await;
    let long = "x".repeat(321);
    for (path, name, value) in [
        (TIMESERIES, "granularity", "week"),
        (TIMESERIES, "granularity", ""),
        (TIMESERIES, "duration", "abc"),
        (TIMESERIES, "duration", ""),
        (TIMESERIES, "duration", "0h"),
        (TIMESERIES, "duration", "-1h"),
        (TIMESERIES, "duration", "90m"),
        (TIMESERIES, "duration", "91d"),
        (TIMESERIES, "duration", "99999999999999999999d"),
        (TIMESERIES, "duration", "+24h"),
        (TIMESERIES, "duration", " 24h"),
        (TIMESERIES, "duration", "\u{ff12}h"),
        (TIMESERIES, "duration", "2\0h"),
        (USER_STATS, "email", ""),
        (USER_STATS, "email", "x"),
        (USER_STATS, "email", "\0"),
        (USER_STATS, "email", "user tag@example.com"),
        (USER_STATS, "email", &long),
    ] {
        for who in [Who::Admin, Who::User("a")] {
            let (status, body) = world.get(who, path, &[(name, value)], NOW).await;
            assert_eq!((status, &body["error"]["code"]), (400, &json!("bad_request")), "{name}={value}: {body}");
            assert!(body["error"]["message"].as_str().unwrap().contains(&format!("`{name}`")), "{body}");
        }
    }
    let (_, body) = world.get(Who::Admin, USER_STATS, &[("email", "user tag@example.com")], NOW).await;
    assert!(body["error"]["message"].as_str().unwrap().contains("%2B"), "{body}");
    let too_many = [("granularity", "minute"), ("duration", "8d")];
    let (status, body) = world.get(Who::Admin, TIMESERIES, &too_many, NOW).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("`duration`"), "{body}");
}

#[tokio::test]
async fn a_parameter_given_twice_is_400_on_every_route_and_of_two_bad_ones_always_the_same_is_named() {
    let world = empty().await;
    for path in [REALTIME, TIMESERIES, USER_STATS] {
        for (name, values) in [("duration", ["1h", "24h"]), ("email", ["a@b.au", "a@b.au"]), ("other", ["", ""])] {
            let mut request = request(Who::User("a@b.au"), path, &[(name, values[1])]);
            let several = json!({ name: values });
            request.multi_value_query_string_parameters = serde_json::from_value(several).unwrap();
            let response = world.api.answer(&request, NOW.parse().unwrap()).await;
            let Some(Body::Text(body)) = response.body else { panic!("no body") };
            assert_eq!(response.status_code, 400, "{path} {name}: {body}");
            assert!(body.contains(&format!("`{name}` must be given once")), "{body}");
        }
    }
    for _ in 0..20 {
        let both = [("granularity", "week"), ("duration", "soon")];
        let (_, body) = world.get(Who::Admin, TIMESERIES, &both, NOW).await;
        assert!(body["error"]["message"].as_str().unwrap().contains("`duration`"), "{body}");
    }
}

#[tokio::test]
async fn another_persons_statistics_are_an_admins_alone() {
    let world = empty().await;
    for other in ["a@b", "c#b@example.com", "nobody@example.com", "b@example.com"] {
        world.set_quota(other, 5).await;
    }
    for other in ["a@b", "c#b@example.com", "nobody@example.com", "b@example.com"] {
        let (status, body) = world.get(Who::User("a#b@example.com"), USER_STATS, &[("email", other)], NOW).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!("forbidden")), "{other}");
        assert_eq!(world.ok(Who::Admin, USER_STATS, &[("email", other)], NOW).await["userEmail"], other);
    }
    let own = world.ok(Who::User("a#b@example.com"), USER_STATS, &[("email", "A#B@Example.com")], NOW).await;
    assert_eq!(own, world.ok(Who::User("a#b@example.com"), USER_STATS, &[], NOW).await);
    assert_eq!(world.ok(Who::Admin, USER_STATS, &[], NOW).await["userEmail"], "boss@example.com");
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_500_without_its_name() {
    let store = Store::new().await;
    let table = || Table::new(store.client(), "no-such-table");
    let api = AnalyticsApi::new(table(), table(), table());
    for path in [REALTIME, TIMESERIES, USER_STATS] {
        let response = api.answer(&request(Who::User("a"), path, &[]), NOW.parse().unwrap()).await;
        let Some(Body::Text(body)) = response.body else { panic!("no body") };
        assert_eq!(response.status_code, 500);
        assert!(!body.contains("no-such-table"), "{body}");
    }
}

#[tokio::test]
async fn an_answer_is_about_as_much_time_by_default_as_the_description_says() {
    let (world, document) = (empty().await, ::openapi::document());
    for route in Route::ALL {
        let described = document["paths"][route.path()]["get"]["parameters"].as_array().unwrap().iter();
        let Some(duration) = described.clone().find(|parameter| parameter["name"] == "duration") else { continue };
        let default = duration["schema"]["default"].as_str().unwrap();
        let needed = (route == Route::CompanyStats).then_some(("company", "Example"));
        let about = async |duration: Option<(&str, &str)>| {
            let parameters: Vec<_> = needed.into_iter().chain(duration).collect();
            let (status, body, headers) = world.text(Who::Admin, route.path(), &parameters, NOW).await;
            assert_eq!(status, 200, "{body}");
            let body = serde_json::from_str::<Value>(&body).unwrap_or_default();
            json!([headers.get(RANGE).map(|range| range.to_str().unwrap()), body["from"], body["to"]])
        };
        assert_eq!(about(None).await, about(Some(("duration", default))).await, "{route:?} {default}");
    }
}
