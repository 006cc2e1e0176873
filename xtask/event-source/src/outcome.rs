//! What a function's answer says about the batch it was given.
//!
//! Invariant: an answer that cannot be understood is a failure of the whole batch, never a success.

use serde_json::Value;

use crate::record::SharedRecord;
use crate::services::{Answer, Invocation};

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BatchOutcome {
    /// The function did not run: throttled, absent or unreachable.
    NotRun,
    /// Every record is processed.
    Success,
    /// The records before this one are processed, it and what follows are to be sent again.
    FailedFrom(usize),
}

impl BatchOutcome {
    /// The outcome of an answer. Without `reports_items` (`ReportBatchItemFailures`) what the function returned counts
    /// for nothing.
    pub(crate) fn from_answer(answer: &Answer, records: &[SharedRecord], reports_items: bool) -> Self {
        match answer {
            Answer::NotRun(_) => Self::NotRun,
            Answer::Ran(Invocation { function_error: Some(_), .. }) => Self::FailedFrom(0),
            Answer::Ran(_) if !reports_items => Self::Success,
            Answer::Ran(invocation) => Self::from_response(&invocation.response, records),
        }
    }

    fn from_response(response: &[u8], records: &[SharedRecord]) -> Self {
        if response.is_empty() {
            return Self::Success;
        }
        let failures = match serde_json::from_slice(response) {
            Ok(Value::Null) => return Self::Success,
            Ok(Value::String(text)) if text.is_empty() => return Self::Success,
            Ok(Value::Object(mut response)) => response.remove("batchItemFailures").unwrap_or_default(),
            _ => return Self::FailedFrom(0),
        };
        match failures {
            Value::Null => Self::Success,
            Value::Array(failures) => {
                let places = failures.iter().map(|failure| place(failure, records));
                // A failure that names no record of the batch makes the whole batch fail: that is place 0.
                places.map(Option::unwrap_or_default).min().map_or(Self::Success, Self::FailedFrom)
            }
            _ => Self::FailedFrom(0),
        }
    }
}

fn place(failure: &Value, records: &[SharedRecord]) -> Option<usize> {
    let identifier = failure.get("itemIdentifier")?.as_str()?;
    records.iter().position(|record| record.sequence_number.as_str() == identifier)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::record::Record;
    use crate::sequence::SequenceNumber;
    use crate::services::ServiceError;

    const NUMBERS: [&str; 4] = ["8", "9", "10", "11"];

    fn outcome_of(response: &str) -> BatchOutcome {
        let records = NUMBERS.map(|number| {
            let sequence_number = SequenceNumber::new(number);
            Arc::new(Record {
                sequence_number,
                partition_key: "k".into(),
                data: vec![],
                arrived_at: Timestamp::UNIX_EPOCH,
            })
        });
        BatchOutcome::from_answer(&Answer::Ran(Invocation::returning(response)), &records, true)
    }

    #[test]
    fn null_empty_and_no_failures_are_success() {
        let responses = [
            "",
            "null",
            "\"\"",
            "{}",
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[]}"#,
            r#"{"ok":true}"#,
        ];
        for response in responses {
            assert_eq!(outcome_of(response), BatchOutcome::Success, "{response}");
        }
    }

    #[test]
    fn the_lowest_reported_record_counts() {
        let response =
            r#"{"batchItemFailures":[{"itemIdentifier":"11"},{"itemIdentifier":"9"},{"itemIdentifier":"10"}]}"#;
        assert_eq!(outcome_of(response), BatchOutcome::FailedFrom(1));
    }

    #[test]
    fn an_identifier_that_names_no_record_fails_the_batch() {
        let identifiers = [
            r#"{"itemIdentifier":""}"#,
            r#"{"itemIdentifier":null}"#,
            r#"{"id":"9"}"#,
            r#"{"itemIdentifier":"7"}"#,
            "9",
        ];
        for identifier in identifiers {
            let response = format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"10"}},{identifier}]}}"#);
            assert_eq!(outcome_of(&response), BatchOutcome::FailedFrom(0), "{identifier}");
        }
    }

    #[test]
    fn what_is_no_answer_fails_the_batch() {
        for response in ["done", "[]", "7", "\"done\"", r#"{"batchItemFailures":"9"}"#] {
            assert_eq!(outcome_of(response), BatchOutcome::FailedFrom(0), "{response}");
        }
    }

    #[test]
    fn a_function_error_fails_the_batch_whatever_was_returned() {
        let mut invocation = Invocation::returning("{}");
        invocation.function_error = Some("Unhandled".into());
        assert_eq!(BatchOutcome::from_answer(&Answer::Ran(invocation), &[], true), BatchOutcome::FailedFrom(0));
    }

    #[test]
    fn without_reporting_the_response_is_ignored() {
        let answer = Answer::Ran(Invocation::returning(r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#));
        assert_eq!(BatchOutcome::from_answer(&answer, &[], false), BatchOutcome::Success);
    }

    #[test]
    fn a_throttled_function_has_no_outcome() {
        assert_eq!(
            BatchOutcome::from_answer(&Answer::NotRun(ServiceError::Refused("throttled".into())), &[], true),
            BatchOutcome::NotRun
        );
    }
}
