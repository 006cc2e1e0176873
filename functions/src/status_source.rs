//! How it is known what calls were answered: the aggregator reads the access log, or a subscription sends it.
//!
//! Invariant: either way a minute's answers are those of its lines, each once; what is not there is not known, and changes
//! no count.

use aws_lambda_events::cloudwatch_logs::LogsEvent;
use metering::answer::Answers;
use metering::window::Minute;
use serde_json::Value;
use store::answer_lines::{AnswerLines, Line};

use crate::access_log::{AccessLog, Budget};

/// What CloudWatch Logs calls a delivery that has lines; others only try whether somebody is there (CloudWatch Logs User
/// Guide, "Log group-level subscription filters").
const DATA: &str = "DATA_MESSAGE";
/// The field of an event by which a delivery is told.
const DELIVERY: &str = "awslogs";

/// Where the answers to calls come from.
#[derive(Clone, Debug)]
pub enum StatusSource {
    /// From the log itself, minute by minute.
    Poll(AccessLog),
    /// From lines that were delivered.
    Subscription(AnswerLines),
}

impl StatusSource {
    /// What is known of the answers to a minute's calls.
    pub async fn answers(&self, minute: Minute, budget: &mut Budget) -> Answers {
        match self {
            Self::Poll(log) => log.answers(minute, budget).await,
            Self::Subscription(lines) => lines.answers(minute).await.unwrap_or_else(|cause| {
                tracing::warn!(%minute, %cause, "answers of a minute are not known");
                Answers::default()
            }),
        }
    }
}

/// The lines that an event delivers, if it is a delivery.
///
/// # Errors
/// When it is one that cannot be read.
pub fn delivered(event: &Value) -> Result<Option<Vec<Line>>, serde_json::Error> {
    if event.get(DELIVERY).is_none() {
        return Ok(None);
    }
    // It is read from a text alone.
    let LogsEvent { aws_logs, .. } = serde_json::from_str(&event.to_string())?;
    let lines = Some(aws_logs.data).filter(|data| data.message_type == DATA).map(|data| data.log_events);
    Ok(Some(lines.into_iter().flatten().map(|line| (line.id, line.message)).collect()))
}
