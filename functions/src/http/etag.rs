//! Tags of answers, by which a caller asks whether there is another one.
//!
//! Invariant: a tag is made of what the answer depends on, before the answer is: who asks, what for, and the state of
//! the data. Where that state changes each second, what the answer says is behind it.

use std::fmt::Write as _;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use aws_lambda_events::http::header::IF_NONE_MATCH;
use sha2::{Digest, Sha256};

/// Bytes of a hash that make a tag: two answers of one caller will not share them by chance.
const BYTES: usize = 12;
/// Stands between what an answer depends on and what it says.
const SAYS: char = '.';

/// An entity tag (RFC 9110, 8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of an answer that depends on some texts, in their order: a weak one, since it is not made of the bytes.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // The length keeps two parts from looking like one.
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self(format!("W/{}", quoted(&hash.finalize())))
    }

    /// The tag of the very bytes of an answer.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(quoted(&Sha256::digest(bytes)))
    }

    /// The tag of what an answer says that depends on what this tag is made of, and of that.
    #[must_use]
    pub fn of_what(&self, says: &str) -> Self {
        Self(format!("{}{SAYS}{}", self.0.trim_end_matches('"'), quoted(&Sha256::digest(says)).trim_start_matches('"')))
    }

    /// As a header has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag of the answer that the caller has, if a request names this one (RFC 9110, 13.1.2: compared weakly), or
    /// one of what an answer says that depends on the same.
    pub fn known_to(&self, request: &ApiGatewayProxyRequest) -> Option<Self> {
        let own = opaque(&self.0);
        let depends_on = |tag: &str| opaque(tag).split_once(SAYS).map(|(depends_on, _)| format!("{depends_on}\""));
        let depends_on_same = |tag: &str| depends_on(tag).is_some_and(|depends_on| depends_on == own);
        let known = named(request).find(|tag| *tag == "*" || opaque(tag) == own || depends_on_same(tag))?;
        Some(if known == "*" { self.clone() } else { Self(known.to_owned()) })
    }

    /// The tag by which a request names an answer that says the same, whatever it depended on.
    pub fn said_to(&self, request: &ApiGatewayProxyRequest) -> Option<Self> {
        let (_, says) = self.0.split_once(SAYS)?;
        named(request)
            .find(|tag| tag.split_once(SAYS).is_some_and(|(_, other)| other == says))
            .map(|tag| Self(tag.into()))
    }
}

/// The tags of the answers that a caller has.
fn named(request: &ApiGatewayProxyRequest) -> impl Iterator<Item = &str> {
    let known = request.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|tags| tags.split(',')).map(str::trim)
}

fn quoted(hash: &[u8]) -> String {
    let mut tag = String::from("\"");
    for byte in hash.iter().take(BYTES) {
        // Writing to a text cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "\""
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(if_none_match: &str) -> ApiGatewayProxyRequest {
        let event = json!({
            "httpMethod": "GET", "requestContext": { "httpMethod": "GET" },
            "headers": { "If-None-Match": if_none_match },
        });
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn a_tag_is_known_by_itself_in_a_list_and_weak_or_strong() {
        let tag = ETag::of_parts(["a", "b"]);
        let own = tag.as_str().to_owned();
        assert!(own.starts_with("W/\""));
        for known in [own.clone(), own.replace("W/", ""), format!("\"other\", {own}"), "*".into()] {
            assert!(tag.known_to(&request(&known)).is_some(), "{known}");
        }
        for other in ["", "\"other\"", "W/\"\"", own.trim_end_matches('"')] {
            assert_eq!(tag.known_to(&request(other)), None, "{other}");
        }
    }

    #[test]
    fn what_an_answer_says_is_known_by_it_and_until_it_can_be_another_by_what_it_depends_on() {
        let (now, later) = (ETag::of_parts(["a", "1"]), ETag::of_parts(["a", "2"]));
        let had = now.of_what("{}");
        assert_eq!(now.known_to(&request(had.as_str())), Some(had.clone()));
        assert_eq!(later.known_to(&request(had.as_str())), None);
        assert_eq!(later.of_what("{}").said_to(&request(had.as_str())), Some(had.clone()));
        assert_eq!(later.of_what("{ }").said_to(&request(had.as_str())), None);
        assert_eq!(later.said_to(&request(had.as_str())), None);
    }

    #[test]
    fn parts_that_read_alike_when_joined_make_other_tags() {
        assert_ne!(ETag::of_parts(["ab", "c"]), ETag::of_parts(["a", "bc"]));
        assert_ne!(ETag::of_parts(["a"]), ETag::of_parts(["a", ""]));
        assert!(!ETag::of_bytes(b"a").as_str().starts_with('W'));
    }
}
