//! JSON in order of its keys.
//!
//! Invariant: the order does not depend on what features another crate of the build switches on in `serde_json`.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

/// JSON whose objects are written in order of their keys.
pub(crate) struct Sorted<'a>(pub(crate) &'a Json);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Object(map) => {
                let entries = map.iter().map(|(key, value)| (key, Sorted(value)));
                // They are in order already, unless a feature of `serde_json` makes them not.
                if map.keys().is_sorted() {
                    return serializer.collect_map(entries);
                }
                serializer.collect_map(entries.collect::<BTreeMap<_, _>>())
            }
            Json::Array(list) => serializer.collect_seq(list.iter().map(Sorted)),
            other => other.serialize(serializer),
        }
    }
}
