//! What the bearer token itself says, which API Gateway's authorizer has verified.
//!
//! Invariant: a token is read only where it is beyond doubt the one behind the claims: the request carries one token,
//! and that has the `sub` and the `jti` of the claims. No token is logged.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use aws_lambda_events::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value};

/// Claims that name a token.
const IDENTITY: [&str; 2] = ["sub", "jti"];

/// The claims of a verified token, as the token has them: with lists that are lists.
pub(super) fn payload(request: &ApiGatewayProxyRequest, verified: &Map<String, Value>) -> Option<Map<String, Value>> {
    let all = [&request.headers, &request.multi_value_headers];
    let mut tokens = all.into_iter().flat_map(|headers| headers.get_all(AUTHORIZATION));
    let token = tokens.next()?;
    // Of two different tokens nobody can say which one was verified.
    if tokens.any(|other| other != token) {
        return None;
    }
    let claims = claims(token.to_str().ok()?)?;
    let is_same = |name| claims.get(name).is_some_and(|claim| claim.is_string() && Some(claim) == verified.get(name));
    IDENTITY.into_iter().all(is_same).then_some(claims)
}

/// The claims of a JSON Web Token (RFC 7519, 3.1), whose header and signature are the gateway's to check.
fn claims(header: &str) -> Option<Map<String, Value>> {
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
        _ => header,
    };
    let mut parts = token.trim().split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()
}

/// The header of a token with those claims, for tests.
#[cfg(test)]
pub(crate) fn bearer(claims: &Value) -> String {
    format!("Bearer e30.{}.c2ln", BASE64.encode(claims.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(headers: Value, several: Value, verified: Value) -> Option<Map<String, Value>> {
        let event = json!({
            "httpMethod": "GET", "requestContext": { "httpMethod": "GET" },
            "headers": headers, "multiValueHeaders": several,
        });
        payload(&serde_json::from_value(event).unwrap(), verified.as_object().unwrap())
    }

    #[test]
    fn a_token_is_read_where_it_is_the_verified_one() {
        let claims = json!({ "sub": "s", "jti": "j", "cognito:groups": ["x,admin"] });
        let (token, verified) = (bearer(&claims), json!({ "sub": "s", "jti": "j", "cognito:groups": "x,admin" }));
        let expected = claims.as_object().cloned();
        assert_eq!(read(json!({ "Authorization": token }), json!(null), verified.clone()), expected);
        assert_eq!(read(json!({ "authorization": token }), json!({ "authorization": [token] }), verified), expected);
        let bare = bearer(&claims).replace("Bearer ", "");
        assert_eq!(read(json!({ "authorization": bare }), json!(null), claims.clone()), expected);
    }

    #[test]
    fn a_token_that_could_be_another_is_not_read() {
        let token = bearer(&json!({ "sub": "s", "jti": "j" }));
        let verified = json!({ "sub": "s", "jti": "j" });
        let headers = |value: &str| json!({ "authorization": value });
        for other in [json!({ "sub": "s" }), json!({ "jti": "j" }), json!({ "sub": "s", "jti": "k" }), json!({})] {
            assert_eq!(read(headers(&token), json!(null), other.clone()), None, "{other}");
        }
        let unnamed = bearer(&json!({}));
        assert_eq!(read(headers(&unnamed), json!(null), json!({})), None);
        let forged = bearer(&json!({ "sub": "s", "jti": "j", "cognito:groups": ["admin"] }));
        assert_eq!(read(headers(&token), json!({ "authorization": [token, forged] }), verified.clone()), None);
        for broken in ["", "Bearer", "Bearer a.b", "Bearer a.b.c.d", "Bearer a.!.c", &format!("{token}, {forged}")] {
            assert_eq!(read(headers(broken), json!(null), verified.clone()), None, "{broken}");
        }
    }
}
