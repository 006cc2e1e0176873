//! `AWS::IAM::Role`.
//!
//! Invariant: a role is assumed by one service and carries grants, not policies written by hand.

use serde_json::{Value as Json, json};

use crate::policy::{Grant, document};
use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::value::{Expression, Value, kind};

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Who assumes it.
    pub service: Service,
    /// What it may do.
    pub grants: Vec<Grant>,
}

/// A service of AWS that acts for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Lambda.
    Lambda,
    /// API Gateway.
    ApiGateway,
    /// EventBridge.
    Events,
    /// CloudWatch Logs.
    Logs,
}

/// The role by which API Gateway writes logs, for the whole account.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLogRole;

/// A role that can be referred to.
#[derive(Clone, Debug)]
pub struct RoleHandle {
    arn: Value<kind::RoleArn>,
}

impl Service {
    pub(crate) const fn principal(self) -> &'static str {
        match self {
            Self::Lambda => "lambda.amazonaws.com",
            Self::ApiGateway => "apigateway.amazonaws.com",
            Self::Events => "events.amazonaws.com",
            Self::Logs => "logs.amazonaws.com",
        }
    }

    fn may_assume(self) -> Json {
        document(vec![json!({
            "Effect": "Allow",
            "Principal": {"Service": self.principal()},
            "Action": "sts:AssumeRole",
        })])
    }
}

impl Resource for Role {
    const TYPE: &'static str = "AWS::IAM::Role";
    type Handle = RoleHandle;

    fn properties(&self) -> Properties {
        let Self { service, grants } = self;
        let statements = grants.iter().flat_map(Grant::statements).collect();
        Properties::of(json!({
            "AssumeRolePolicyDocument": service.may_assume(),
            "Policies": [{"PolicyName": "grants", "PolicyDocument": document(statements)}],
        }))
    }

    fn handle(&self, logical_id: &str) -> RoleHandle {
        RoleHandle { arn: Value::attribute(logical_id, "Arn") }
    }

    fn summary(&self) -> String {
        format!("for {}", self.service.principal())
    }
}

impl Resource for GatewayLogRole {
    const TYPE: &'static str = "AWS::IAM::Role";
    type Handle = RoleHandle;

    fn properties(&self) -> Properties {
        let Self = self;
        // API Gateway refuses a role with less than this policy has, so nothing narrower can stand here.
        let policy = Expression::text("arn:")
            .then(&Expression::reference("AWS::Partition"))
            .and(":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs");
        Properties::of(json!({
            "AssumeRolePolicyDocument": Service::ApiGateway.may_assume(),
            "ManagedPolicyArns": [policy],
        }))
    }

    fn handle(&self, logical_id: &str) -> RoleHandle {
        RoleHandle { arn: Value::attribute(logical_id, "Arn") }
    }

    /// The account's one setting names it, and with it the logs of every other API of the account would end.
    fn deletion_policy(&self) -> DeletionPolicy {
        DeletionPolicy::Retain
    }

    fn summary(&self) -> String {
        "lets API Gateway write access logs".into()
    }
}

impl RoleHandle {
    pub const fn arn(&self) -> &Value<kind::RoleArn> {
        &self.arn
    }
}
