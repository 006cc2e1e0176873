//! The one way in for a person with a bearer token.
//!
//! Invariant: API Gateway's Cognito authorizer has verified the token; a handler that takes a [`Viewer`] is reached
//! through [`authenticated`] alone, so that nobody's word is taken for an address or a group.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use metering::email::Email;
use serde_json::{Map, Value};

use super::{Answer, Failure, respond, token};

/// The group whose members see everybody's figures.
const ADMIN_GROUP: &str = "admin";
/// The claim that names the groups.
const GROUPS: &str = "cognito:groups";

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

    /// Whose figures the viewer is shown; everybody's where it is nobody's.
    pub fn whose(&self) -> Option<&Email> {
        (!self.is_admin).then_some(&self.email)
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
    F: Future<Output = Result<Answer, Failure>>,
{
    let outcome = match viewer(request) {
        Some(viewer) => handler(viewer).await,
        None => Err(Failure::Unauthorized),
    };
    respond(request, outcome)
}

fn viewer(request: &ApiGatewayProxyRequest) -> Option<Viewer> {
    let claims = request.request_context.authorizer.fields.get("claims")?.as_object()?;
    // An access token names no address; any other sort of token is for something else.
    let is_identity = claims.get("token_use").is_some_and(|token_use| token_use == "id");
    // A user may change the address of the account; until it is verified it may be somebody else's.
    let is_verified = claims.get("email_verified").is_some_and(is_true);
    let email = Email::named(claims.get("email")?.as_str()?).ok()?;
    (is_identity && is_verified).then(|| Viewer { email, is_admin: is_member(request, claims, ADMIN_GROUP) })
}

/// API Gateway passes claims on as strings.
fn is_true(claim: &Value) -> bool {
    claim == &Value::Bool(true) || claim == "true"
}

/// A list of groups comes joined, by commas on AWS, and a group's name may have a comma itself. Only a list of one can
/// be read back; any other is looked up in the token.
fn is_member(request: &ApiGatewayProxyRequest, claims: &Map<String, Value>, group: &str) -> bool {
    let is_in = |groups: &Value| groups.as_array().is_some_and(|groups| groups.iter().any(|name| name == group));
    match claims.get(GROUPS) {
        Some(Value::String(joined)) if joined == group => true,
        Some(Value::String(_)) => {
            token::payload(request, claims).and_then(|token| token.get(GROUPS).map(is_in)) == Some(true)
        }
        Some(groups) => is_in(groups),
        None => false,
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

    fn claims(groups: Value) -> Value {
        json!({
            "sub": "s", "jti": "j", "token_use": "id", "email": "a#b@example.com", "email_verified": "true",
            "cognito:groups": groups,
        })
    }

    /// The viewer of claims with groups as the gateway writes them, and no token to look them up in.
    fn with_groups(groups: Value) -> Option<Viewer> {
        viewer(&request(json!({ "claims": claims(groups) })))
    }

    /// The viewer of such claims and of a token with those groups.
    fn with_token(joined: Value, groups: Value) -> Option<Viewer> {
        let mut request = request(json!({ "claims": claims(joined) }));
        let token = crate::http::token::bearer(&claims(groups)).parse().unwrap();
        request.headers.insert("authorization", token);
        viewer(&request)
    }

    #[test]
    fn a_member_of_admin_is_one_however_the_gateway_joins_the_groups() {
        for joined in [json!("other,admin"), json!("[other admin]"), json!("[admin]"), json!("other, admin")] {
            assert!(with_token(joined.clone(), json!(["other", "admin"])).unwrap().is_admin(), "{joined}");
        }
        for groups in [json!("admin"), json!(["x", "admin"])] {
            assert!(with_groups(groups.clone()).unwrap().is_admin(), "{groups}");
        }
    }

    #[test]
    fn a_group_whose_name_looks_like_a_list_makes_no_admin() {
        for name in ["x,admin", "admin,x", "[admin]", "[x", "admin]", ",admin,", "[admin", "x, admin", "\"admin\""] {
            for joined in [json!(name), json!(format!("[{name}]")), json!(format!("staff,{name}"))] {
                assert!(!with_token(joined.clone(), json!(["staff", name])).unwrap().is_admin(), "{joined}");
                assert!(!with_groups(joined.clone()).unwrap().is_admin(), "{joined}");
            }
        }
        // Both groups of one user, joined as one name would be.
        assert!(!with_groups(json!("admin,staff")).unwrap().is_admin());
    }

    #[test]
    fn nobody_else_is_an_admin() {
        for groups in [
            json!(null),
            json!(""),
            json!("[]"),
            json!("Admin"),
            json!(" admin"),
            json!("administrators"),
            json!("not-admin,admin2"),
            json!("[admins staff]"),
            json!(["admin,x"]),
            json!({ "admin": true }),
            json!(true),
        ] {
            assert!(!with_groups(groups.clone()).unwrap().is_admin(), "{groups}");
            assert!(!with_token(groups.clone(), json!(["staff"])).unwrap().is_admin(), "{groups}");
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
        let without = |name: &str| {
            let mut claims = claims(json!("staff"));
            claims.as_object_mut().unwrap().remove(name);
            json!({ "claims": claims })
        };
        let with = |name: &str, value: Value| {
            let mut claims = claims(json!("staff"));
            claims[name] = value;
            json!({ "claims": claims })
        };
        for fields in [
            json!({}),
            json!({ "claims": null }),
            json!({ "claims": {} }),
            without("email"),
            without("email_verified"),
            without("token_use"),
            with("email", json!("")),
            with("email_verified", json!("false")),
            with("email_verified", json!(false)),
            with("email_verified", json!("True ")),
            with("email_verified", json!(1)),
            with("token_use", json!("access")),
            with("token_use", json!(["id"])),
            json!({ "email": "a@example.com", "userEmail": "a@example.com" }),
        ] {
            let response = authenticated(&request(fields.clone()), |_| async { panic!("reached") }).await;
            assert_eq!(response.status_code, 401, "{fields}");
            assert!(response.headers.contains_key("x-request-id"));
        }
    }

    #[tokio::test]
    async fn a_verified_viewer_reaches_the_handler() {
        let request = request(json!({ "claims": claims(json!("staff")) }));
        let response = authenticated(&request, |viewer| async move { Answer::json(&viewer.email()) }).await;
        assert_eq!((response.status_code, response.body), (200, Some(Body::Text("\"a#b@example.com\"".into()))));
    }
}
