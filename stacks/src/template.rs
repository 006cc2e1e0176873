//! A stack as text: the template CloudFormation takes, and the same for a reader.
//!
//! Invariant: keys are sorted here, whatever features another crate of the build switches on in `serde_json`.

use serde_json::{Map, Value as Json, json};

use crate::resource::DeletionPolicy;
use crate::sorted::Sorted;
use crate::stack::{Declared, Stack};

impl Stack {
    /// The template, as it is deployed: JSON with sorted keys and a final line feed.
    pub fn to_json(&self) -> String {
        self.json().to_owned()
    }

    /// The same, written once: the check has counted its bytes by the time it is asked for.
    pub(crate) fn json(&self) -> &str {
        self.json.get_or_init(|| {
            // Serializing a JSON value into a string has no way to fail: every key is a string.
            let mut text = serde_json::to_string_pretty(&Sorted(&self.template())).unwrap_or_default();
            text.push('\n');
            text
        })
    }

    /// The template for reading. It is written by the one crate that quotes what YAML 1.1 takes for dates and booleans.
    pub fn to_yaml(&self) -> String {
        serde_saphyr::to_string(&Sorted(&self.template())).unwrap_or_default()
    }

    /// The template, its keys not yet sorted.
    pub fn template(&self) -> Json {
        let resources: Map<String, Json> =
            self.resources.iter().map(|(id, declared)| (id.clone(), declared.json())).collect();
        let parameters: Map<String, Json> = self
            .parameters
            .iter()
            .map(|(name, description)| (name.clone(), json!({"Type": "String", "Description": description})))
            .collect();
        let outputs: Map<String, Json> = self
            .outputs
            .iter()
            .map(|(name, output)| (name.clone(), json!({"Description": output.description, "Value": output.value})))
            .collect();
        let mut template = Map::new();
        template.insert("AWSTemplateFormatVersion".into(), json!("2010-09-09"));
        template.insert("Description".into(), json!(self.description));
        for (section, entries) in [("Parameters", parameters), ("Resources", resources), ("Outputs", outputs)] {
            if !entries.is_empty() {
                template.insert(section.into(), Json::Object(entries));
            }
        }
        Json::Object(template)
    }
}

impl Declared {
    fn json(&self) -> Json {
        let Self { resource_type, properties, deletion_policy, depends_on, summary: _, at: _ } = self;
        let mut resource = Map::new();
        resource.insert("Type".into(), json!(resource_type));
        resource.insert("Properties".into(), properties.json().clone());
        if !depends_on.is_empty() {
            resource.insert("DependsOn".into(), json!(depends_on));
        }
        if *deletion_policy == DeletionPolicy::Retain {
            // A table of a fixed name that outlives the roll-back of its own creation would block the next try.
            resource.insert("DeletionPolicy".into(), json!("RetainExceptOnCreate"));
            resource.insert("UpdateReplacePolicy".into(), json!("Retain"));
        }
        Json::Object(resource)
    }
}
