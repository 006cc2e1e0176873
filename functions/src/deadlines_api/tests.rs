//! The deadlines function against a DynamoDB in this process, loaded as a deploy loads it.

use std::collections::BTreeSet;

use aws_lambda_events::encodings::Body;
use deadlines::Deadline;
use dynamodb_fixture::Fixture;
use serde_json::{Value, json};

use super::*;
use contract::table::{PK, SK};
use store::table::{Item, text};

const NOW: &str = "2026-11-24T10:15:30Z";

fn item(deadline: &Deadline) -> Item {
    let keys = [(PK, deadline.partition()), (SK, deadline.sort())];
    keys.into_iter().chain(deadline.attributes()).map(|(name, value)| (name.to_owned(), text(value))).collect()
}

async fn loaded() -> (Fixture, DeadlinesApi) {
    let fixture = Fixture::start().await;
    let table = Table::new(fixture.client.clone(), fixture.deadlines_table());
    table.put_all(deadlines::all().iter().map(item)).await.unwrap();
    (fixture, DeadlinesApi::new(table))
}

fn request(path: &str, parameters: &[(&str, &str)]) -> ApiGatewayProxyRequest {
    let parameters: Value = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let authorizer = json!({ "userEmail": "user@example.com", "apiKeyId": "k_1", "quota": "within" });
    let event = json!({
        "resource": path, "path": path, "httpMethod": "GET", "queryStringParameters": parameters,
        "requestContext": { "requestId": "r-1", "httpMethod": "GET", "authorizer": authorizer },
    });
    serde_json::from_value(event).unwrap()
}

async fn get(api: &DeadlinesApi, parameters: &[(&str, &str)], now: &str) -> (i64, Value) {
    let response = api.answer(&request(Route::Deadlines.path(), parameters), now.parse().unwrap()).await;
    let Some(Body::Text(body)) = &response.body else { panic!("no body") };
    let content_type = response.headers.get("content-type").unwrap().to_str().unwrap();
    let status = u16::try_from(response.status_code).unwrap();
    openapi::conformance::check(Route::Deadlines.path(), status, content_type, body).unwrap();
    (response.status_code, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn the_call_of_the_guide_answers_real_upcoming_deadlines() {
    let (_fixture, api) = loaded().await;
    let (status, body) = get(&api, &[("country", "AU")], NOW).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["limit"], &body["offset"]), (&json!(50), &json!(0)));
    assert!(body["total"].as_u64().unwrap() > 100);
    let first = &body["deadlines"][0];
    assert_eq!((&first["id"], &first["dueDate"]), (&json!("au-company-tax-payment-2026-12-01"), &json!("2026-12-01")));
    assert_eq!((&first["agency"], &first["type"]), (&json!("ATO"), &json!("income-tax")));
}

#[tokio::test]
async fn pages_of_the_table_hold_the_whole_data_set_once() {
    let (_fixture, api) = loaded().await;
    let mut ids = BTreeSet::new();
    let mut n = 0;
    for year in ["2026", "2027"] {
        for offset in (0..).step_by(100) {
            let parameters = [("year", year), ("limit", "100"), ("offset", &offset.to_string())];
            let (_, body) = get(&api, &parameters, NOW).await;
            let page = body["deadlines"].as_array().unwrap();
            n += page.len();
            ids.extend(page.iter().map(|deadline| deadline["id"].to_string()));
            if page.len() < 100 {
                break;
            }
        }
    }
    assert_eq!((n, ids.len()), (deadlines::all().len(), deadlines::all().len()));
}

/// The parameters of the page to which an answer links under a relation.
fn linked(response: &ApiGatewayProxyResponse, relation: &str) -> Option<Vec<(String, String)>> {
    let links = response.headers.get("link")?.to_str().unwrap();
    let link = links.split(", ").find_map(|link| link.strip_suffix(&format!(">; rel=\"{relation}\"")))?;
    let query = link.strip_prefix("<?").unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[tokio::test]
async fn links_lead_through_all_pages_and_back() {
    let (_fixture, api) = loaded().await;
    let mut parameters: Vec<_> = [("country", "NZ"), ("year", "2027"), ("limit", "40")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let (mut pages, mut relation) = (Vec::new(), "next");
    loop {
        let borrowed: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let response = api.answer(&request(Route::Deadlines.path(), &borrowed), NOW.parse().unwrap()).await;
        let Some(Body::Text(body)) = &response.body else { panic!("no body") };
        let page: Value = serde_json::from_str(body).unwrap();
        pages.push(page["offset"].as_u64().unwrap());
        match linked(&response, relation) {
            Some(query) => parameters = query,
            None if relation == "next" => {
                let total = page["total"].as_u64().unwrap();
                assert!(
                    (pages.last().unwrap() + 1..=pages.last().unwrap() + 40).contains(&total),
                    "{pages:?} of {total}"
                );
                relation = "prev";
                parameters = linked(&response, relation).unwrap();
            }
            None => break,
        }
    }
    let (there, back) = pages.split_at(pages.len() / 2 + 1);
    assert!(there.len() > 2, "{pages:?}");
    assert_eq!(there.iter().rev().skip(1).collect::<Vec<_>>(), back.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn bad_input_is_400_and_names_the_field() {
    let (_fixture, api) = loaded().await;
    for (name, value) in
        [("country", "US"), ("type", "vat"), ("month", "13"), ("year", "1999"), ("limit", "abc"), ("offset", "-1")]
    {
        let (status, body) = get(&api, &[(name, value)], NOW).await;
        assert_eq!(status, 400, "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains(&format!("`{name}`")), "{body}");
    }
}

#[tokio::test]
async fn a_parameter_given_twice_is_400_and_of_two_bad_ones_always_the_same_is_named() {
    let (_fixture, api) = loaded().await;
    for values in [["XX", "NZ"], ["NZ", "NZ"]] {
        let mut request = request(Route::Deadlines.path(), &[("country", values[1])]);
        request.multi_value_query_string_parameters = serde_json::from_value(json!({ "country": values })).unwrap();
        let response = api.answer(&request, NOW.parse().unwrap()).await;
        let Some(Body::Text(body)) = response.body else { panic!("no body") };
        assert_eq!(response.status_code, 400, "{body}");
        assert!(body.contains("`country` must be given once"), "{body}");
    }
    for _ in 0..20 {
        let (_, body) = get(&api, &[("month", "0"), ("limit", "\0")], NOW).await;
        assert!(body["error"]["message"].as_str().unwrap().starts_with("`limit`"), "{body}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_404() {
    let (_fixture, api) = loaded().await;
    let now = NOW.parse().unwrap();
    assert_eq!(api.answer(&request("/v1/other", &[]), now).await.status_code, 404);
    let mut post = request(Route::Deadlines.path(), &[]);
    post.http_method = aws_lambda_events::http::Method::POST;
    assert_eq!(api.answer(&post, now).await.status_code, 404);
}

#[tokio::test]
async fn a_deadline_that_cannot_be_read_takes_no_other_along() {
    let (fixture, api) = loaded().await;
    let (_, before) = get(&api, &[("country", "NZ"), ("year", "2027")], NOW).await;
    let table = Table::new(fixture.client.clone(), fixture.deadlines_table());
    let broken = [(PK, "NZ#2027"), (SK, "2027-02-30#broken"), ("dueDate", "2027-02-30")];
    table.put_all([broken.map(|(name, value)| (name.to_owned(), text(value))).into()]).await.unwrap();
    let (status, after) = get(&DeadlinesApi::new(table), &[("country", "NZ"), ("year", "2027")], NOW).await;
    assert_eq!((status, after), (200, before));
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_500_without_its_name() {
    let fixture = Fixture::start().await;
    let api = DeadlinesApi::new(Table::new(fixture.client.clone(), "no-such-table"));
    let (status, body) = get(&api, &[("country", "AU")], NOW).await;
    assert_eq!(status, 500);
    assert!(!body.to_string().contains("no-such-table"), "{body}");
}

#[tokio::test]
async fn a_partition_is_read_again_when_it_is_no_longer_fresh_or_was_empty() {
    let fixture = Fixture::start().await;
    let table = Table::new(fixture.client.clone(), fixture.deadlines_table());
    let api = DeadlinesApi::new(table.clone());
    let total = async |now| get(&api, &[("country", "NZ"), ("year", "2027")], now).await.1["total"].as_u64().unwrap();
    let of_2027: Vec<_> = deadlines::all().iter().filter(|one| one.partition() == "NZ#2027").map(item).collect();

    assert_eq!(total("2026-11-24T10:00:00Z").await, 0);
    table.put_all(of_2027[..1].to_vec()).await.unwrap();
    assert_eq!(total("2026-11-24T10:00:01Z").await, 1);
    table.put_all(of_2027.clone()).await.unwrap();
    assert_eq!(total("2026-11-24T10:01:00Z").await, 1);
    assert_eq!(total("2026-11-24T10:01:01Z").await, of_2027.len() as u64);
}
