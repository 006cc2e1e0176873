//! Which changes let somebody do more than before: permissions, authorizers, what is open to the network.
//!
//! Invariant: when in doubt a change is marked; a reviewer reads one line too many rather than one too few.

use serde_json::Value;

use super::finding::{Finding, Impact};
use crate::impact::grant;
use crate::render::{elements, text};
use crate::resource_type;
use crate::template_diff::{self, alike, resource_type};

/// The four switches of S3 that keep a bucket private.
const PUBLIC_ACCESS_BLOCK: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

/// Every widened access.
pub fn findings(old: &Value, new: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for id in template_diff::keys(&old["Resources"], &new["Resources"]) {
        let (before, after) = (old["Resources"].get(&id), new["Resources"].get(&id));
        let Some(declared) = after.or(before) else { continue };
        // A resource that becomes another one is new in all it allows.
        let before = before.filter(|before| resource_type(before) == resource_type(declared));
        let comparison = Comparison { is_new: before.is_none(), before: properties(before), after: properties(after) };
        let mut widened = comparison.grants();
        if after.is_some() {
            widened.extend(comparison.of_type(resource_type(declared)));
        }
        found.extend(
            widened.into_iter().map(|(path, why)| Finding::new(Impact::BroadensAccess, &id, declared, &path, why)),
        );
    }
    found
}

fn properties(resource: Option<&Value>) -> &Value {
    resource.and_then(|resource| resource.get("Properties")).unwrap_or(&Value::Null)
}

/// The properties of one resource, before and after.
struct Comparison<'a> {
    is_new: bool,
    before: &'a Value,
    after: &'a Value,
}

/// Where, and why.
type Widened = Vec<(String, String)>;

impl Comparison<'_> {
    fn grants(&self) -> Widened {
        let path = "Properties";
        let (before, after) = (grant::grants(self.before, path), grant::grants(self.after, path));
        grant::widenings(&before, &after).into_iter().map(|widening| (widening.path, widening.why)).collect()
    }

    fn of_type(&self, resource_type: &str) -> Widened {
        match resource_type {
            resource_type::ROLE => self.role(),
            resource_type::PERMISSION => self.permission(),
            resource_type::FUNCTION if !self.is_new && self.differs("Role") => {
                at("Role", format!("it runs with the permissions of {}", text(&self.after["Role"])))
            }
            resource_type::FUNCTION_URL if self.becomes("AuthType", "NONE") => {
                at("AuthType", "anybody may invoke it".to_owned())
            }
            resource_type::METHOD => self.method(),
            resource_type::AUTHORIZER if !self.is_new => self.authorizer(),
            resource_type::BUCKET => self.bucket(),
            resource_type::USER_POOL => self.user_pool(),
            resource_type::USER_POOL_CLIENT if !self.is_new => {
                self.gained(&["ExplicitAuthFlows", "AllowedOAuthFlows", "CallbackURLs"], "a client may also use")
            }
            resource_type::SUBSCRIPTION if self.is_new || self.differs("Endpoint") => {
                let (endpoint, topic) = (text(&self.after["Endpoint"]), text(&self.after["TopicArn"]));
                at("Endpoint", format!("{endpoint} gets what {topic} publishes"))
            }
            _ => Vec::new(),
        }
    }

    fn role(&self) -> Widened {
        let mut found = self.gained(&["ManagedPolicyArns"], "all that this policy allows is allowed:");
        if !self.is_new && self.before.get("PermissionsBoundary").is_some() && self.differs("PermissionsBoundary") {
            found.extend(at("PermissionsBoundary", "its boundary goes or becomes another".to_owned()));
        }
        found
    }

    fn permission(&self) -> Widened {
        let what = ["Principal", "Action", "FunctionName", "SourceArn", "SourceAccount"];
        let Some(property) = what.into_iter().find(|property| self.differs(property)) else { return Vec::new() };
        let [principal, action, function] = ["Principal", "Action", "FunctionName"].map(|key| text(&self.after[key]));
        let from = match self.after.get("SourceArn") {
            Some(source) => format!("for {}", text(source)),
            None => "for any source".to_owned(),
        };
        let path = if self.is_new { "" } else { property };
        at(path, format!("{principal} may {action} {function} {from}"))
    }

    fn method(&self) -> Widened {
        let [verb, authorization] = ["HttpMethod", "AuthorizationType"].map(|key| text(&self.after[key]));
        let was_open = !self.is_new && !is_guarded(self.before);
        // A browser's preflight carries no credentials.
        if !is_guarded(self.after) && !was_open && verb != "OPTIONS" {
            return at("AuthorizationType", format!("anybody may call {verb}: no authorizer decides"));
        }
        if self.is_new {
            return Vec::new();
        }
        let mut found = Vec::new();
        if self.differs("AuthorizerId") || self.differs("AuthorizationType") {
            let authorizer = text(&self.after["AuthorizerId"]);
            found.extend(at(
                "AuthorizerId",
                format!("another authorizer decides on {verb}: {authorization} {authorizer}"),
            ));
        }
        if is_on(&self.before["ApiKeyRequired"]) && !is_on(&self.after["ApiKeyRequired"]) {
            found.extend(at("ApiKeyRequired", format!("{verb} no longer asks for an API key")));
        }
        found
    }

    fn authorizer(&self) -> Widened {
        let mut found = Vec::new();
        for property in ["Type", "AuthorizerUri", "ProviderARNs", "IdentitySource", "IdentityValidationExpression"] {
            if self.differs(property) {
                found
                    .extend(at(property, format!("it decides by another {property}: {}", text(&self.after[property]))));
            }
        }
        let seconds = |properties: &Value| properties["AuthorizerResultTtlInSeconds"].as_u64().unwrap_or(300);
        if seconds(self.after) > seconds(self.before) {
            let why = format!("a revoked key goes on working for up to {} s", seconds(self.after));
            found.extend(at("AuthorizerResultTtlInSeconds", why));
        }
        found
    }

    fn bucket(&self) -> Widened {
        let block = "PublicAccessBlockConfiguration";
        let opened = PUBLIC_ACCESS_BLOCK
            .into_iter()
            .filter(|switch| is_on(&self.before[block][switch]) && !is_on(&self.after[block][switch]));
        let mut found: Widened =
            opened.flat_map(|switch| at(block, format!("{switch} goes: the bucket can become public"))).collect();
        let list = text(&self.after["AccessControl"]);
        if list.starts_with("Public") && self.differs("AccessControl") {
            found.extend(at("AccessControl", format!("the bucket is open to anybody ({list})")));
        }
        found
    }

    fn user_pool(&self) -> Widened {
        let mut found = Vec::new();
        let by_admin = |properties: &Value| is_on(&properties["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]);
        if !by_admin(self.after) && (self.is_new || by_admin(self.before)) {
            found.extend(at("AdminCreateUserConfig", "anybody may sign up".to_owned()));
        }
        if self.before["MfaConfiguration"] == "ON" && self.after["MfaConfiguration"] != "ON" {
            found.extend(at("MfaConfiguration", "a password alone is enough to sign in".to_owned()));
        }
        found
    }

    /// The elements that lists have gained.
    fn gained(&self, properties: &[&str], sentence: &str) -> Widened {
        let gained = |property: &&str| {
            let before = elements(&self.before[*property]);
            let new = elements(&self.after[*property]).into_iter().filter(|element| !before.contains(element));
            new.flat_map(|element| at(property, format!("{sentence} {element}"))).collect::<Widened>()
        };
        properties.iter().flat_map(gained).collect()
    }

    fn differs(&self, property: &str) -> bool {
        !alike(&self.before[property], &self.after[property])
    }

    fn becomes(&self, property: &str, value: &str) -> bool {
        self.after[property] == value && self.before[property] != value
    }
}

fn at(property: &str, why: String) -> Widened {
    let path = if property.is_empty() { String::new() } else { format!("Properties.{property}") };
    vec![(path, why)]
}

fn is_guarded(method: &Value) -> bool {
    method["AuthorizationType"].as_str().is_some_and(|authorization| authorization != "NONE")
}

fn is_on(value: &Value) -> bool {
    alike(value, &Value::Bool(true))
}

#[cfg(test)]
mod tests;
