//! Whether the account has room for what the templates ask: shards, on-demand streams, reserved executions.
//!
//! Invariant: only what is missing beyond what is deployed already counts.

use anyhow::Result;
use cloudformation::resource_type;
use serde_json::Value;
use stacks::Stack;
use xtask::Failure;

use super::PreflightFinding;
use cloud::Connection;
use cloud::aws::error::{failed_to, found, is_missing};
use cloud::stack::read;

/// What Lambda keeps for functions that reserve nothing, unless the account has less in all (Lambda's developer guide,
/// "Configuring reserved concurrency").
const KEPT_EXECUTIONS: i64 = 100;

/// A stream as it is declared or deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeclaredCapacity {
    OnDemand,
    Shards(i64),
}

/// What the account allows, and has in use.
#[derive(Clone, Copy, Debug)]
struct Limits {
    shards: i64,
    open_shards: i64,
    on_demand: i64,
    on_demand_in_use: i64,
}

/// The stream's shards. CloudFormation changes them only where its template does, and never those of a stream that it
/// takes over: whatever the scaler has made of them since is no concern of a deploy.
pub async fn shards(connection: &Connection, declared: &[(&Stack, Value)]) -> Vec<PreflightFinding> {
    match missing_shards(connection, declared).await {
        Ok(problem) => problem.map(PreflightFinding::Problem).into_iter().collect(),
        Err(error) => vec![PreflightFinding::not_checked(&error)],
    }
}

async fn missing_shards(connection: &Connection, declared: &[(&Stack, Value)]) -> Result<Option<Failure>> {
    let stream = declared.iter().find_map(|(stack, template)| Some((stack.name(), stream(template)?)));
    let Some((stack, stream)) = stream else { return Ok(None) };
    let name = stream["Name"].as_str().unwrap_or_default();
    let wanted = DeclaredCapacity::of(stream);
    let deployed = deployed_capacity(connection, name).await?;
    if deployed.is_some() {
        let before = read::deployed(connection, stack).await?;
        let before = before.as_ref().and_then(self::stream).map(DeclaredCapacity::of);
        if before.is_none_or(|before| before == wanted) {
            return Ok(None);
        }
    }
    Ok(too_many_shards(name, wanted, deployed, limits(connection).await?))
}

async fn deployed_capacity(connection: &Connection, name: &str) -> Result<Option<DeclaredCapacity>> {
    let asked = connection.kinesis().describe_stream_summary().stream_name(name).send().await;
    let summary = found(asked, format!("look at {name}"))?.and_then(|answer| answer.stream_description_summary);
    Ok(summary.map(|summary| {
        let mode = summary.stream_mode_details().map(|details| details.stream_mode().as_str());
        if mode == Some("ON_DEMAND") {
            DeclaredCapacity::OnDemand
        } else {
            DeclaredCapacity::Shards(summary.open_shard_count().into())
        }
    }))
}

async fn limits(connection: &Connection) -> Result<Limits> {
    let asked = connection.kinesis().describe_limits().send().await;
    let limits = asked.map_err(failed_to("look at the account's quota of shards"))?;
    Ok(Limits {
        shards: limits.shard_limit().into(),
        open_shards: limits.open_shard_count().into(),
        on_demand: limits.on_demand_stream_count_limit().into(),
        on_demand_in_use: limits.on_demand_stream_count().into(),
    })
}

impl DeclaredCapacity {
    /// What the properties of a stream say.
    fn of(stream: &Value) -> Self {
        stream["ShardCount"].as_i64().map_or(Self::OnDemand, Self::Shards)
    }
}

/// The properties of a template's stream.
fn stream(template: &Value) -> Option<&Value> {
    let mut resources = template["Resources"].as_object()?.values();
    Some(&resources.find(|resource| resource["Type"] == resource_type::STREAM)?["Properties"])
}

fn too_many_shards(
    name: &str,
    wanted: DeclaredCapacity,
    deployed: Option<DeclaredCapacity>,
    limits: Limits,
) -> Option<Failure> {
    let quota = "ask for more under Service Quotas, or ask for less in stacks/environments";
    match (wanted, deployed) {
        // Kinesis doubles or halves at most (UpdateShardCount).
        (DeclaredCapacity::Shards(wanted), Some(DeclaredCapacity::Shards(now)))
            if wanted > now * 2 || wanted * 2 < now =>
        {
            let step = if wanted > now { now * 2 } else { (now + 1) / 2 };
            Some(
                Failure::new(format!("{name} has {now} shards and cannot have {wanted} in one step"))
                    .hint(format!("go there in steps: cargo xtask scale --shards {step}")),
            )
        }
        (DeclaredCapacity::Shards(wanted), _) => {
            let now = if let Some(DeclaredCapacity::Shards(now)) = deployed { now } else { 0 };
            let (needed, left) = (wanted - now, limits.shards - limits.open_shards);
            (needed > left.max(0)).then(|| {
                let all = limits.shards;
                Failure::new(format!("{name} needs {needed} more shards, and the account has {left} left of {all}"))
                    .hint(quota)
            })
        }
        (DeclaredCapacity::OnDemand, Some(DeclaredCapacity::OnDemand)) => None,
        (DeclaredCapacity::OnDemand, _) => (limits.on_demand_in_use >= limits.on_demand).then(|| {
            let all = limits.on_demand;
            Failure::new(format!("{name} would be on-demand, and the account has its {all} such streams already"))
                .hint(quota)
        }),
    }
}

/// The executions that functions reserve.
pub async fn concurrency(connection: &Connection, templates: &[&Value]) -> Vec<PreflightFinding> {
    let client = connection.lambda();
    let mut needed = 0;
    for function in of_type(templates, resource_type::FUNCTION) {
        let Some(wanted) = function["ReservedConcurrentExecutions"].as_i64() else { continue };
        let name = function["FunctionName"].as_str().unwrap_or_default();
        let reserved = match client.get_function_concurrency().function_name(name).send().await {
            Ok(answer) => answer.reserved_concurrent_executions().unwrap_or_default(),
            Err(error) if error.as_service_error().is_some_and(is_missing) => 0,
            Err(error) => {
                return vec![PreflightFinding::not_checked(&failed_to(format!("look at what {name} reserves"))(error))];
            }
        };
        needed += (wanted - i64::from(reserved)).max(0);
    }
    if needed == 0 {
        return Vec::new();
    }
    match client.get_account_settings().send().await {
        Ok(settings) => {
            let limit = settings.account_limit();
            let all = limit.map_or(0, |limit| i64::from(limit.concurrent_executions()));
            let unreserved = limit.and_then(|limit| limit.unreserved_concurrent_executions());
            too_few_executions(needed, all, unreserved.map_or(all, i64::from))
                .map(PreflightFinding::Problem)
                .into_iter()
                .collect()
        }
        Err(error) => {
            vec![PreflightFinding::not_checked(&failed_to("look at the account's quota of executions")(error))]
        }
    }
}

fn too_few_executions(needed: i64, all: i64, unreserved: i64) -> Option<Failure> {
    let left = (unreserved - KEPT_EXECUTIONS.min(all)).max(0);
    (needed > left).then(|| {
        Failure::new(format!("{needed} executions would be reserved, and the account lets {left} of its {all}"))
            .hint("leave `reserved-concurrency` out of stacks/environments, or ask for more under Service Quotas")
    })
}

fn of_type<'a>(templates: &'a [&'a Value], resource_type: &'a str) -> impl Iterator<Item = &'a Value> {
    let resources = templates.iter().filter_map(|template| template["Resources"].as_object()).flatten();
    resources
        .filter(move |(_, resource)| resource["Type"] == resource_type)
        .map(|(_, resource)| &resource["Properties"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use runtime_fixture::fake::{self, Answer};

    const LIMITS: Limits = Limits { shards: 10, open_shards: 8, on_demand: 1, on_demand_in_use: 1 };

    fn problem(wanted: DeclaredCapacity, deployed: Option<DeclaredCapacity>) -> Option<String> {
        too_many_shards("s", wanted, deployed, LIMITS).map(|failure| format!("{failure} {}", failure.hints().concat()))
    }

    #[test]
    fn only_shards_that_are_not_there_yet_count() {
        assert_eq!(problem(DeclaredCapacity::Shards(2), None), None);
        assert_eq!(problem(DeclaredCapacity::Shards(6), Some(DeclaredCapacity::Shards(4))), None);
        let text = problem(DeclaredCapacity::Shards(3), None).unwrap();
        assert!(text.starts_with("s needs 3 more shards, and the account has 2 left of 10"), "{text}");
        assert!(problem(DeclaredCapacity::Shards(3), Some(DeclaredCapacity::OnDemand)).is_some());
    }

    #[test]
    fn a_stream_at_most_doubles_or_halves() {
        assert!(
            problem(DeclaredCapacity::Shards(5), Some(DeclaredCapacity::Shards(2))).unwrap().ends_with("--shards 4")
        );
        assert!(
            problem(DeclaredCapacity::Shards(2), Some(DeclaredCapacity::Shards(7))).unwrap().ends_with("--shards 4")
        );
        assert_eq!(problem(DeclaredCapacity::Shards(4), Some(DeclaredCapacity::Shards(7))), None);
    }

    /// What is found of a template with two shards where the stream has eight and the template before had so many.
    async fn found(before: Option<i64>) -> Vec<String> {
        let template = |shards: i64| {
            json!({"Resources": {"UsageStream": {
                "Type": "AWS::Kinesis::Stream", "Properties": {"Name": "s", "ShardCount": shards}}}})
        };
        let connection = Connection::to_fake(&fake::start(move |operation, _| match (operation, before) {
            ("DescribeStreamSummary", _) => Answer(
                200,
                json!({"StreamDescriptionSummary": {
                "StreamName": "s", "StreamARN": "arn", "StreamStatus": "ACTIVE", "RetentionPeriodHours": 168,
                "StreamModeDetails": {"StreamMode": "PROVISIONED"}, "OpenShardCount": 8,
                "StreamCreationTimestamp": 1_700_000_000.0, "EnhancedMonitoring": []}})
                .to_string(),
            ),
            ("DescribeLimits", _) => Answer(
                200,
                json!({"ShardLimit": 200, "OpenShardCount": 8,
                "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 10})
                .to_string(),
            ),
            ("DescribeStacks", None) => Answer::refusal("ValidationError", "Stack with id S does not exist"),
            ("DescribeStacks", Some(_)) => Answer::query(
                operation,
                "<Stacks><member><StackName>S</StackName>\
                <CreationTime>2026-11-24T10:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus></member></Stacks>",
            ),
            ("GetTemplate", Some(shards)) => {
                Answer::query(operation, &format!("<TemplateBody>{}</TemplateBody>", template(shards)))
            }
            other => panic!("{other:?} was not expected"),
        }));
        let stack = Stack::new("S", "A stream", stacks::Target::Aws);
        let findings = shards(&connection, &[(&stack, template(2))]).await;
        findings.iter().map(|finding| format!("{finding:?}")).collect()
    }

    #[tokio::test]
    async fn what_the_scaler_has_made_of_the_shards_is_no_concern_of_a_deploy() {
        assert_eq!(found(Some(2)).await, [""; 0]);
        assert_eq!(found(None).await, [""; 0], "a stream that is taken over");
        let changed = found(Some(4)).await;
        assert!(changed.len() == 1 && changed[0].contains("has 8 shards and cannot have 2 in one step"), "{changed:?}");
    }

    #[test]
    fn an_on_demand_stream_counts_once() {
        assert_eq!(problem(DeclaredCapacity::OnDemand, Some(DeclaredCapacity::OnDemand)), None);
        assert!(problem(DeclaredCapacity::OnDemand, None).unwrap().contains("has its 1 such streams"));
    }

    #[test]
    fn lambda_keeps_a_hundred_executions_or_all_of_a_young_account() {
        assert!(too_few_executions(8, 1_000, 108).is_none());
        assert!(too_few_executions(9, 1_000, 108).is_some());
        let young = too_few_executions(1, 10, 10).unwrap();
        assert!(young.to_string().ends_with("the account lets 0 of its 10"), "{young}");
    }
}
