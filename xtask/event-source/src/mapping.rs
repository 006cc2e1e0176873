//! A mapping's settings, with AWS's defaults and limits.
//!
//! Invariant: a setting that the runner does not follow refuses the mapping, it is never passed over.

use std::ops::RangeInclusive;
use std::time::Duration;

use aws_sdk_lambda::types::{EventSourceMappingConfiguration, EventSourcePosition, FunctionResponseType};

/// A mapping from a stream to a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    /// The function's ARN.
    pub(crate) function: String,
    /// The ARN of the role that the function runs as.
    pub(crate) role: String,
    /// The stream's ARN.
    pub(crate) stream: String,
    /// How batches are cut, retried and given up.
    pub(crate) rules: Rules,
    /// The bucket that keeps what is given up.
    pub(crate) on_failure: Option<String>,
}

/// How batches are cut, retried and given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Records in a batch at most.
    pub(crate) batch_size: usize,
    /// How long a batch waits for more records.
    pub(crate) window: Duration,
    /// Batches of a shard under way at once.
    pub(crate) lanes: usize,
    /// How often a failed batch is tried again.
    pub(crate) retries: Retries,
    /// Whether a failed batch is split in two.
    pub(crate) bisect: bool,
    /// Whether the function says which records failed.
    pub(crate) reports_items: bool,
}

/// How often a failed batch is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retries {
    /// Until the stream forgets its records.
    UntilExpiry,
    /// So often after the first time.
    AtMost(u32),
}

/// Why a mapping cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Something that AWS always says is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A number that AWS does not take.
    #[error("its {0} is {1}, which AWS does not take")]
    OutOfRange(&'static str, i32),
    /// Something that the runner does not do.
    #[error("its {0} is not supported here")]
    Unsupported(String),
}

impl Mapping {
    /// The mapping that Lambda listed, of a function that runs as `role`.
    ///
    /// # Errors
    /// When it is incomplete, out of AWS's limits, or asks for what the runner does not do.
    pub(crate) fn of(listed: &EventSourceMappingConfiguration, role: &str) -> Result<Self, Refusal> {
        only_what_is_done_here(listed)?;
        Ok(Self {
            uuid: text("UUID", listed.uuid())?,
            function: text("FunctionArn", listed.function_arn())?,
            role: role.to_owned(),
            stream: text("EventSourceArn", listed.event_source_arn())?,
            rules: Rules::of(listed)?,
            on_failure: on_failure(listed)?,
        })
    }

    /// The function's name, without account, region and qualifier.
    pub(crate) fn function_name(&self) -> &str {
        let name = self.function.split_once(":function:").map_or(self.function.as_str(), |(_, name)| name);
        name.split(':').next().unwrap_or(name)
    }

    /// The stream's name.
    pub(crate) fn stream_name(&self) -> &str {
        self.stream.rsplit('/').next().unwrap_or(&self.stream)
    }
}

impl Rules {
    fn of(listed: &EventSourceMappingConfiguration) -> Result<Self, Refusal> {
        let batch_size = within("BatchSize", listed.batch_size(), 100, 1..=10_000)?;
        let window = within("MaximumBatchingWindowInSeconds", listed.maximum_batching_window_in_seconds(), 0, 0..=300)?;
        let lanes = within("ParallelizationFactor", listed.parallelization_factor(), 1, 1..=10)?;
        let retries = within("MaximumRetryAttempts", listed.maximum_retry_attempts(), -1, -1..=10_000)?;
        let reports = |kind: &FunctionResponseType| *kind == FunctionResponseType::ReportBatchItemFailures;
        Ok(Self {
            batch_size: usize::try_from(batch_size).unwrap_or(1),
            window: Duration::from_secs(u64::try_from(window).unwrap_or(0)),
            lanes: usize::try_from(lanes).unwrap_or(1),
            retries: u32::try_from(retries).map_or(Retries::UntilExpiry, Retries::AtMost),
            bisect: listed.bisect_batch_on_function_error().unwrap_or(false),
            reports_items: listed.function_response_types().iter().any(reports),
        })
    }
}

/// Refuses what the runner does not do. Every mapping of ours begins at the oldest record and gives none up for its age.
fn only_what_is_done_here(listed: &EventSourceMappingConfiguration) -> Result<(), Refusal> {
    let unsupported = |setting: &str| Err(Refusal::Unsupported(setting.to_owned()));
    match listed.starting_position() {
        Some(EventSourcePosition::TrimHorizon) => {}
        Some(other) => return unsupported(&format!("StartingPosition {other}")),
        None => return Err(Refusal::Missing("StartingPosition")),
    }
    if listed.filter_criteria().is_some_and(|criteria| !criteria.filters().is_empty()) {
        return unsupported("FilterCriteria");
    }
    if listed.tumbling_window_in_seconds().unwrap_or_default() != 0 {
        return unsupported("TumblingWindowInSeconds");
    }
    if listed.maximum_record_age_in_seconds().is_some_and(|seconds| seconds != -1) {
        return unsupported("MaximumRecordAgeInSeconds");
    }
    Ok(())
}

fn on_failure(listed: &EventSourceMappingConfiguration) -> Result<Option<String>, Refusal> {
    let destination = listed.destination_config().and_then(|config| config.on_failure());
    let Some(arn) = destination.and_then(|on_failure| on_failure.destination()).filter(|arn| !arn.is_empty()) else {
        return Ok(None);
    };
    // Only a bucket keeps the records themselves: a queue or a topic gets numbers, which the stream soon forgets.
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "s3", "", "", bucket] => Ok(Some(bucket.to_owned())),
        _ => Err(Refusal::Unsupported(format!("on-failure destination {arn} (only S3 buckets are)"))),
    }
}

fn text(name: &'static str, value: Option<&str>) -> Result<String, Refusal> {
    value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or(Refusal::Missing(name))
}

fn within(name: &'static str, value: Option<i32>, default: i32, range: RangeInclusive<i32>) -> Result<i32, Refusal> {
    let value = value.unwrap_or(default);
    if range.contains(&value) { Ok(value) } else { Err(Refusal::OutOfRange(name, value)) }
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::builders::EventSourceMappingConfigurationBuilder;
    use aws_sdk_lambda::types::{DestinationConfig, OnFailure};

    use super::*;

    const ROLE: &str = "arn:aws:iam::000000000000:role/processor";

    fn listed() -> EventSourceMappingConfigurationBuilder {
        EventSourceMappingConfiguration::builder()
            .uuid("u")
            .function_arn("arn:aws:lambda:ap-south-1:000000000000:function:processor:live")
            .event_source_arn("arn:aws:kinesis:ap-south-1:000000000000:stream/events")
            .starting_position(EventSourcePosition::TrimHorizon)
    }

    fn kept_in(arn: &str) -> Result<Mapping, Refusal> {
        let on_failure = OnFailure::builder().destination(arn).build();
        Mapping::of(
            &listed().destination_config(DestinationConfig::builder().on_failure(on_failure).build()).build(),
            ROLE,
        )
    }

    #[test]
    fn what_is_not_set_is_as_on_aws() {
        let mapping = Mapping::of(&listed().build(), ROLE).unwrap();
        let rules = Rules {
            batch_size: 100,
            window: Duration::ZERO,
            lanes: 1,
            retries: Retries::UntilExpiry,
            bisect: false,
            reports_items: false,
        };
        assert_eq!((mapping.rules.clone(), mapping.on_failure.clone()), (rules, None));
        assert_eq!((mapping.function_name(), mapping.stream_name()), ("processor", "events"));
    }

    #[test]
    fn what_is_set_is_followed() {
        let listed = listed()
            .batch_size(500)
            .maximum_batching_window_in_seconds(2)
            .parallelization_factor(10)
            .maximum_retry_attempts(0)
            .bisect_batch_on_function_error(true)
            .function_response_types(FunctionResponseType::ReportBatchItemFailures);
        let rules = Mapping::of(&listed.build(), ROLE).unwrap().rules;
        assert_eq!((rules.batch_size, rules.window, rules.lanes), (500, Duration::from_secs(2), 10));
        assert_eq!(rules.retries, Retries::AtMost(0));
        assert!(rules.bisect && rules.reports_items);
    }

    #[test]
    fn what_aws_does_not_take_is_refused() {
        let refused = Mapping::of(&listed().batch_size(0).build(), ROLE);
        assert_eq!(refused, Err(Refusal::OutOfRange("BatchSize", 0)));
        let refused = Mapping::of(&listed().maximum_retry_attempts(-2).build(), ROLE);
        assert_eq!(refused, Err(Refusal::OutOfRange("MaximumRetryAttempts", -2)));
    }

    #[test]
    fn what_is_not_done_here_is_refused() {
        assert_eq!(kept_in("arn:aws:s3:::kept").unwrap().on_failure.as_deref(), Some("kept"));
        let refused = kept_in("arn:aws:sqs:ap-south-1:000000000000:queue").unwrap_err().to_string();
        assert!(refused.contains("only S3 buckets"), "{refused}");
        let others = [
            (listed().tumbling_window_in_seconds(1), "TumblingWindowInSeconds"),
            (listed().maximum_record_age_in_seconds(60), "MaximumRecordAgeInSeconds"),
            (listed().starting_position(EventSourcePosition::Latest), "StartingPosition LATEST"),
            (listed().starting_position(EventSourcePosition::AtTimestamp), "StartingPosition AT_TIMESTAMP"),
        ];
        for (other, setting) in others {
            assert_eq!(Mapping::of(&other.build(), ROLE), Err(Refusal::Unsupported(setting.into())));
        }
        let unlimited = listed().maximum_record_age_in_seconds(-1).build();
        assert!(Mapping::of(&unlimited, ROLE).is_ok(), "as AWS lists what is not set");
    }
}
