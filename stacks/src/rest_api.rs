//! `AWS::ApiGateway::RestApi` and the parts of its paths.
//!
//! Invariant: a path is made from its parent, so it belongs to one API and is spelled once.

use serde_json::json;

use crate::resource::{Properties, Resource};
use crate::value::{Value, kind};

/// From how many bytes on an answer is compressed for callers who take it so: below, it fits one packet anyway.
const COMPRESSED_FROM: u32 = 1024;

/// A REST API of one region.
#[derive(Clone, Debug)]
pub struct RestApi {
    pub name: String,
    /// What it is for.
    pub description: &'static str,
}

/// A part of a path.
#[derive(Clone, Debug)]
pub struct PathPart {
    /// What it is under.
    pub parent: PathHandle,
    /// The part, without slashes.
    pub part: &'static str,
}

/// A REST API that can be referred to.
#[derive(Clone, Debug)]
pub struct RestApiHandle {
    id: Value<kind::RestApiId>,
    root: Value<kind::PathId>,
}

/// A path that can be referred to.
#[derive(Clone, Debug)]
pub struct PathHandle {
    api: RestApiHandle,
    id: Value<kind::PathId>,
    path: String,
}

impl Resource for RestApi {
    const TYPE: &'static str = "AWS::ApiGateway::RestApi";
    type Handle = RestApiHandle;

    fn properties(&self) -> Properties {
        let Self { name, description } = self;
        Properties::of(json!({
            "Name": name,
            "Description": description,
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            "MinimumCompressionSize": COMPRESSED_FROM,
        }))
    }

    fn handle(&self, logical_id: &str) -> RestApiHandle {
        RestApiHandle { id: Value::reference(logical_id), root: Value::attribute(logical_id, "RootResourceId") }
    }

    fn summary(&self) -> String {
        self.name.clone()
    }
}

impl Resource for PathPart {
    const TYPE: &'static str = "AWS::ApiGateway::Resource";
    type Handle = PathHandle;

    fn properties(&self) -> Properties {
        let Self { parent, part } = self;
        Properties::of(json!({"RestApiId": parent.api.id, "ParentId": parent.id, "PathPart": part}))
    }

    fn handle(&self, logical_id: &str) -> PathHandle {
        PathHandle { api: self.parent.api.clone(), id: Value::reference(logical_id), path: self.path() }
    }

    fn summary(&self) -> String {
        self.path()
    }
}

impl PathPart {
    fn path(&self) -> String {
        format!("{}/{}", self.parent.path, self.part)
    }
}

impl RestApiHandle {
    pub const fn id(&self) -> &Value<kind::RestApiId> {
        &self.id
    }

    /// The path that all others are under.
    pub fn root(&self) -> PathHandle {
        PathHandle { api: self.clone(), id: self.root.clone(), path: String::new() }
    }
}

impl PathHandle {
    pub const fn id(&self) -> &Value<kind::PathId> {
        &self.id
    }

    /// The API it belongs to.
    pub const fn api(&self) -> &RestApiHandle {
        &self.api
    }

    /// The path, beginning with a slash.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}
