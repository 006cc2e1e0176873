//! Where things may be: the layers, the one place of each spelling, and the words that name things.
//!
//! Invariant: an exception is listed here with its reason, and one that is no longer needed is a failure as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates whose sources are looked at, by their folders.
const CRATES: [&str; 10] = [
    "functions/contract/src",
    "functions/metering/src",
    "functions/store/src",
    "functions/openapi/src",
    "functions/src",
    "stacks/src",
    "xtask/src",
    "xtask/cloudformation/src",
    "xtask/cloud/src",
    "xtask/event-source/src",
];

/// The layers of `cloud`, highest first: each imports only what stands below it, or beside it on one line.
const LAYERS: [&[&str]; 7] = [
    &["commands"],
    &["deployment"],
    &["system"],
    &["stack"],
    &["aws"],
    &["console", "local_state"],
    &["pricing", "random"],
];

/// Circles of modules that may stay, each by its crate and modules, with the reason.
const CIRCLES: [(&str, &str); 3] = [
    ("functions/metering/src: course", METERING),
    ("functions/metering/src: fold", METERING),
    ("functions/metering/src: total", METERING),
];
const METERING: &str = "a fold keeps how each usage came about, which is told in totals, and a total is made of a fold";

/// Literals of the tables' schema, each with the one file of production code that spells it.
const SCHEMA: [(&str, &str); 18] = [
    ("KEY#", "functions/contract/src/table.rs"),
    ("USER#", "functions/contract/src/table.rs"),
    ("CALLS#", "functions/contract/src/table.rs"),
    ("ERRORS", "functions/contract/src/table.rs"),
    ("LATE", "functions/contract/src/table.rs"),
    ("WATERMARK", "functions/store/src/watermark.rs"),
    ("cell", "functions/store/src/windows.rs"),
    ("#DAY#", "functions/store/src/windows.rs"),
    ("TOTAL#DAY", "functions/store/src/windows/span.rs"),
    ("apiKeyName", "functions/store/src/keys.rs"),
    ("revokedAt", "functions/store/src/keys.rs"),
    ("committedAt", "functions/store/src/blocks.rs"),
    ("replayedAt", "functions/store/src/failures.rs"),
    ("dataSha256", "functions/store/src/failures.rs"),
    ("CodeBucket", "functions/contract/src/name.rs"),
    ("CodeKey", "functions/contract/src/name.rs"),
    ("PendingJournals", "functions/contract/src/table.rs"),
    ("#CALL#", "functions/contract/src/table.rs"),
];

/// Literals that a second file spells as something else: the literal, the file, the reason.
const SPELLED_ON_PURPOSE: [(&str, &str, &str); 5] = [
    ("apiKeyName", "xtask/cloud/src/commands/keys.rs", "a name of `--json`, which is a promise of its own"),
    ("apiKeyName", "xtask/cloud/src/system/keys.rs", "a name of `--json`, which is a promise of its own"),
    ("revokedAt", "xtask/cloud/src/system/keys.rs", "a name of `--json`, which is a promise of its own"),
    ("replayedAt", "xtask/cloud/src/system/failed_record.rs", "a name of `--json`, which is a promise of its own"),
    ("dataSha256", "xtask/cloud/src/system/failed_record.rs", "a name of `--json`, which is a promise of its own"),
];

/// Files in which a word stands for something else, or still stands.
const OTHER_THINGS: [(&str, &str); 5] = [
    // What becomes of a record that Kinesis took or not.
    ("Fate", "functions/src/producer.rs"),
    ("stand_in", "functions/src/signed_request.rs"),
    ("stand_in", "functions/src/signed_request/stand_in.rs"),
    ("stand_in", "functions/src/kinesis.rs"),
    ("stand_in", "functions/src/kinesis/stand_in.rs"),
];

/// Words that stand for something else in the field, with those that it uses.
const WORDS: [(&str, &str); 17] = [
    ("Way", "NextStep"),
    ("Mend", "Recovery"),
    ("Manner", "ChangeSetOptions"),
    ("Patience", "Retry"),
    ("Overtaken", "Conflict"),
    ("Passing", "Transient"),
    ("Story", "Reporter"),
    ("Foot", "LiveArea"),
    ("handoff", "exec"),
    ("Fate", "CodeChange"),
    ("Removal", "DestroyPlan, DeletionPolicy"),
    ("stand_in", "fake"),
    ("Outside", "Services"),
    ("Trouble", "ServiceError"),
    ("Complaints", "IssueLog"),
    ("Discard", "DiscardedBatch"),
    ("Terms", "LaneSettings"),
];

/// A source file: its crate's folder, its module, and its production code without comments.
#[derive(Debug)]
struct Source {
    folder: &'static str,
    path: String,
    module: Vec<String>,
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    CRATES.iter().flat_map(|folder| files(&root().join(folder)).into_iter().map(|path| source(folder, &path))).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries
        .flat_map(|path| {
            let is_tests = path.file_stem().is_some_and(|stem| stem == "tests");
            match path.extension() {
                _ if is_tests => Vec::new(),
                None => files(&path),
                Some(extension) if extension == "rs" => vec![path],
                Some(_) => Vec::new(),
            }
        })
        .collect();
    found.sort();
    found
}

fn source(folder: &'static str, path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap();
    let within = path.strip_prefix(root().join(folder)).unwrap().with_extension("");
    let module = within.iter().map(|part| part.to_str().unwrap().to_owned());
    let module = module.filter(|part| !matches!(part.as_str(), "lib" | "main")).collect();
    let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    Source { folder, path, module, code: production(&text) }
}

/// What is compiled outside tests: everything before the first `#[cfg(test)]` that has a body, without comments.
fn production(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of its own crate that a source imports or names, as far as they have a file.
fn imports(source: &Source, modules: &BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (at, _) in source.code.match_indices(start) {
            let before = source.code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            for path in paths(&source.code[at..]) {
                let path = absolute(&path, &source.module);
                let known = (0..=path.len()).rev().map(|n| path[..n].to_vec()).find(|path| modules.contains(path));
                found.extend(known.filter(|module| *module != source.module && !module.is_empty()));
            }
        }
    }
    found
}

/// The paths of an import or expression: `a::{b, c::d}` is two.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut stack: Vec<Vec<String>> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_alphanumeric() || c == '_' => word.push(c),
            ':' if rest.peek() == Some(&':') => {
                rest.next();
                path.push(std::mem::take(&mut word));
                // Generic arguments name a type, which ends the path.
                if !matches!(rest.peek(), Some(c) if c.is_alphanumeric() || matches!(c, '_' | '{' | '*')) {
                    break;
                }
            }
            '{' if word.is_empty() && text.starts_with(|c: char| c.is_alphabetic()) && !path.is_empty() => {
                stack.push(path.clone());
            }
            ',' | '}' if !stack.is_empty() => {
                path.push(std::mem::take(&mut word));
                paths.push(path.clone());
                path = stack.last().cloned().unwrap_or_default();
                if c == '}' {
                    stack.pop();
                    path = stack.last().cloned().unwrap_or_default();
                    if stack.is_empty() {
                        return paths;
                    }
                }
            }
            ' ' | '\n' if !stack.is_empty() => {}
            _ => break,
        }
    }
    path.push(word);
    paths.push(path);
    paths
}

fn absolute(path: &[String], module: &[String]) -> Vec<String> {
    let n_up = path.iter().take_while(|part| *part == "super").count();
    let base: &[String] = if path.first().is_some_and(|part| part == "crate") {
        &[]
    } else {
        &module[..module.len().saturating_sub(n_up)]
    };
    let rest = path.iter().filter(|part| !matches!(part.as_str(), "crate" | "super" | "self" | ""));
    base.iter().chain(rest).cloned().collect()
}

/// By crate: each module and what it imports. A parent's import of its child is how a module is split, and is no import.
fn graph() -> BTreeMap<&'static str, BTreeMap<Vec<String>, BTreeSet<Vec<String>>>> {
    let sources = sources();
    let mut graph: BTreeMap<&'static str, BTreeMap<Vec<String>, BTreeSet<Vec<String>>>> = BTreeMap::new();
    for folder in CRATES {
        let of_crate = || sources.iter().filter(|source| source.folder == folder);
        let modules: BTreeSet<Vec<String>> = of_crate().map(|source| source.module.clone()).collect();
        let edges = of_crate().map(|source| (source.module.clone(), imports(source, &modules)));
        graph.insert(folder, edges.collect());
    }
    graph
}

/// The modules from which a module can be reached, itself among them where it is in a circle.
fn reached(from: &Vec<String>, edges: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> BTreeSet<Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<&Vec<String>> = vec![from];
    while let Some(next) = left.pop() {
        for module in edges.get(next).into_iter().flatten() {
            if reached.insert(module.clone()) {
                left.push(module);
            }
        }
    }
    reached
}

fn is_between_relatives(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut circles = BTreeSet::new();
    for (folder, edges) in graph() {
        // A folder and its own parts are one thing.
        let apart = edges.iter().map(|(module, imports)| {
            let imports = imports.iter().filter(|other| !is_between_relatives(module, other)).cloned();
            (module.clone(), imports.collect())
        });
        let apart: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = apart.collect();
        for module in apart.keys().filter(|module| reached(module, &apart).contains(*module)) {
            circles.insert(format!("{folder}: {}", module.join("::")));
        }
    }
    let allowed: BTreeSet<String> = CIRCLES.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(circles, allowed, "modules in circles, and those that are known to be");
}

#[test]
fn each_layer_of_cloud_imports_only_what_is_below_it_and_no_command_another() {
    let rank = |module: &[String]| {
        LAYERS.iter().position(|layer| layer.iter().any(|name| module.first().is_some_and(|first| first == name)))
    };
    let mut wrong = Vec::new();
    for (module, imports) in &graph()["xtask/cloud/src"] {
        for other in imports {
            let both = (rank(module), rank(other));
            let (Some(own), Some(others)) = both else { continue };
            let is_up = others < own || (others == own && module[0] != other[0]);
            let is_sideways = module[0] == "commands" && other[0] == "commands" && module.get(1) != other.get(1);
            if is_up || (is_sideways && module.len() > 1 && other.len() > 1) {
                wrong.push(format!("{} imports {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_module_of_cloud_has_a_layer() {
    for module in graph()["xtask/cloud/src"].keys().filter(|module| !module.is_empty()) {
        let is_known = LAYERS.iter().flat_map(|layer| layer.iter()).any(|name| module[0] == *name);
        assert!(is_known || module[0] == "fake", "{module:?} is in no layer");
    }
}

#[test]
fn the_facts_about_cloudformation_need_no_sdk_and_no_runtime_and_print_nothing() {
    for source in sources().iter().filter(|source| source.folder == "xtask/cloudformation/src") {
        for word in ["aws_sdk_", "tokio::", "Timestamp::now", "println!", "Printer"] {
            assert!(!source.code.contains(word), "{} has {word}", source.path);
        }
    }
}

#[test]
fn nobody_below_the_commands_prints() {
    for source in sources().iter().filter(|source| source.folder == "xtask/cloud/src") {
        let may_print = source.module.first().is_none_or(|layer| layer == "commands" || layer == "console");
        // What the local system says of itself once it is ready, and no more.
        let is_ready = source.path == "xtask/cloud/src/local_state/ready.rs";
        assert!(may_print || is_ready || !source.code.contains("Printer"), "{} prints", source.path);
    }
}

#[test]
fn each_literal_of_the_schema_is_spelled_in_one_file() {
    for (literal, place) in SCHEMA {
        let spelled = sources().into_iter().filter(|source| {
            // At its end or beginning it may be part of a longer text, such as a key with its month.
            ["\"", "}"].iter().any(|before| source.code.contains(&format!("{before}{literal}\"")))
                || source.code.contains(&format!("\"{literal}{{"))
        });
        let spelled: Vec<String> = spelled.map(|source| source.path).collect();
        let extra = SPELLED_ON_PURPOSE.iter().filter(|(known, _, _)| *known == literal).map(|(_, path, _)| *path);
        let mut expected: Vec<&str> = extra.chain([place]).collect();
        expected.sort_unstable();
        assert_eq!(spelled, expected, "`{literal}`");
    }
}

#[test]
fn things_are_called_by_the_fields_words() {
    let mut found = Vec::new();
    for source in sources() {
        for (old, new) in WORDS {
            let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let uses = source.code.match_indices(old).filter(|(at, _)| {
                let (before, after) =
                    (source.code[..*at].chars().next_back(), source.code[at + old.len()..].chars().next());
                !is_word(before) && !is_word(after)
            });
            if uses.count() > 0 && !OTHER_THINGS.contains(&(old, source.path.as_str())) {
                found.push(format!("{}: {old}, which is {new}", source.path));
            }
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_file_of_the_command_line_is_no_longer_than_one_can_read_at_once() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.folder.starts_with("xtask/cloud") && source.code.lines().count() > 300)
        .map(|source| source.path.clone())
        .collect();
    assert_eq!(long, [""; 0]);
}
