//! Which changes take data away, and which take away what protects it.
//!
//! Invariant: a table, stream, bucket or user pool that goes, or is replaced, is never passed over in silence.

use serde_json::Value;

use super::finding::{Finding, Impact};
use crate::data_resource::{HOLDS_DATA, is_retained};
use crate::resource_type;
use crate::template_diff::{self, alike};

/// Every loss. `replaced` are the replacements that were found already.
pub fn findings(old: &Value, new: &Value, replaced: &[Finding]) -> Vec<Finding> {
    let mut found = Vec::new();
    for id in template_diff::keys(&old["Resources"], &Value::Null) {
        let (before, after) = (&old["Resources"][&id], new["Resources"].get(&id));
        let resource_type = template_diff::resource_type(before);
        // Lines of a log are data too, though nobody is asked for consent to lose them.
        if !HOLDS_DATA.contains(&resource_type) && resource_type != resource_type::LOG_GROUP {
            continue;
        }
        match after {
            None => found.extend(removed(&id, before)),
            Some(after) => {
                let own = replaced.iter().filter(|finding| finding.logical_id == id);
                found.extend(own.map(|finding| replacement(before, finding)));
                found.extend(changed(&id, before, after));
                found.extend(unprotected(&id, before, after));
            }
        }
    }
    found
}

fn removed(id: &str, before: &Value) -> Option<Finding> {
    let is_kept = is_retained(before, "DeletionPolicy");
    (!is_kept).then(|| {
        let policy = before["DeletionPolicy"].as_str().unwrap_or("Delete");
        Finding::new(
            Impact::LosesData,
            id,
            before,
            "",
            format!("it is deleted with all it holds (DeletionPolicy {policy})"),
        )
    })
}

fn replacement(before: &Value, finding: &Finding) -> Finding {
    let why = match before["UpdateReplacePolicy"].as_str() {
        Some("Retain") => "an empty one takes its place; the old one is left outside the stack",
        _ => "an empty one takes its place, and the old one is deleted with all it holds",
    };
    Finding::new(Impact::LosesData, &finding.logical_id, before, &finding.path, why)
}

/// What goes from a resource that stays.
fn changed(id: &str, before: &Value, after: &Value) -> Vec<Finding> {
    let (old, new) = (&before["Properties"], &after["Properties"]);
    let mut found = Vec::new();
    let mut lost = |property: &str, why: String| {
        found.push(Finding::new(Impact::LosesData, id, after, &format!("Properties.{property}"), why));
    };
    match template_diff::resource_type(before) {
        resource_type::TABLE => {
            if let Some(attribute) = expiry(new)
                && expiry(old).as_ref() != Some(&attribute)
            {
                lost("TimeToLiveSpecification", format!("items expire by `{attribute}` from now on"));
            }
        }
        resource_type::STREAM => {
            let hours = |properties: &Value| number(&properties["RetentionPeriodHours"]).unwrap_or(24);
            if hours(new) < hours(old) {
                lost("RetentionPeriodHours", format!("records older than {} h go, counted or not", hours(new)));
            }
        }
        resource_type::LOG_GROUP => {
            // Without a number lines never expire.
            let days = |properties: &Value| number(&properties["RetentionInDays"]).unwrap_or(u64::MAX);
            if days(new) < days(old) {
                lost("RetentionInDays", format!("lines older than {} days go", days(new)));
            }
        }
        resource_type::BUCKET => {
            let expiries = |properties: &Value| expirations(&properties["LifecycleConfiguration"]);
            if let Some(days) = expiries(new).into_iter().find(|days| !expiries(old).contains(days)) {
                lost("LifecycleConfiguration", format!("objects expire after {days} days from now on"));
            }
        }
        _ => {}
    }
    found
}

/// What stood between the data and its loss, and goes.
fn unprotected(id: &str, before: &Value, after: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut note = |path: &str, why: &str| found.push(Finding::new(Impact::Unprotects, id, after, path, why));
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        if is_retained(before, policy) && !is_retained(after, policy) {
            note(policy, "the next removal or replacement deletes the data");
        }
    }
    let (old, new) = (&before["Properties"], &after["Properties"]);
    let switched_off = |path: &[&str]| is_on(path, old) && !is_on(path, new);
    if switched_off(&["DeletionProtectionEnabled"]) || is_active(old) && !is_active(new) {
        note("Properties", "deletion protection goes");
    }
    if switched_off(&["PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"]) {
        note("Properties.PointInTimeRecoverySpecification", "earlier states can no longer be restored");
    }
    if switched_off(&["SSESpecification", "SSEEnabled"]) {
        note("Properties.SSESpecification", "the table's own encryption key goes");
    }
    for encryption in ["StreamEncryption", "BucketEncryption"] {
        if old.get(encryption).is_some() && new.get(encryption).is_none() {
            note(&format!("Properties.{encryption}"), "the encryption that was asked for goes");
        }
    }
    found
}

/// The attribute by which a table's items expire.
fn expiry(properties: &Value) -> Option<String> {
    let specification = &properties["TimeToLiveSpecification"];
    let is_enabled = alike(&specification["Enabled"], &Value::Bool(true));
    is_enabled.then(|| specification["AttributeName"].as_str().unwrap_or_default().to_owned())
}

fn expirations(lifecycle: &Value) -> Vec<u64> {
    let rules = lifecycle["Rules"].as_array().into_iter().flatten();
    rules.filter_map(|rule| number(&rule["ExpirationInDays"])).collect()
}

/// A user pool says `ACTIVE` where a table says `true`.
fn is_active(properties: &Value) -> bool {
    properties["DeletionProtection"] == "ACTIVE"
}

fn is_on(path: &[&str], properties: &Value) -> bool {
    let value = path.iter().fold(properties, |value, key| &value[key]);
    alike(value, &Value::Bool(true))
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
