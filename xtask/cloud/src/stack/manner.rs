//! How a change set is carried out beyond what it changes: express, and with what was changed by hand taken back.
//!
//! Invariant: an endpoint that does not have it goes on without it, and the user is told.

use aws_sdk_cloudformation::operation::create_change_set::builders::CreateChangeSetFluentBuilder;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{ChangeSetType, DeploymentConfig, DeploymentConfigMode, DeploymentMode};

use crate::console::observer::Observer;

/// How CloudFormation is to carry a change set out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Without waiting until resources are ready to serve.
    pub express: bool,
    /// Resources that were changed by hand become what the template says.
    pub revert_drift: bool,
}

impl Manner {
    /// Asks for it.
    pub fn ask(self, kind: &ChangeSetType, create: CreateChangeSetFluentBuilder) -> CreateChangeSetFluentBuilder {
        let mut create = create;
        if self.express {
            // Express mode leaves failures where they are unless it is told otherwise.
            let config = DeploymentConfig::builder().mode(DeploymentConfigMode::Express).disable_rollback(false);
            create = create.deployment_config(config.build());
        }
        // What is made has not been changed by anybody.
        if self.revert_drift && *kind == ChangeSetType::Update {
            create = create.deployment_mode(DeploymentMode::RevertDrift);
        }
        create
    }

    /// Says what of it the endpoint does not have: one that does repeats it.
    pub fn compare(self, answer: &DescribeChangeSetOutput, observer: &dyn Observer) {
        let name = answer.stack_name().unwrap_or_default();
        let is_express = answer.deployment_config().and_then(|config| config.mode()).is_some();
        if self.express && !is_express {
            observer.note(&format!("{name}: this endpoint has no express mode, going on without it"));
        }
        if self.revert_drift && answer.deployment_mode().is_none() {
            observer.note(&format!(
                "{name}: this endpoint takes nothing back that was changed by hand, going on without it"
            ));
        }
    }
}
