use std::collections::BTreeSet;
use std::io::Write as _;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;

const AWS: &str = "https://cognito-idp.ap-south-1.amazonaws.com/";

fn request(variables: &Value, headers: &Value) -> ApiGatewayProxyRequest {
    let event = json!({
        "resource": "/dashboard", "path": "/dashboard", "httpMethod": "GET", "headers": headers,
        "stageVariables": variables, "requestContext": { "requestId": "r-1", "httpMethod": "GET" },
    });
    serde_json::from_value(event).unwrap()
}

fn served(url: &str, headers: &Value) -> ApiGatewayProxyResponse {
    let request = request(&json!({ "signInUrl": url, "userPoolClient": "7a\"<b" }), headers);
    http::respond(&request, answer(&request))
}

fn text(response: &ApiGatewayProxyResponse) -> &str {
    let Some(Body::Text(text)) = &response.body else { panic!("no text") };
    text
}

fn header<'a>(response: &'a ApiGatewayProxyResponse, name: &str) -> &'a str {
    response.headers[name].to_str().unwrap()
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

#[test]
fn a_browser_runs_the_script_of_the_page_and_no_other() {
    let response = served(AWS, &json!({}));
    let (page, policy) = (text(&response), header(&response, "content-security-policy"));
    for (kind, open, close) in
        [("script-src", "<script type=\"module\">", "</script>"), ("style-src", "<style>", "</style>")]
    {
        assert_eq!(page.matches(open).count(), 1, "{kind}");
        assert!(policy.contains(&format!("{kind} {};", hash(between(page, open, close)))), "{kind}: {policy}");
    }
    for promised in ["default-src 'none'; ", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
        assert!(policy.contains(promised), "{promised}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for hole in [" onclick=", " onload=", " style=\"", "src=\"http", "href=\"http", "innerHTML", "{script}", "{style}"]
    {
        assert!(!page.contains(hole), "{hole}");
    }
    // Nothing on it moves, also for those who did not ask for less of it.
    assert!(!page.contains("transition") && !page.contains("animation"));
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&response, "referrer-policy"), "no-referrer");
}

#[test]
fn the_page_asks_the_sign_in_of_its_stage_and_nobody_else() {
    let aws = served(AWS, &json!({}));
    assert!(header(&aws, "content-security-policy").contains(&format!("connect-src 'self' {AWS};")));
    assert!(text(&aws).contains(&format!("data-sign-in=\"{AWS}\" data-client=\"7a&quot;&lt;b\"")));
    let local = served("/", &json!({}));
    assert!(header(&local, "content-security-policy").contains("connect-src 'self';"));
}

#[test]
fn a_stage_that_does_not_say_where_to_sign_in_has_no_page() {
    for variables in
        [json!({}), json!(null), json!({ "signInUrl": AWS }), json!({ "signInUrl": "", "userPoolClient": "7" })]
    {
        let request = request(&variables, &json!({}));
        assert_eq!(http::respond(&request, answer(&request)).status_code, 500, "{variables}");
    }
}

#[test]
fn a_browser_that_has_the_page_is_told_so_until_it_is_another() {
    let first = served(AWS, &json!({}));
    let known = json!({ "If-None-Match": header(&first, "etag") });
    let again = served(AWS, &known);
    assert_eq!((again.status_code, again.body.is_none()), (304, true));
    assert_eq!(served("/", &known).status_code, 200);
    assert_eq!(header(&first, "cache-control"), "public, no-cache");
}

#[test]
fn comments_of_the_script_have_lines_of_their_own_so_that_it_can_be_sent_without_them() {
    let mut code = SCRIPT.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    assert!(code.all(|line| !line.contains(" // ") && !line.contains("/*")));
}

#[test]
fn the_keys_that_are_told_of_are_those_that_do_something() {
    let told: BTreeSet<_> = PAGE.split("<kbd>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    let own = between(SCRIPT, "const KEYS = {", "\n};").lines().filter_map(|line| line.trim().split_once(": "));
    let own = own.map(|(key, _)| key.trim_matches('"').trim_start_matches("Arrow")).filter(|key| !key.starts_with('.'));
    let of_views = SCRIPT.split(", key: \"").skip(1).filter_map(|rest| rest.split('"').next());
    assert_eq!(told, own.chain(of_views).collect());
}

#[test]
fn the_page_is_small() {
    let packed = |text: &str| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap().len()
    };
    let response = served(AWS, &json!({}));
    let (page, script) =
        (packed(text(&response)), packed(between(text(&response), "<script type=\"module\">", "</script>")));
    assert!(page <= 30 * 1024 && script <= 12 * 1024, "page {page}, script {script} bytes");
}
