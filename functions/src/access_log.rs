//! The gateway's access log, as the aggregator reads it: what was answered to the calls of a minute.
//!
//! Invariant: reading takes no more requests than a run may spend, because an account has five a second for everybody who
//! asks (CloudWatch Logs quotas, "FilterLogEvents"); what was not read is not known, and changes no count.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use metering::answer::Answers;
use metering::window::Minute;
use serde::Deserialize;
use serde_json::json;

use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// The operation with the version of its API (CloudWatch Logs API reference, "FilterLogEvents").
const TARGET: &str = "Logs_20140328.FilterLogEvents";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// Requests of a run: a tenth of what five a second allow in the minute between two runs, and a page holds 1 MB.
const REQUESTS_OF_A_RUN: u32 = 40;
/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait when others have asked too much, and how often.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSES: u32 = 4;
/// A line is of the instant of its answer, which comes no later than this after the call (API Gateway quotas,
/// "Integration timeout"; an account may have it raised, and then knows less).
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// An access log.
#[derive(Clone, Debug)]
pub struct AccessLog {
    service: Service,
    url: String,
    group: String,
}

/// What a run may still spend.
#[derive(Debug)]
pub struct Budget {
    requests: u32,
    pauses: u32,
}

/// A log that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AccessLogError {
    /// The service refused, or said nothing.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// An answer of another form than the API's.
    #[error("the access log's answer cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// A page of the log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<Line>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    message: String,
}

impl Default for Budget {
    fn default() -> Self {
        Self { requests: REQUESTS_OF_A_RUN, pauses: PAUSES }
    }
}

impl Budget {
    /// Takes a request out of it, if there is one left.
    const fn spend(&mut self) -> bool {
        let left = self.requests > 0;
        self.requests = self.requests.saturating_sub(1);
        left
    }
}

impl AccessLog {
    /// The log of a log group, at that address or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials, group: String) -> Self {
        let service = Service::new("logs", region, credentials, PayloadChecksumKind::NoHeader);
        Self { url: service.root(endpoint_url), service, group }
    }

    /// What the log says of a minute, as far as the budget goes.
    pub async fn answers(&self, minute: Minute, budget: &mut Budget) -> Answers {
        let mut answers = Answers::default();
        let mut token = None;
        while budget.spend() {
            let page = match self.page(minute, token.as_deref()).await {
                Ok(page) => page,
                Err(AccessLogError::Request(error)) if error.is_throttled() && budget.pauses > 0 => {
                    budget.pauses -= 1;
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(cause) => {
                    tracing::warn!(%minute, %cause, "answers of a minute are not known");
                    return answers;
                }
            };
            page.events.iter().for_each(|line| answers.add_line(minute, &line.message));
            token = page.next_token;
            if token.is_none() {
                return answers;
            }
        }
        tracing::warn!(%minute, requests = REQUESTS_OF_A_RUN, "answers of a minute are known in part: too many requests");
        answers
    }

    async fn page(&self, minute: Minute, token: Option<&str>) -> Result<Page, AccessLogError> {
        let last = minute.end().as_millisecond().saturating_add_unsigned(LONGEST_CALL.as_millis() as u64);
        let mut body = json!({
            "logGroupName": self.group, "startTime": minute.start().as_millisecond(), "endTime": last,
        });
        if let Some(token) = token {
            body["nextToken"] = token.into();
        }
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", TARGET)];
        let operation = format!("FilterLogEvents of {}", self.group);
        let ask = Ask { operation: &operation, method: "POST", url: &self.url, headers: &headers, patience: PATIENCE };
        Ok(serde_json::from_slice(&self.service.ask(ask, body.to_string().into_bytes()).await?)?)
    }
}

#[cfg(test)]
mod tests;
