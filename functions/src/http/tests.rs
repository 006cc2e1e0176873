//! What a client sees of each outcome, and who reaches a handler.

use serde_json::json;

use super::*;

fn request(authorizer: Value) -> ApiGatewayProxyRequest {
    let event = json!({
        "resource": "/v1/deadlines", "path": "/v1/deadlines", "httpMethod": "GET",
        "requestContext": { "requestId": "r-1", "httpMethod": "GET", "authorizer": authorizer },
    });
    serde_json::from_value(event).unwrap()
}

fn within_quota() -> Value {
    json!({ "userEmail": "a#b@example.com", "companyName": "Example", "apiKeyId": "k_1", "quota": "within" })
}

fn header<'a>(response: &'a ApiGatewayProxyResponse, name: &str) -> Option<&'a str> {
    response.headers.get(name).and_then(|value| value.to_str().ok())
}

fn body(response: &ApiGatewayProxyResponse) -> Value {
    let Some(Body::Text(text)) = &response.body else { panic!("no body: {response:?}") };
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_caller_within_the_quota_reaches_the_handler() {
    let request = request(within_quota());
    let response = guarded(&request, |caller| async move {
        assert_eq!(caller.company_name(), Some("Example"));
        assert_eq!(caller.api_key_id(), Some("k_1"));
        Answer::json(&json!({ "email": caller.user_email() }))
    });
    let response = response.await;
    assert_eq!((response.status_code, body(&response)), (200, json!({ "email": "a#b@example.com" })));
    assert_eq!(header(&response, "x-request-id"), Some("r-1"));
    assert_eq!(header(&response, "cache-control"), Some("no-store"));
    assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(&response, "strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(header(&response, "content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_caller_over_the_quota_is_told_when_to_return_and_never_reaches_the_handler() {
    for retry_after in [json!("3600"), json!(3600)] {
        let mut fields = within_quota();
        (fields["quota"], fields["retryAfter"]) = (json!("exceeded"), retry_after);
        let response = guarded(&request(fields), |_| async { panic!("reached") }).await;
        assert_eq!((response.status_code, header(&response, "retry-after")), (429, Some("3600")));
        assert_eq!(body(&response)["error"]["code"], "quota_exceeded");
    }
}

#[tokio::test]
async fn a_wait_that_is_missing_or_over_still_gives_a_positive_retry_after() {
    for (fields, expected) in
        [(json!({}), "60"), (json!({ "retryAfter": "x" }), "60"), (json!({ "retryAfter": "0" }), "1")]
    {
        let mut fields = fields;
        (fields["userEmail"], fields["quota"]) = (json!("a@example.com"), json!("exceeded"));
        let response = guarded(&request(fields), |_| async { panic!("reached") }).await;
        assert_eq!(header(&response, "retry-after"), Some(expected));
    }
}

#[tokio::test]
async fn a_route_without_an_authorizer_lets_nobody_in() {
    for fields in [json!({}), json!({ "userEmail": "" }), json!({ "userEmail": null, "quota": "within" })] {
        let response = guarded(&request(fields), |_| async { panic!("reached") }).await;
        assert_eq!((response.status_code, &body(&response)["error"]["code"]), (401, &json!("unauthorized")));
    }
}

#[test]
fn the_cause_of_our_own_fault_stays_inside() {
    let response = respond(&request(json!({})), Err(Failure::internal("table complical-x is on fire")));
    assert_eq!(response.status_code, 500);
    let error = &body(&response)["error"];
    assert_eq!(error["code"], "internal_error");
    assert!(!error["message"].as_str().unwrap().contains("fire"));
}

#[test]
fn each_failure_has_its_status_and_code() {
    let failures = [
        (Failure::BadRequest("`limit` must be a number".into()), 400, "bad_request"),
        (Failure::Unauthorized, 401, "unauthorized"),
        (Failure::Forbidden, 403, "forbidden"),
        (Failure::NotFound, 404, "not_found"),
        (Failure::NoSuchUser, 404, "not_found"),
    ];
    for (failure, status, code) in failures {
        let response = respond(&request(json!({})), Err(failure));
        assert_eq!((response.status_code, &body(&response)["error"]["code"]), (status, &json!(code)));
        assert_eq!(header(&response, "x-request-id"), Some("r-1"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
        assert!(header(&response, "strict-transport-security").is_some());
    }
}

#[test]
fn an_error_is_a_problem_that_has_the_code_and_the_message_beside_it() {
    let response = respond(&request(json!({})), Err(Failure::BadRequest("`limit` must be a number".into())));
    assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
    let expected = json!({
        "type": "about:blank", "title": "Bad Request", "status": 400, "detail": "`limit` must be a number",
        "error": { "code": "bad_request", "message": "`limit` must be a number" },
    });
    assert_eq!(body(&response), expected);
}

#[test]
fn an_answer_that_the_caller_has_already_is_304_with_its_tag_and_without_a_body() {
    let etag = ETag::of_parts(["a"]);
    let mut request = request(json!({}));
    assert_eq!(known(&request, &etag, Freshness::Live), None);
    request.headers.insert("if-none-match", etag.as_str().parse().unwrap());
    let response = respond(&request, Ok(known(&request, &etag, Freshness::Live).unwrap()));
    assert_eq!((response.status_code, &response.body), (304, &None));
    assert_eq!(header(&response, "etag"), Some(etag.as_str()));
    assert_eq!(header(&response, "cache-control"), Some("private, max-age=1"));
    assert_eq!(header(&response, "x-request-id"), Some("r-1"));
}

#[test]
fn the_route_is_the_resource_unless_that_takes_all_paths() {
    let mut request = request(json!({}));
    request.path = Some("/v1/analytics/realtime/".into());
    assert_eq!(route(&request), Some(Route::Deadlines));
    request.resource = Some("/{proxy+}".into());
    assert_eq!(route(&request), Some(Route::Realtime));
    request.http_method = Method::POST;
    assert_eq!(route(&request), None);
}
