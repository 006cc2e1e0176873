//! A stack: what is declared in it, and where in the code.
//!
//! Invariant: everything is kept in order of its logical id, so the same declarations give the same bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::Target;
use crate::policy::Grant;
use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::sorted::Sorted;
use crate::value::{Value, kind};

/// A CloudFormation stack.
#[derive(Clone, Debug)]
pub struct Stack {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) target: Target,
    pub(crate) parameters: BTreeMap<String, &'static str>,
    pub(crate) resources: BTreeMap<String, Declared>,
    pub(crate) outputs: BTreeMap<String, Output>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) problems: Vec<String>,
    /// The template as text, from when it was first asked for until something else is declared.
    pub(crate) json: OnceLock<String>,
    dropped: Vec<Dropped>,
    depends_on: Vec<String>,
}

/// A resource that has been declared.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) resource_type: String,
    pub(crate) properties: Properties,
    pub(crate) deletion_policy: DeletionPolicy,
    pub(crate) depends_on: Vec<String>,
    pub(crate) summary: String,
    pub(crate) at: Place,
}

/// A grant, and the logical id of what has it.
#[derive(Clone, Debug)]
pub(crate) struct Permission {
    pub(crate) who: String,
    pub(crate) grant: Grant,
}

/// A value that another stack or a person reads.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) description: &'static str,
    pub(crate) value: Json,
}

/// Where in the code a resource is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(&'static Location<'static>);

/// A resource that the local target refuses, and that is therefore not in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    logical_id: String,
    resource_type: &'static str,
    because: &'static str,
}

impl Stack {
    /// A stack with nothing in it yet.
    pub fn new(name: impl Into<String>, description: impl Into<String>, target: Target) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            target,
            parameters: BTreeMap::new(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            permissions: Vec::new(),
            problems: Vec::new(),
            json: OnceLock::new(),
            dropped: Vec::new(),
            depends_on: Vec::new(),
        }
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the stacks that must be there before this one.
    pub fn depends_on(&self) -> &[String] {
        &self.depends_on
    }

    /// What the local target refuses and this stack therefore goes without. Nothing for AWS.
    pub fn dropped(&self) -> impl Iterator<Item = &Dropped> {
        self.dropped.iter()
    }

    /// Where in the code a resource is declared.
    pub fn declared_at(&self, logical_id: &str) -> Option<Place> {
        self.resources.get(logical_id).map(|declared| declared.at)
    }

    /// Declares a resource and gives its handle, the only thing that others can refer to.
    #[track_caller]
    pub fn add<R: Resource>(&mut self, logical_id: &str, resource: R) -> R::Handle {
        // For others there is `add_unless_refused`.
        const { assert!(R::REFUSED_LOCALLY.is_none()) };
        self.add_after(logical_id, resource, &[])
    }

    /// Declares a resource of a type that the local target refuses: there is none there, and so no handle.
    #[track_caller]
    pub fn add_unless_refused<R: Resource>(&mut self, logical_id: &str, resource: R) -> Option<R::Handle> {
        match R::REFUSED_LOCALLY {
            Some(because) if self.target == Target::Local => {
                self.dropped.push(Dropped { logical_id: logical_id.into(), resource_type: R::TYPE, because });
                None
            }
            _ => Some(self.add_after(logical_id, resource, &[])),
        }
    }

    /// Declares a resource that needs others which it does not refer to.
    #[track_caller]
    pub(crate) fn add_after<R: Resource>(&mut self, logical_id: &str, resource: R, after: &[String]) -> R::Handle {
        let handle = resource.handle(logical_id);
        let declared = Declared {
            resource_type: R::TYPE.into(),
            properties: resource.properties(),
            deletion_policy: resource.deletion_policy(),
            depends_on: after.to_vec(),
            summary: resource.summary(),
            at: Place::here(),
        };
        self.declare(logical_id, declared);
        handle
    }

    /// Says that a function has a permission; its role carries it.
    pub(crate) fn permit(&mut self, who: &str, grants: &[Grant]) {
        let permission = |grant: &Grant| Permission { who: who.into(), grant: grant.clone() };
        self.permissions.extend(grants.iter().map(permission));
    }

    /// Declares a parameter without a default.
    pub(crate) fn parameter(&mut self, name: &str, description: &'static str) -> Value<kind::Parameter> {
        self.json = OnceLock::new();
        self.parameters.insert(name.into(), description);
        Value::reference(name)
    }

    /// Declares an output.
    pub fn output<K>(&mut self, name: &str, description: &'static str, value: &Value<K>) {
        self.json = OnceLock::new();
        let output = Output { description, value: value.expression().json() };
        if self.outputs.insert(name.into(), output).is_some() {
            self.problems.push(format!("two outputs are called {name}"));
        }
    }

    /// Says that another stack must be there before this one.
    pub fn needs(&mut self, stack: impl Into<String>) {
        self.depends_on.push(stack.into());
    }

    /// A number that changes with the properties of the resources whose type begins so.
    pub(crate) fn fingerprint(&self, resource_type: &str) -> u64 {
        // FNV-1a: it tells definitions apart and is the same on every machine; nobody attacks it.
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let of_type = self.resources.iter().filter(|(_, declared)| declared.resource_type.starts_with(resource_type));
        let text = |(id, declared): (&String, &Declared)| {
            id.clone() + &serde_json::to_string(&Sorted(declared.properties.json())).unwrap_or_default()
        };
        let bytes = of_type.flat_map(|resource| text(resource).into_bytes());
        bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
    }

    pub(crate) fn declare(&mut self, logical_id: &str, declared: Declared) {
        self.json = OnceLock::new();
        let at = declared.at;
        if let Some(before) = self.resources.insert(logical_id.into(), declared) {
            self.problems.push(format!("{logical_id} is declared twice: at {} and at {at}", before.at));
        }
    }
}

impl Place {
    /// Where this was called from.
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self(Location::caller())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Windows spells paths its own way, and messages are compared.
        write!(f, "{}:{}", self.0.file().replace('\\', "/"), self.0.line())
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { logical_id, resource_type, because } = self;
        write!(f, "{logical_id} ({resource_type}): {because}")
    }
}
