//! The JSON of the commands against `xtask/schemas`.
//!
//! Invariant: a document that its schema does not know in full is a failure: programs are written against the schema.

use std::collections::BTreeSet;
use std::path::PathBuf;

use boon::{Compiler, Schemas};
use serde_json::Value;

const ENDING: &str = ".schema.json";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("xtask/schemas")
}

/// The commands that have a schema, such as `errors-list`.
pub(crate) fn all() -> BTreeSet<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ENDING).map(str::to_owned)).collect()
}

/// The schema of a command line: its words name it, as far as they are no arguments.
pub(crate) fn of(arguments: &[&str]) -> String {
    let words: Vec<&str> = arguments.iter().copied().take_while(|word| !word.starts_with('-')).collect();
    let names = (1..=words.len()).rev().map(|n| words[..n].join("-"));
    names.into_iter().find(|name| all().contains(name)).unwrap_or_else(|| panic!("{arguments:?} has no schema"))
}

/// Fails where a document is not as the schema of that name has it.
pub(crate) fn check(name: &str, document: &Value) {
    let path = folder().join(format!("{name}{ENDING}"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    let address = format!("file://{}", path.display());
    compiler.add_resource(&address, schema).unwrap();
    let index = compiler.compile(&address, &mut schemas).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if let Err(error) = schemas.validate(document, index) {
        panic!("{name}: {error:#}\n{document:#}");
    }
}

#[test]
fn every_schema_is_one_and_takes_nothing_that_it_does_not_name() {
    for name in all() {
        let text = std::fs::read_to_string(folder().join(format!("{name}{ENDING}"))).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        let refused = std::panic::catch_unwind(|| check(&name, &serde_json::json!({"no such field": 1})));
        assert!(refused.is_err(), "{name} takes anything");
    }
}

#[test]
fn the_words_of_a_command_name_its_schema() {
    assert_eq!(of(&["errors", "show", "id", "--local"]), "errors-show");
    assert_eq!(of(&["logs", "stream-processor", "--json"]), "logs");
}
