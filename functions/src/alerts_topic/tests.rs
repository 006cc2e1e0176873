//! What SNS is asked, and what comes of its answers.

use std::collections::BTreeMap;

use aws_lambda_events::query_map::QueryMap;
use metering::quota::Quota;
use serde_json::{Value, json};

use super::*;
use crate::signed_request::fake::{Asked, Fake, HANG_UP};

const ARN: &str = "arn:aws:sns:ap-south-1:123456789012:complical-usage-alerts-test";

async fn sent(answer: (u16, &'static str)) -> (Vec<Asked>, Result<(), RequestError>) {
    let (fake, url) = Fake::start([answer]).await;
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let topic = AlertsTopic::new(Some(&url), "ap-south-1", credentials, ARN.into(), "/complical/test".into());
    let alert = Alert {
        user_email: "zo\u{eb}+a&b@example.com".parse().unwrap(),
        kind: Kind::Threshold(80),
        quota: Quota { used: 80, limit: 100 },
        at: "2026-11-24T10:15:07Z".parse().unwrap(),
    };
    let sent = topic.send(&alert).await;
    (fake.requests(), sent)
}

#[tokio::test]
async fn an_alert_is_published_by_a_signed_form_with_the_event_and_whose_it_is() {
    let (requests, sent) = sent((200, "<PublishResponse/>")).await;
    sent.unwrap();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(request.line, "POST / HTTP/1.1");
    assert!(request.headers["authorization"].contains("/ap-south-1/sns/aws4_request"));
    let form: QueryMap = String::from_utf8(request.body.clone()).unwrap().parse().unwrap();
    let field = |name| form.first(name).unwrap();
    assert_eq!((field("Action"), field("TopicArn")), ("Publish", ARN));
    assert_eq!(field("Subject"), "CompliCal: 80 % of the monthly quota is used");
    assert_eq!(field("MessageAttributes.entry.1.Name"), "userEmail");
    assert_eq!(field("MessageAttributes.entry.1.Value.StringValue"), "zo\u{eb}+a&b@example.com");
    let event: BTreeMap<String, Value> = serde_json::from_str(field("Message")).unwrap();
    assert_eq!((&event["source"], &event["data"]["threshold"]), (&json!("/complical/test"), &json!(80)));
    assert_eq!(event["subject"], "zo\u{eb}+a&b@example.com");
}

#[tokio::test]
async fn what_sns_does_not_take_is_not_sent() {
    let (_, refused) = sent((403, "<Error><Code>KMSAccessDenied</Code></Error>")).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains(ARN) && error.contains("403") && error.contains("KMSAccessDenied"), "{error}");
    assert!(sent(HANG_UP).await.1.is_err());
}
