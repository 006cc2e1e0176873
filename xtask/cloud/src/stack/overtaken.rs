//! That another deploy was first.
//!
//! Invariant: only CloudFormation's own refusal says so; nothing is locked and nothing is remembered.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::error::failed_to;

/// Somebody else began to change the stack after it was looked at, so it has to be looked at again.
#[derive(Debug, thiserror::Error)]
#[error("another deploy was first")]
pub struct Overtaken;

/// As [`failed_to`], with [`Overtaken`] beneath where that is why.
pub fn overtaken<E>(what: impl AsRef<str>) -> impl FnOnce(SdkError<E, HttpResponse>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| {
        let is_overtaken = match error.code() {
            // The last is said of a stack that was to be made, and that another deploy has made meanwhile.
            Some("InvalidChangeSetStatus" | "ChangeSetNotFound" | "AlreadyExistsException") => true,
            Some("ValidationError") => error.message().is_some_and(|message| {
                message.contains("_IN_PROGRESS state") || message.contains("already exists and cannot be created again")
            }),
            _ => false,
        };
        let failure = failed_to(what)(error);
        if is_overtaken { anyhow::Error::new(Overtaken).context(failure) } else { failure }
    }
}
