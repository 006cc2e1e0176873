//! What a change means for people: the verdict of a diff, before any target sees the change.
//!
//! Invariant: the verdict rests on the two templates alone, so it is the same with and without an account.

use std::fmt;

use serde_json::{Value, json};

use crate::data_resource::HOLDS_DATA;
use crate::template_diff;

/// What a reviewer must not miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Another resource takes the resource's place.
    Replaces,
    /// Whether it is replaced, CloudFormation alone can tell.
    MayReplace,
    /// Data goes that is nowhere else.
    LosesData,
    /// Something that stood between the data and its loss goes.
    Unprotects,
    /// Somebody may do more than before.
    BroadensAccess,
}

/// A mark and its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub mark: Impact,
    pub logical_id: String,
    /// The resource's type.
    pub resource_type: String,
    /// Where in it; empty for the whole of it.
    pub path: String,
    /// The cause, as part of a sentence.
    pub why: String,
}

impl Finding {
    /// A finding about a resource, `new` where it stays and `old` where it goes.
    pub fn new(mark: Impact, logical_id: &str, declared: &Value, path: &str, why: impl Into<String>) -> Self {
        let resource_type = template_diff::resource_type(declared).to_owned();
        Self { mark, logical_id: logical_id.to_owned(), resource_type, path: path.to_owned(), why: why.into() }
    }

    /// Whether a deploy refuses the change unless it is told that data may go: it takes records, items, objects or
    /// users. Lines of a log are marked, and not refused.
    pub fn is_guarded(&self) -> bool {
        self.mark == Impact::LosesData && HOLDS_DATA.contains(&self.resource_type.as_str())
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { mark, logical_id, resource_type, path, why } = self;
        json!({"mark": mark.to_string(), "logicalId": logical_id, "type": resource_type, "path": path, "why": why})
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaces => "REPLACES",
            Self::MayReplace => "MAY REPLACE",
            Self::LosesData => "LOSES DATA",
            Self::Unprotects => "UNPROTECTS DATA",
            Self::BroadensAccess => "WIDENS ACCESS",
        })
    }
}
