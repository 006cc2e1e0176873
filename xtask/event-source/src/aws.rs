//! The world as it is: mappings and functions in Lambda, streams in Kinesis, buckets in S3.
//!
//! Invariant: only public APIs that AWS has too, so that any target will do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::types::ShardIteratorType;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Config, StalledStreamProtectionConfig};
use aws_sdk_lambda::operation::RequestId as _;
use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;

use crate::mapping::Mapping;
use crate::record::Record;
use crate::sequence::SequenceNumber;
use crate::services::{
    Answer, Destinations, Functions, Invocation, Listed, Mappings, Page, Position, ServiceError, Shard, StreamState,
    Streams,
};

/// Longer than any function may run (Lambda quotas: 15 minutes).
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(16 * 60);

/// The clients of the services that the runner uses.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Lists mappings and invokes functions.
    pub lambda: aws_sdk_lambda::Client,
    /// Reads streams.
    pub kinesis: aws_sdk_kinesis::Client,
    /// Keeps what is discarded.
    pub s3: aws_sdk_s3::Client,
}

/// The world as it is.
#[derive(Debug)]
pub(crate) struct Aws {
    clients: Clients,
    /// The role of each function, which does not change while the function is there.
    roles: Mutex<BTreeMap<String, String>>,
}

impl Aws {
    /// The world that these clients reach.
    pub(crate) fn new(clients: Clients) -> Self {
        Self { clients, roles: Mutex::default() }
    }

    /// The role of a function; nothing where the function is not there.
    async fn role(&self, function: &str) -> Result<String, ServiceError> {
        let known = self.roles.lock().unwrap_or_else(PoisonError::into_inner).get(function).cloned();
        if let Some(role) = known {
            return Ok(role);
        }
        let request = self.clients.lambda.get_function_configuration().function_name(function);
        let role = match request.send().await.map_err(service_error) {
            Ok(configuration) => configuration.role.unwrap_or_default(),
            Err(ServiceError::Gone(_)) => return Ok(String::new()),
            Err(other) => return Err(other),
        };
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).insert(function.into(), role.clone());
        Ok(role)
    }
}

impl Mappings for Aws {
    async fn mappings(&self) -> Result<Vec<Listed>, ServiceError> {
        let mut pages = self.clients.lambda.list_event_source_mappings().into_paginator().items().send();
        let mut listed = Vec::new();
        while let Some(mapping) = pages.next().await {
            let mapping = mapping.map_err(service_error)?;
            if !mapping.event_source_arn().is_some_and(|source| source.contains(":kinesis:")) {
                continue;
            }
            let role = self.role(mapping.function_arn().unwrap_or_default()).await?;
            listed.push(Listed {
                uuid: mapping.uuid().unwrap_or_default().to_owned(),
                mapping: Mapping::of(&mapping, &role),
                last_processing_result: mapping.last_processing_result().unwrap_or_default().to_owned(),
            });
        }
        Ok(listed)
    }
}

impl Streams for Aws {
    async fn stream(&self, stream: &str) -> Result<StreamState, ServiceError> {
        let kinesis = &self.clients.kinesis;
        let summary = kinesis.describe_stream_summary().stream_arn(stream).send().await.map_err(service_error)?;
        let hours = summary.stream_description_summary().map_or(24, |summary| summary.retention_period_hours());
        let retention = Duration::from_secs(u64::try_from(hours).unwrap_or(24) * 3_600);
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            // A token stands for the stream: both together are refused.
            let arn = token.is_none().then(|| stream.to_owned());
            let request = kinesis.list_shards().set_stream_arn(arn).set_next_token(token);
            let page = request.send().await.map_err(service_error)?;
            shards.extend(page.shards().iter().map(|shard| {
                Shard {
                    id: shard.shard_id().to_owned(),
                    parents: [shard.parent_shard_id(), shard.adjacent_parent_shard_id()]
                        .into_iter()
                        .flatten()
                        .map(str::to_owned)
                        .collect(),
                }
            }));
            token = page.next_token;
            if token.is_none() {
                return Ok(StreamState { shards, retention });
            }
        }
    }

    /// Asks for a new iterator with each read. Iterators expire, and those of local targets are bare offsets: they skip
    /// records once older ones are forgotten or the shard is made anew under its id.
    async fn read(&self, stream: &str, shard: &str, from: &Position) -> Result<Page, ServiceError> {
        let request = self.clients.kinesis.get_shard_iterator().stream_arn(stream).shard_id(shard);
        let request = match from {
            Position::TrimHorizon => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Position::After(number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(number.as_str()),
        };
        let iterator = request.send().await.map_err(service_error)?.shard_iterator;
        let request = self.clients.kinesis.get_records().stream_arn(stream).set_shard_iterator(iterator);
        let page = request.send().await.map_err(service_error)?;
        let closed = page.next_shard_iterator.is_none();
        Ok(Page {
            at_tip: closed || page.millis_behind_latest.unwrap_or_default() == 0,
            closed,
            records: page.records.into_iter().map(record).collect(),
        })
    }
}

impl Functions for Aws {
    async fn invoke(&self, function: &str, event: String) -> Answer {
        // A retry by the client would go past the mapping's own rules, and its time-outs know nothing of functions.
        let config = Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(INVOCATION_TIMEOUT).build())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let request = self.clients.lambda.invoke().function_name(function).payload(Blob::new(event));
        match request.customize().config_override(config).send().await {
            Ok(output) => Answer::Ran(Invocation {
                request_id: output.request_id().unwrap_or_default().to_owned(),
                status_code: output.status_code,
                executed_version: output.executed_version.unwrap_or_else(|| "$LATEST".into()),
                function_error: output.function_error,
                response: output.payload.map(Blob::into_inner).unwrap_or_default(),
            }),
            // What is too large stays too large: it must be split or given up, not tried for ever.
            Err(error) if error.code() == Some("RequestTooLargeException") => {
                Answer::Ran(Invocation { function_error: Some("RequestTooLarge".into()), ..Invocation::default() })
            }
            Err(error) => Answer::NotRun(service_error(error)),
        }
    }
}

impl Destinations for Aws {
    async fn keep(&self, bucket: &str, key: &str, document: String) -> Result<(), ServiceError> {
        let request = self.clients.s3.put_object().bucket(bucket).key(key).content_type("application/json");
        request.body(document.into_bytes().into()).send().await.map(drop).map_err(service_error)
    }
}

fn record(record: aws_sdk_kinesis::types::Record) -> Record {
    let arrived_at = record.approximate_arrival_timestamp.and_then(|instant| instant.to_millis().ok());
    Record {
        sequence_number: SequenceNumber::new(record.sequence_number),
        partition_key: record.partition_key.unwrap_or_default(),
        data: record.data.into_inner(),
        arrived_at: arrived_at
            .and_then(|millis| Timestamp::from_millisecond(millis).ok())
            .unwrap_or_else(Timestamp::now),
    }
}

fn service_error<E, R>(error: SdkError<E, R>) -> ServiceError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match &error {
        SdkError::ServiceError(service) => {
            let error = service.err();
            let code = error.code().unwrap_or("an error without a code");
            let text = format!("{code}: {}", error.message().unwrap_or_default());
            if code == "ResourceNotFoundException" { ServiceError::Gone(text) } else { ServiceError::Refused(text) }
        }
        SdkError::ConstructionFailure(_) => ServiceError::Refused(DisplayErrorContext(&error).to_string()),
        _ => ServiceError::Unreachable(short(&DisplayErrorContext(&error).to_string())),
    }
}

/// The first line without the debug rendering that the SDK puts behind it.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or(text);
    line.split(" (").next().unwrap_or(line).trim_end().to_owned()
}
