//! What differs between two templates, property by property.
//!
//! Invariant: no change means that CloudFormation reads both templates alike.

use std::collections::BTreeSet;

use serde_json::Value;

/// What happens to a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// It is new.
    Added(Value),
    /// It goes.
    Removed(Value),
    /// It becomes another.
    Changed {
        /// What is deployed.
        old: Value,
        /// What would be.
        new: Value,
    },
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The resource, output or parameter.
    pub logical_id: String,
    /// The resource's type, such as `AWS::Kinesis::Stream`; for what is not a resource `Output`, `Parameter`, …
    pub resource_type: String,
    /// Where in it, such as `Properties.Tags[Key=a].Value`; empty for the whole of it.
    pub path: String,
    /// What happens there.
    pub edit: Edit,
}

/// The sections of a template whose entries have names, with the word for one entry.
const SECTIONS: [(&str, &str); 5] = [
    ("Parameters", "Parameter"),
    ("Mappings", "Mapping"),
    ("Conditions", "Condition"),
    ("Outputs", "Output"),
    ("Rules", "Rule"),
];

/// What identifies an element of a list of objects, most telling first.
const IDENTITIES: [&str; 9] =
    ["Sid", "PolicyName", "IndexName", "AttributeName", "Key", "Id", "Name", "ResourcePath", "ParameterName"];

/// Every difference between two templates: resources first, then the rest. A missing template is `Value::Null`.
pub fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    for id in keys(&old["Resources"], &new["Resources"]) {
        resource(&id, old["Resources"].get(&id), new["Resources"].get(&id), &mut found);
    }
    for (section, entry) in SECTIONS {
        for id in keys(&old[section], &new[section]) {
            let mut differ = Differ { logical_id: &id, resource_type: entry, found: &mut found };
            differ.both("", old[section].get(&id), new[section].get(&id));
        }
    }
    for key in keys(old, new) {
        if key != "Resources" && !SECTIONS.iter().any(|(section, _)| *section == key) {
            let mut differ = Differ { logical_id: &key, resource_type: "Template", found: &mut found };
            differ.both("", old.get(&key), new.get(&key));
        }
    }
    found
}

/// The type of a declared resource.
pub fn resource_type(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

/// The property of a resource that a path lies in: `Tags` of `Properties.Tags[Key=a].Value`.
pub fn property(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("Properties.")?;
    Some(inner.split(['.', '[', ' ']).next().unwrap_or(inner))
}

/// The keys of either of two objects, sorted.
pub fn keys(old: &Value, new: &Value) -> BTreeSet<String> {
    [old, new].into_iter().filter_map(Value::as_object).flat_map(|object| object.keys().cloned()).collect()
}

fn resource(id: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    let declared = new.or(old).unwrap_or(&Value::Null);
    let mut differ = Differ { logical_id: id, resource_type: resource_type(declared), found };
    match (old, new) {
        // Of a resource that becomes another nothing stays: its properties say no more than its type.
        (Some(old), Some(new)) if resource_type(old) != resource_type(new) => {
            differ.push("Type", Edit::Changed { old: old["Type"].clone(), new: new["Type"].clone() });
        }
        _ => differ.both("", old, new),
    }
}

/// Compares the values of one resource, output or parameter.
struct Differ<'a> {
    logical_id: &'a str,
    resource_type: &'a str,
    found: &'a mut Vec<Difference>,
}

impl Differ<'_> {
    fn push(&mut self, path: &str, edit: Edit) {
        let (logical_id, resource_type) = (self.logical_id.to_owned(), self.resource_type.to_owned());
        self.found.push(Difference { logical_id, resource_type, path: path.to_owned(), edit });
    }

    fn both(&mut self, path: &str, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (Some(old), Some(new)) => self.values(path, old, new),
            (Some(old), None) => self.push(path, Edit::Removed(old.clone())),
            (None, Some(new)) => self.push(path, Edit::Added(new.clone())),
            (None, None) => {}
        }
    }

    fn values(&mut self, path: &str, old: &Value, new: &Value) {
        if alike(old, new) {
            return;
        }
        if let (Value::Object(_), Value::Object(_)) = (old, new)
            && !is_intrinsic(old)
            && !is_intrinsic(new)
        {
            for key in keys(old, new) {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.both(&inner, old.get(&key), new.get(&key));
            }
            return;
        }
        match (old, new) {
            (Value::Array(old), Value::Array(new)) => return self.lists(path, old, new),
            // A policy's statement may have a single action or resource with and without the brackets.
            (Value::Array(list), one) | (one, Value::Array(list))
                if path.contains("Statement") && list.as_slice() == [one.clone()] =>
            {
                return;
            }
            _ => {}
        }
        // A dashboard's body and the like are JSON in a string: the property inside is what people look for.
        if let (Some(old), Some(new)) = (embedded(old), embedded(new)) {
            return self.values(path, &old, &new);
        }
        self.push(path, Edit::Changed { old: old.clone(), new: new.clone() });
    }

    fn lists(&mut self, path: &str, old: &[Value], new: &[Value]) {
        let before = self.found.len();
        if let Some(identity) = identity(old, new) {
            let named = |list: &[Value]| list.iter().map(|element| text(&element[identity])).collect::<BTreeSet<_>>();
            for name in named(old).union(&named(new)) {
                let find = |list: &'_ [Value]| list.iter().position(|element| text(&element[identity]) == *name);
                let (old, new) = (find(old).map(|at| &old[at]), find(new).map(|at| &new[at]));
                self.both(&format!("{path}[{identity}={name}]"), old, new);
            }
        } else {
            self.unnamed(path, old, new);
        }
        let is_same_set = old.iter().all(|element| new.iter().any(|other| alike(element, other)));
        if self.found.len() == before && is_same_set {
            let (old, new) = (Value::Array(old.to_vec()), Value::Array(new.to_vec()));
            self.push(&format!("{path} (order)"), Edit::Changed { old, new });
        }
    }

    /// Elements without names: those that are in both lists are the same, and those that share most are a pair.
    fn unnamed(&mut self, path: &str, old: &[Value], new: &[Value]) {
        let mut gone: Vec<&Value> = old.iter().collect();
        let mut come: Vec<(usize, &Value)> = Vec::new();
        for (index, element) in new.iter().enumerate() {
            match gone.iter().position(|other| alike(other, element)) {
                Some(at) => drop(gone.remove(at)),
                None => come.push((index, element)),
            }
        }
        let is_plain = |value: &Value| !value.is_object() || is_intrinsic(value);
        if old.iter().chain(new).all(is_plain) {
            if let ([old], [new]) = (old, new) {
                return self.push(path, Edit::Changed { old: old.clone(), new: new.clone() });
            }
            gone.into_iter().for_each(|element| self.push(path, Edit::Removed(element.clone())));
            come.into_iter().for_each(|(_, element)| self.push(path, Edit::Added(element.clone())));
            return;
        }
        for (index, element) in come {
            let place = format!("{path}[{index}]");
            match nearest(element, &gone) {
                Some(at) => self.values(&place, gone.remove(at), element),
                None => self.push(&place, Edit::Added(element.clone())),
            }
        }
        let place = format!("{path}[]");
        gone.into_iter().for_each(|element| self.push(&place, Edit::Removed(element.clone())));
    }
}

/// The element that shares most keys with another one, and at least half of them.
fn nearest(element: &Value, others: &[&Value]) -> Option<usize> {
    let keys = element.as_object().filter(|_| !is_intrinsic(element))?;
    let shared =
        |other: &Value| keys.iter().filter(|(key, value)| other.get(key).is_some_and(|old| alike(old, value))).count();
    let best = others.iter().enumerate().max_by_key(|(index, other)| (shared(other), std::cmp::Reverse(*index)));
    best.filter(|(_, other)| shared(other) * 2 >= keys.len()).map(|(index, _)| index)
}

/// Whether CloudFormation reads two values alike: it takes `"30"` for `30` and `"true"` for `true`.
pub fn alike(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|new| alike(value, new)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(old, new)| alike(old, new))
        }
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        _ => text(old) == text(new),
    }
}

/// Whether a value is a function of CloudFormation's, such as `{"Ref": …}`.
pub fn is_intrinsic(value: &Value) -> bool {
    let key = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.keys().next());
    key.is_some_and(|key| key == "Ref" || key.starts_with("Fn::"))
}

fn identity(old: &[Value], new: &[Value]) -> Option<&'static str> {
    let names_each = |list: &[Value], key: &str| {
        let names: BTreeSet<String> =
            list.iter().filter_map(|element| element.get(key)).filter(|name| !name.is_object()).map(text).collect();
        names.len() == list.len()
    };
    IDENTITIES.into_iter().find(|key| names_each(old, key) && names_each(new, key))
}

fn embedded(value: &Value) -> Option<Value> {
    let text = value.as_str().filter(|text| text.starts_with('{'))?;
    serde_json::from_str(text).ok()
}

/// A scalar as CloudFormation compares it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
