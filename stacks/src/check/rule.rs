//! Rules about each resource: of ours, and of the packs that auditors use (their names in brackets: A AwsSolutions,
//! C checkov, G the guard registry, T Control Tower). Most hold by type already; this is what changed types are
//! held to.
//!
//! Not followed, each for a reason: functions in a VPC [C117] (they reach AWS alone, and a gateway to it costs more than
//! they do); a dead-letter queue of the aggregator [C116] (the next minute makes up for a run); keys of our own for data
//! [C119, C158] (no reader is kept out by them); a firewall [A-APIG3] and execution logs [A-APIG6] of the API (throttles
//! and access logs are there; execution logs hold keys); generated names [G] (fixed names are the contract).

use contract::Route;
use contract::route::Access;
use serde_json::Value as Json;

use super::Problem;
use crate::actions::WITHOUT_RESOURCE;
use crate::alarm::{Alarm, One};
use crate::bucket::Bucket;
use crate::function::Function;
use crate::log_group::LogGroup;
use crate::method::{Method, Verb};
use crate::permission::Permission;
use crate::resource::{DeletionPolicy, Resource};
use crate::stack::{Declared, Stack};
use crate::stage::Stage;
use crate::stream::Stream;
use crate::table::Table;
use crate::topic::AlarmKey;
use crate::user_pool::UserPoolClient;

/// Variables of the access log that are a caller's own text ("Variables for access logging for API Gateway").
const OF_CALLERS: [&str; 6] = [
    "$context.path",
    "$context.domainName",
    "$context.domainPrefix",
    "$context.error.message",
    "$context.identity.userAgent",
    "$context.protocol",
];

/// CloudWatch: the data points of an alarm cover a day at most.
const ALARM_SECONDS: u64 = 86_400;

pub(super) fn check(stack: &Stack, problems: &mut Vec<Problem>) {
    for (id, declared) in &stack.resources {
        let properties = declared.properties.json();
        let mut say = |message: String| problems.push(Problem::of(stack, id, message));
        match declared.resource_type.as_str() {
            Function::TYPE => function(stack, properties, &mut say),
            Permission::TYPE if properties["SourceArn"].is_null() => {
                say("whoever the principal acts for may call: name the SourceArn [C364]".into());
            }
            LogGroup::TYPE if properties["RetentionInDays"].is_null() => {
                say("keeps logs for ever: set a retention [C66, G, T CLOUDWATCH.PR.2]".into());
            }
            Alarm::<One>::TYPE => alarm(properties, &mut say),
            Table::TYPE | Stream::TYPE | Bucket::TYPE => data(declared, &mut say),
            Method::TYPE if properties["AuthorizerId"].is_null() && !is_open_on_purpose(id) => {
                say("anybody may call: name an authorizer [A-APIG4, C59]".into());
            }
            Stage::TYPE => stage(properties, &mut say),
            UserPoolClient::TYPE => client(properties, &mut say),
            _ => {}
        }
        // In the policy of a key, `*` is the key itself.
        if declared.resource_type != AlarmKey::TYPE {
            statements(properties, &mut say);
        }
    }
}

fn function(stack: &Stack, properties: &Json, say: &mut impl FnMut(String)) {
    let name = properties["FunctionName"].as_str().unwrap_or_default();
    let log_group = format!("/aws/lambda/{name}");
    let logs = |declared: &Declared| {
        declared.resource_type == LogGroup::TYPE && declared.properties.json()["LogGroupName"] == log_group.as_str()
    };
    if !stack.resources.values().any(logs) {
        say(format!("there is no log group {log_group}: Lambda would make one that keeps logs for ever"));
    }
    for required in ["Timeout", "MemorySize", "Role", "Runtime"] {
        if properties[required].is_null() {
            say(format!("has no {required}"));
        }
    }
    if properties["Runtime"].as_str().is_some_and(|runtime| runtime != "provided.al2023") {
        say(format!("runs on {}: ours is provided.al2023 [A-L1, C363]", properties["Runtime"]));
    }
}

fn alarm(properties: &Json, say: &mut impl FnMut(String)) {
    if properties["AlarmActions"].as_array().is_none_or(Vec::is_empty) {
        say("tells nobody: name an action [G, T CLOUDWATCH.PR.1]".into());
    }
    let of_first = &properties["Metrics"][1]["MetricStat"]["Period"];
    let period = properties["Period"].as_u64().or_else(|| of_first.as_u64()).unwrap_or_default();
    let seconds = period * properties["EvaluationPeriods"].as_u64().unwrap_or_default();
    if seconds > ALARM_SECONDS {
        say(format!("looks at {seconds} s: CloudWatch takes {ALARM_SECONDS}"));
    }
}

fn data(declared: &Declared, say: &mut impl FnMut(String)) {
    let properties = declared.properties.json();
    if declared.deletion_policy != DeletionPolicy::Retain {
        say("holds data and would go with its stack: retain it".into());
    }
    let (encryption, backup) = match declared.resource_type.as_str() {
        Table::TYPE => (
            &properties["SSESpecification"]["SSEEnabled"],
            &properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        ),
        Stream::TYPE => (&properties["StreamEncryption"]["KeyId"], &Json::Bool(true)),
        _ => (
            &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"],
            &properties["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"],
        ),
    };
    if encryption.is_null() || *encryption == Json::Bool(false) {
        say("is not encrypted [A-KDS1, C43, C119]".into());
    }
    if *backup != Json::Bool(true) {
        say("can neither be restored to a point in time [A-DDB3, C28] nor is it closed to the public [A-S2]".into());
    }
}

fn stage(properties: &Json, say: &mut impl FnMut(String)) {
    let settings = &properties["MethodSettings"][0];
    if properties["AccessLogSetting"].is_null() {
        say("logs no calls [A-APIG1, C76]".into());
    }
    let format = properties["AccessLogSetting"]["Format"].as_str().unwrap_or_default();
    for variable in OF_CALLERS.iter().filter(|variable| mentions(format, variable)) {
        say(format!("logs {variable}, in which a caller can end one value and begin another"));
    }
    if settings["ThrottlingRateLimit"].is_null() {
        say("takes any number of calls: set a throttle".into());
    }
    if settings["DataTraceEnabled"] != Json::Bool(false) {
        say("writes keys and tokens to its log: switch the data trace off".into());
    }
}

/// Who may write their own address may read another's figures. Without a list all attributes can be written.
fn client(properties: &Json, say: &mut impl FnMut(String)) {
    let listed = properties["WriteAttributes"].as_array().filter(|listed| !listed.is_empty());
    if listed.is_none_or(|listed| listed.iter().any(|attribute| attribute == "email")) {
        say("lets users write their own email: list the attributes that they may write".into());
    }
}

/// Every statement that allows, wherever a policy is: nothing may be allowed on everything, nor everything on anything
/// [A-IAM5, C107 to C111, G].
fn statements(value: &Json, say: &mut impl FnMut(String)) {
    match value {
        Json::Object(map) if map.get("Effect").is_some_and(|effect| effect == "Allow") => statement(value, say),
        Json::Object(map) => map.values().for_each(|value| statements(value, say)),
        Json::Array(list) => list.iter().for_each(|value| statements(value, say)),
        _ => {}
    }
}

fn statement(statement: &Json, say: &mut impl FnMut(String)) {
    for action in texts(&statement["Action"]) {
        if action.contains('*') {
            say(format!("allows {action}: name each action"));
        }
        if !texts(&statement["Resource"]).any(|resource| resource == "*") {
            continue;
        }
        match WITHOUT_RESOURCE.iter().find(|(known, _)| *known == action) {
            None => say(format!("allows {action} on everything: name the resource")),
            Some((_, Some(key))) if statement["Condition"]["StringEquals"][key].is_null() => {
                say(format!("allows {action} on everything: narrow it by {key}"));
            }
            Some(_) => {}
        }
    }
}

/// Whether a variable is in a format, and not only the beginning of another's name.
fn mentions(format: &str, variable: &str) -> bool {
    let mut rest = format.split(variable).skip(1);
    rest.any(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.'))
}

fn texts(value: &Json) -> impl Iterator<Item = &str> {
    let one = value.as_str().into_iter();
    one.chain(value.as_array().into_iter().flatten().filter_map(Json::as_str))
}

/// Whether a method answers everybody what is no secret: a route that is open, or a browser's question beforehand.
fn is_open_on_purpose(id: &str) -> bool {
    let is_of = |verb: Verb, route: &Route| id == verb.logical_id(route.path());
    Route::ALL
        .iter()
        .any(|route| is_of(Verb::Options, route) || (route.entry().access == Access::Open && is_of(Verb::Get, route)))
}
