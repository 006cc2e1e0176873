//! `AWS::Cognito::UserPool`, its client and its group.
//!
//! Invariant: nobody signs up without an administrator, and nobody changes the address that names them.

use serde_json::json;

use crate::bounded::PasswordLength;
use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::table::Protection;
use crate::value::{Value, kind};

/// A pool of users, who sign in with their e-mail addresses.
#[derive(Clone, Debug)]
pub struct UserPool {
    pub name: String,
    /// How long a password is at least.
    pub password: PasswordLength,
    /// Whether a delete is refused; a protected pool also outlives its stack.
    pub protection: Protection,
}

/// The client by which users sign in.
#[derive(Clone, Debug)]
pub struct UserPoolClient {
    pub name: &'static str,
    pub users: UserPoolHandle,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct UserPoolGroup {
    pub name: &'static str,
    /// What its members may do.
    pub description: &'static str,
    pub users: UserPoolHandle,
}

/// A user pool that can be referred to.
#[derive(Clone, Debug)]
pub struct UserPoolHandle {
    id: Value<kind::UserPoolId>,
    arn: Value<kind::UserPoolArn>,
}

impl Resource for UserPool {
    const TYPE: &'static str = "AWS::Cognito::UserPool";
    type Handle = UserPoolHandle;

    fn properties(&self) -> Properties {
        let Self { name, password, protection } = self;
        let protection = match protection {
            Protection::On => "ACTIVE",
            Protection::Off => "INACTIVE",
        };
        Properties::of(json!({
            "UserPoolName": name,
            "UsernameAttributes": ["email"],
            "AutoVerifiedAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": false},
            // A new address is nobody's until its owner has answered: until then the user keeps the old one.
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true},
            "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": password,
                    "RequireLowercase": true,
                    "RequireUppercase": true,
                    "RequireNumbers": true,
                    "RequireSymbols": true,
                    "TemporaryPasswordValidityDays": 7,
                },
            },
            // Whoever wants a second factor has one; scripts that read statistics need none.
            "MfaConfiguration": "OPTIONAL",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            "DeletionProtection": protection,
        }))
    }

    fn handle(&self, logical_id: &str) -> UserPoolHandle {
        UserPoolHandle { id: Value::reference(logical_id), arn: Value::attribute(logical_id, "Arn") }
    }

    fn deletion_policy(&self) -> DeletionPolicy {
        match self.protection {
            Protection::On => DeletionPolicy::Retain,
            Protection::Off => DeletionPolicy::Delete,
        }
    }

    fn summary(&self) -> String {
        let protected = if self.protection == Protection::On { ", protected" } else { "" };
        format!("{}, no sign-up, passwords of {} characters{protected}", self.name, self.password)
    }
}

impl Resource for UserPoolClient {
    const TYPE: &'static str = "AWS::Cognito::UserPoolClient";
    type Handle = Value<kind::UserPoolClientId>;

    fn properties(&self) -> Properties {
        let Self { name, users } = self;
        Properties::of(json!({
            "ClientName": name,
            "UserPoolId": users.id,
            "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
            // The same answer whether or not there is such a user.
            "PreventUserExistenceErrors": "ENABLED",
            // An empty list would be all of them. The address, which is whose figures a token reads, is not among them.
            "WriteAttributes": ["name"],
            "EnableTokenRevocation": true,
            "AccessTokenValidity": 60,
            "IdTokenValidity": 60,
            "RefreshTokenValidity": 30,
            "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
        }))
    }

    fn handle(&self, logical_id: &str) -> Self::Handle {
        Value::reference(logical_id)
    }

    fn summary(&self) -> String {
        format!("{}, signs in by password", self.name)
    }
}

impl Resource for UserPoolGroup {
    const TYPE: &'static str = "AWS::Cognito::UserPoolGroup";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { name, description, users } = self;
        Properties::of(json!({"GroupName": name, "Description": description, "UserPoolId": users.id}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        format!("{}: {}", self.name, self.description)
    }
}

impl UserPoolHandle {
    pub const fn id(&self) -> &Value<kind::UserPoolId> {
        &self.id
    }

    pub const fn arn(&self) -> &Value<kind::UserPoolArn> {
        &self.arn
    }
}
