//! The one way in for a person with a bearer token.
//!
//! Invariant: API Gateway's Cognito authorizer has verified the token; a handler that takes a [`Viewer`] is reached
//! through [`authenticated`] alone, so that nobody's word is taken for an address or a group.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use metering::email::Email;
use serde_json::{Map, Value};

use super::{Failure, Json, respond};

/// The group whose members see everybody's figures.
const ADMIN_GROUP: &str = "admin";

/// Someone with a good token. Only [`authenticated`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    email: Email,
    is_admin: bool,
}

impl Viewer {
    /// The viewer's own address.
    pub const fn email(&self) -> &Email {
        &self.email
    }

    /// Whether the viewer may see everybody's figures.
    pub const fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// Whether the viewer may see the figures of a user.
    pub fn may_see(&self, email: &Email) -> bool {
        self.is_admin || self.email == *email
    }
}

/// The answer to a request with a token: `handler`'s, unless no authorizer has verified whose it is.
pub async fn authenticated<H, F>(request: &ApiGatewayProxyRequest, handler: H) -> ApiGatewayProxyResponse
where
    H: FnOnce(Viewer) -> F,
    F: Future<Output = Result<Json, Failure>>,
{
    let outcome = match viewer(request) {
        Some(viewer) => handler(viewer).await,
        None => Err(Failure::Unauthorized),
    };
    respond(request, outcome)
}

fn viewer(request: &ApiGatewayProxyRequest) -> Option<Viewer> {
    let claims = request.request_context.authorizer.fields.get("claims")?.as_object()?;
    let email = Email::named(claims.get("email")?.as_str()?).ok()?;
    // A user may change the address of the account; until it is verified it may be somebody else's.
    let is_unverified = claims.get("email_verified").is_some_and(|verified| !is_true(verified));
    (!is_unverified).then(|| Viewer { email, is_admin: is_member(claims, ADMIN_GROUP) })
}

/// API Gateway passes claims on as strings.
fn is_true(claim: &Value) -> bool {
    claim == &Value::Bool(true) || claim == "true"
}

/// The groups come as `admin,other`, as `[admin other]`, or as they are in the token. A group's name has no space.
fn is_member(claims: &Map<String, Value>, group: &str) -> bool {
    match claims.get("cognito:groups") {
        Some(Value::String(groups)) => {
            let groups = groups.trim().trim_start_matches('[').trim_end_matches(']');
            groups.split([',', ' ']).any(|name| name == group)
        }
        Some(Value::Array(groups)) => groups.iter().any(|name| name == group),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::encodings::Body;
    use serde_json::json;

    use super::*;

    fn request(authorizer: Value) -> ApiGatewayProxyRequest {
        let event = json!({
            "resource": "/v1/analytics/realtime", "path": "/v1/analytics/realtime", "httpMethod": "GET",
            "requestContext": { "requestId": "r-1", "httpMethod": "GET", "authorizer": authorizer },
        });
        serde_json::from_value(event).unwrap()
    }

    fn with_groups(groups: Value) -> Option<Viewer> {
        viewer(&request(json!({ "claims": { "email": "a#b@example.com", "cognito:groups": groups } })))
    }

    #[test]
    fn a_member_of_admin_is_one_however_the_groups_are_written() {
        for groups in
            [json!("admin"), json!("other,admin"), json!("[admin other]"), json!("[admin]"), json!(["x", "admin"])]
        {
            assert!(with_groups(groups.clone()).unwrap().is_admin(), "{groups}");
        }
    }

    #[test]
    fn nobody_else_is_an_admin() {
        for groups in [
            json!(null),
            json!(""),
            json!("[]"),
            json!("Admin"),
            json!("administrators"),
            json!("not-admin,admin2"),
            json!("[admins staff]"),
            json!(["admin,x"]),
            json!({ "admin": true }),
            json!(true),
        ] {
            assert!(!with_groups(groups.clone()).unwrap().is_admin(), "{groups}");
        }
    }

    #[test]
    fn a_viewer_sees_their_own_and_an_admin_everybody() {
        let viewer = with_groups(json!("staff")).unwrap();
        let named = |text| Email::named(text).unwrap();
        assert!(viewer.may_see(&named("a#b@example.com")) && viewer.may_see(&named("A#B@example.com")));
        for other in ["a", "b@example.com", "a#b@example.com.au"] {
            assert!(!viewer.may_see(&named(other)), "{other}");
        }
        assert!(with_groups(json!("admin")).unwrap().may_see(&named("b@example.com")));
    }

    #[tokio::test]
    async fn a_request_that_no_authorizer_has_verified_never_reaches_the_handler() {
        for fields in [
            json!({}),
            json!({ "claims": null }),
            json!({ "claims": {} }),
            json!({ "claims": { "email": "" } }),
            json!({ "claims": { "sub": "x", "cognito:groups": "admin" } }),
            json!({ "claims": { "email": "a@example.com", "email_verified": "false" } }),
            json!({ "claims": { "email": "a@example.com", "email_verified": false } }),
            json!({ "email": "a@example.com", "userEmail": "a@example.com" }),
        ] {
            let response = authenticated(&request(fields.clone()), |_| async { panic!("reached") }).await;
            assert_eq!(response.status_code, 401, "{fields}");
            assert!(response.headers.contains_key("x-request-id"));
        }
    }

    #[tokio::test]
    async fn a_verified_viewer_reaches_the_handler() {
        let request = request(json!({ "claims": { "email": "a@example.com", "email_verified": "true" } }));
        let response = authenticated(&request, |viewer| async move { Json::of(&viewer.email()) }).await;
        assert_eq!((response.status_code, response.body), (200, Some(Body::Text("\"a@example.com\"".into()))));
    }
}
