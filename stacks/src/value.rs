//! What a property of a template is made of: a text or a reference, and of which kind.
//!
//! Invariant: a [`Value`] comes from a handle or from the contract's names, so what it refers to exists,
//! and a value of one kind does not fit where another belongs.

use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

/// What a [`Value`] can stand for. The types have no values: they are names for the compiler.
pub mod kind {
    /// A kind of value.
    pub trait Kind {}

    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}
            impl Kind for $name {}
        )*};
    }

    kinds! {
        /// The name of a Kinesis stream.
        StreamName,
        /// The ARN of a Kinesis stream.
        StreamArn,
        /// The ARN of an enhanced fan-out consumer.
        ConsumerArn,
        /// The name of a DynamoDB table.
        TableName,
        /// The ARN of a DynamoDB table.
        TableArn,
        /// The name of a Lambda function.
        FunctionName,
        /// The ARN of a Lambda function.
        FunctionArn,
        /// The ARN of an IAM role.
        RoleArn,
        /// The name of an S3 bucket.
        BucketName,
        /// The ARN of an S3 bucket.
        BucketArn,
        /// The ARN of an SNS topic.
        TopicArn,
        /// The id of a KMS key.
        KeyId,
        /// The name of a log group.
        LogGroupName,
        /// The ARN of a log group, with everything in it.
        LogGroupArn,
        /// The ARN of an EventBridge rule.
        RuleArn,
        /// The id of a REST API.
        RestApiId,
        /// The id of a part of a REST API's path.
        PathId,
        /// The id of an authorizer that asks a function of ours.
        KeyAuthorizerId,
        /// The id of an authorizer that checks tokens of a user pool.
        UserAuthorizerId,
        /// The id of a snapshot of a REST API.
        DeploymentId,
        /// The name of a stage of a REST API.
        StageName,
        /// The id of a Cognito user pool.
        UserPoolId,
        /// The ARN of a Cognito user pool.
        UserPoolArn,
        /// The id of a client of a Cognito user pool.
        UserPoolClientId,
        /// The value of a template's parameter.
        Parameter,
        /// A web address.
        Url,
    }
}

/// A text or a reference that stands for a `K`.
#[derive(Debug)]
pub struct Value<K> {
    expression: Expression,
    kind: PhantomData<fn() -> K>,
}

/// A text with references in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Reference(String),
    Attribute(String, &'static str),
}

impl<K> Clone for Value<K> {
    fn clone(&self) -> Self {
        Self { expression: self.expression.clone(), kind: PhantomData }
    }
}

impl<K> Value<K> {
    /// A value that needs no reference: a name that the contract fixes.
    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Expression::text(text).into()
    }

    /// `Ref`.
    pub(crate) fn reference(logical_id: &str) -> Self {
        Expression::reference(logical_id).into()
    }

    /// `Fn::GetAtt`.
    pub(crate) fn attribute(logical_id: &str, attribute: &'static str) -> Self {
        Expression(vec![Part::Attribute(logical_id.into(), attribute)]).into()
    }

    pub(crate) fn expression(&self) -> &Expression {
        &self.expression
    }
}

impl<K> From<Expression> for Value<K> {
    fn from(expression: Expression) -> Self {
        Self { expression, kind: PhantomData }
    }
}

impl Expression {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    /// `Ref`, of a logical id or of a pseudo parameter such as `AWS::Region`.
    pub(crate) fn reference(name: &str) -> Self {
        Self(vec![Part::Reference(name.into())])
    }

    /// The ARN of a resource of this account and region: `resource` is what follows the account.
    pub(crate) fn arn(service: &str, resource: impl Into<String>) -> Self {
        Self::text("arn:")
            .then(&Self::reference("AWS::Partition"))
            .and(format!(":{service}:"))
            .then(&Self::reference("AWS::Region"))
            .and(":")
            .then(&Self::reference("AWS::AccountId"))
            .and(format!(":{}", resource.into()))
    }

    /// This, followed by a text.
    pub(crate) fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// This, followed by another.
    pub(crate) fn then(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    /// The expression as a person reads it in an outline.
    pub(crate) fn readable(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Reference(id) => id.clone(),
            Part::Attribute(id, attribute) => format!("{id}.{attribute}"),
        };
        self.0.iter().map(part).collect()
    }

    /// The expression as a template has it, in the shortest of its forms.
    pub(crate) fn json(&self) -> Json {
        match self.0.as_slice() {
            [Part::Reference(id)] => json!({"Ref": id}),
            [Part::Attribute(id, attribute)] => json!({"Fn::GetAtt": [id, attribute]}),
            parts if parts.iter().all(|part| matches!(part, Part::Text(_))) => Json::String(self.readable()),
            _ => json!({"Fn::Sub": self.substituted()}),
        }
    }

    /// The expression as `Fn::Sub` takes it.
    pub(crate) fn substituted(&self) -> String {
        self.0.iter().map(Part::substituted).collect()
    }
}

impl Part {
    fn substituted(&self) -> String {
        match self {
            Self::Text(text) => text.replace("${", "${!"),
            Self::Reference(id) => format!("${{{id}}}"),
            Self::Attribute(id, attribute) => format!("${{{id}.{attribute}}}"),
        }
    }
}

impl<K> Serialize for Value<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.expression.json().serialize(serializer)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_takes_the_shortest_form_that_says_it() {
        assert_eq!(Expression::text("a").and("b").json(), json!("ab"));
        assert_eq!(Expression::reference("Table").json(), json!({"Ref": "Table"}));
        let arn = Value::<kind::TableArn>::attribute("Table", "Arn");
        assert_eq!(arn.expression().json(), json!({"Fn::GetAtt": ["Table", "Arn"]}));
        let index = arn.expression().clone().and("/index/ByUser");
        assert_eq!(index.json(), json!({"Fn::Sub": "${Table.Arn}/index/ByUser"}));
    }

    #[test]
    fn a_text_that_looks_like_a_reference_stays_a_text() {
        let expression = Expression::text("${not.one} in ").then(&Expression::reference("AWS::Region"));
        assert_eq!(expression.json(), json!({"Fn::Sub": "${!not.one} in ${AWS::Region}"}));
    }
}
