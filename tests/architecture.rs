//! Where things may be: the layers, the one place of each spelling, and the words that name things.
//!
//! Invariant: an exception is listed here with its reason, and one that is no longer needed is a failure as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The crates whose sources are looked at, by their folders.
const CRATES: [&str; 18] = [
    "functions/contract/src",
    "functions/deadlines/src",
    "functions/dynamodb-fixture/src",
    "functions/forecast/src",
    "functions/runtime-fixture/src",
    "functions/metering/src",
    "functions/store/src",
    "functions/openapi/src",
    "functions/report/src",
    "functions/src",
    "stacks/src",
    "xtask/src",
    "xtask/cloudformation/src",
    "xtask/cloud/src",
    "xtask/commands/src",
    "xtask/event-source/src",
    "xtask/backtest/src",
    "xtask/bench/src",
];

/// The layers of `cloud`, highest first: each imports only what stands below it, or beside it on one line. Above them
/// all is the crate `commands`.
const LAYERS: [&[&str]; 6] =
    [&["deployment"], &["system"], &["stack"], &["aws"], &["console", "local_state"], &["pricing", "random"]];

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
    ("apiKeyName", "xtask/commands/src/keys.rs", "a name of `--json`, which is a promise of its own"),
    ("apiKeyName", "xtask/cloud/src/system/keys.rs", "a name of `--json`, which is a promise of its own"),
    ("revokedAt", "xtask/cloud/src/system/keys.rs", "a name of `--json`, which is a promise of its own"),
    ("replayedAt", "xtask/cloud/src/system/failed_record.rs", "a name of `--json`, which is a promise of its own"),
    ("dataSha256", "xtask/cloud/src/system/failed_record.rs", "a name of `--json`, which is a promise of its own"),
];

/// Files in which a word stands for something else.
const OTHER_THINGS: [(&str, &str); 8] = [
    // A mark of a minute that was committed late.
    ("Mark", "functions/store/src/blocks.rs"),
    ("Mark", "functions/src/aggregator.rs"),
    // An observation of a span that is known to be unlike others.
    ("Known", "functions/forecast/src/anomaly/observation.rs"),
    ("Known", "functions/src/aggregator/watch.rs"),
    // How far the errors of a forecast go.
    ("Reach", "functions/forecast/src/conformal.rs"),
    ("Reach", "functions/forecast/src/estimate.rs"),
    ("Reach", "functions/forecast/src/forecast.rs"),
    ("Reach", "functions/forecast/src/short_history.rs"),
];

/// Identifiers that stand for something else in the field, with those that it uses, and below which folder. Words that
/// are common beside what they named here (`state`, `operation`, `kind`, `say`) are held where they named it.
const WORDS: [(&str, &str, &str); 46] = [
    ("", "Way", "NextStep"),
    ("", "Mend", "Recovery"),
    ("", "foretold", "preview"),
    ("", "way_out", "resolution"),
    ("", "at_rest", "wait_until_stable"),
    ("", "Manner", "ChangeSetOptions"),
    ("", "Patience", "Retry"),
    ("", "Overtaken", "Conflict"),
    ("", "Passing", "Transient"),
    ("", "Story", "Reporter"),
    ("", "tell", "note, event, object"),
    ("", "Foot", "LiveArea"),
    ("", "foot", "live_area"),
    ("", "handoff", "exec"),
    ("", "adopt", "import"),
    ("", "consent", "data_loss_guard"),
    ("", "Mark", "Impact"),
    ("", "WidensAccess", "BroadensAccess"),
    ("", "Fate", "CodeChange"),
    ("", "Removal", "DestroyPlan, DeletionPolicy"),
    ("", "let_the_stream_go", "release_stream"),
    ("", "stand_in", "fake"),
    ("", "StandIn", "Fake"),
    ("", "Books", "Sources"),
    ("", "Ledger", "Synchronous, comparison"),
    ("", "Cell", "Usage"),
    ("", "Fold", "UsageBySubject"),
    ("", "Distinct", "DistinctEvents"),
    ("", "Standing", "MonthlyUsage"),
    ("", "Known", "CachedUser"),
    ("", "Gate", "QuotaGate"),
    ("", "Passage", "Admission"),
    ("", "Outbox", "EventSink"),
    ("", "RESPITE", "COOL_DOWN"),
    ("", "is_resting", "is_cooling_down"),
    ("", "Overdue", "StepError"),
    ("", "Reach", "RunUntil, Freshness"),
    ("", "Outside", "Services"),
    ("", "Trouble", "ServiceError"),
    ("", "Complaints", "IssueLog"),
    ("", "Discard", "DiscardedBatch"),
    ("", "Terms", "LaneSettings"),
    ("xtask/cloud/src/stack", "follow", "monitor"),
    ("xtask/cloud/src/stack", "seen", "event_ids"),
    ("xtask/cloud/src/deployment", "Deployed", "DeployResult"),
    ("xtask/cloudformation/src", "kind", "resource_type"),
];

/// Where the SDK's crates are named beside `functions/store` and the layers of `cloud` from `aws` up, and `commands`, and
/// what for. Credentials are the SDK's also where its clients are not used.
const SDK: [(&str, &str); 20] = [
    ("functions/src/access_log.rs", "credentials"),
    ("functions/src/alerts_topic.rs", "credentials"),
    ("functions/src/bucket.rs", "credentials"),
    ("functions/src/cloudwatch.rs", "credentials"),
    ("functions/src/kinesis.rs", "credentials"),
    ("functions/src/large_records.rs", "credentials"),
    ("functions/src/topic.rs", "credentials"),
    ("functions/src/signed_request.rs", "credentials, and an error's causes in one line"),
    ("functions/src/authorizer/bound.rs", "time-outs and tries of the authorizer's client"),
    ("functions/src/authorizer/synchronous.rs", "a transaction of the store's parts, judged by the reasons of its end"),
    ("functions/src/bin/analytics-api.rs", "wires a client"),
    ("functions/src/bin/deadlines-api.rs", "wires a client"),
    ("functions/src/bin/realtime-aggregator.rs", "wires a client"),
    ("functions/src/bin/stream-processor.rs", "wires a client"),
    ("functions/src/bin/stream-scaler.rs", "wires a client"),
    ("functions/src/bin/usage-reports.rs", "wires a client"),
    ("functions/src/metrics.rs", "CloudWatch, in which our metrics are"),
    ("functions/src/scaler.rs", "Kinesis and CloudWatch, which it reads and changes"),
    ("functions/src/variable.rs", "settings that clients share"),
    ("xtask/event-source/src", "what Lambda does on AWS: it reads a stream and calls a function"),
];

/// Lines of a file, and of a function, that can be read at once.
const FILE_LINES: usize = 300;
const FUNCTION_LINES: usize = 40;

/// A source file: its crate's folder, its module, its header, and its production code without comments.
#[derive(Debug)]
struct Source {
    folder: &'static str,
    path: String,
    module: Vec<String>,
    header: String,
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
    let header = text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    Source { folder, path, module, header, code: production(&text) }
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
    assert_eq!(circles, BTreeSet::new(), "modules in circles");
}

#[test]
fn each_layer_of_cloud_imports_only_what_is_below_it() {
    let rank = |module: &[String]| {
        LAYERS.iter().position(|layer| layer.iter().any(|name| module.first().is_some_and(|first| first == name)))
    };
    let mut wrong = Vec::new();
    for (module, imports) in &graph()["xtask/cloud/src"] {
        for other in imports {
            let both = (rank(module), rank(other));
            let (Some(own), Some(others)) = both else { continue };
            if others < own || (others == own && module[0] != other[0]) {
                wrong.push(format!("{} imports {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn no_command_imports_another() {
    let mut wrong = Vec::new();
    for (module, imports) in graph()["xtask/commands/src"].iter().filter(|(module, _)| !module.is_empty()) {
        for other in imports.iter().filter(|other| other[0] != module[0]) {
            wrong.push(format!("{} imports {}", module.join("::"), other.join("::")));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_module_of_cloud_has_a_layer() {
    for module in graph()["xtask/cloud/src"].keys().filter(|module| !module.is_empty()) {
        let is_known = LAYERS.iter().flat_map(|layer| layer.iter()).any(|name| module[0] == *name);
        assert!(is_known, "{module:?} is in no layer");
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
        let may_print = source.module.first().is_none_or(|layer| layer == "console");
        // What the local system says of itself once it is ready, and no more.
        let is_ready = source.path == "xtask/cloud/src/local_state/ready.rs";
        assert!(may_print || is_ready || !source.code.contains("Printer"), "{} prints", source.path);
    }
}

#[test]
fn each_literal_of_the_schema_is_spelled_in_one_file() {
    // What measures or feeds others sets items and events by hand, as a table or a stream may have them.
    let is_by_hand = |source: &Source| source.folder == "xtask/bench/src" || source.folder.ends_with("-fixture/src");
    let sources: Vec<Source> = sources().into_iter().filter(|source| !is_by_hand(source)).collect();
    for (literal, place) in SCHEMA {
        let spelled = sources.iter().filter(|source| {
            // At its end or beginning it may be part of a longer text, such as a key with its month.
            ["\"", "}"].iter().any(|before| source.code.contains(&format!("{before}{literal}\"")))
                || source.code.contains(&format!("\"{literal}{{"))
        });
        let spelled: Vec<String> = spelled.map(|source| source.path.clone()).collect();
        let extra = SPELLED_ON_PURPOSE.iter().filter(|(known, _, _)| *known == literal).map(|(_, path, _)| *path);
        let mut expected: Vec<&str> = extra.chain([place]).collect();
        expected.sort_unstable();
        assert_eq!(spelled, expected, "`{literal}`");
    }
}

/// Code without what stands in its texts, which are for people and for AWS.
fn without_texts(code: &str) -> String {
    let mut left = String::new();
    let mut rest = code;
    while let Some(start) = rest.find('"') {
        left += &rest[..start];
        // A quote may be a character of its own, or escaped within a text.
        let text = &rest[start + 1..];
        if rest[..start].ends_with('\'') && text.starts_with('\'') {
            rest = text;
            continue;
        }
        let mut escaped = false;
        let end = text.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        rest = end.map_or("", |(end, _)| &text[end + 1..]);
    }
    left + rest
}

#[test]
fn things_are_called_by_the_fields_words() {
    let mut found = BTreeSet::new();
    let mut used = BTreeSet::new();
    for source in sources() {
        let code = without_texts(&source.code);
        let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for (below, old, new) in WORDS {
            if source.path.starts_with(below) && words.contains(old) {
                let known = OTHER_THINGS.iter().find(|(word, path)| *word == old && *path == source.path);
                match known {
                    Some(known) => _ = used.insert(*known),
                    None => _ = found.insert(format!("{}: {old}, which is {new}", source.path)),
                }
            }
        }
    }
    assert_eq!(found, BTreeSet::new());
    assert_eq!(used, BTreeSet::from(OTHER_THINGS), "words that stand for something else");
}

#[test]
fn the_sdk_is_named_where_aws_is_asked_and_nowhere_else() {
    let is_of_cloud = |source: &Source| {
        let layers = ["aws", "stack", "system", "deployment"];
        source.folder == "xtask/cloud/src" && source.module.first().is_some_and(|first| layers.contains(&&**first))
    };
    let may = |source: &Source| {
        let folder = source.folder;
        is_of_cloud(source)
            || matches!(folder, "functions/store/src" | "xtask/commands/src")
            || folder.ends_with("-fixture/src")
    };
    let users = sources().into_iter().filter(|source| source.code.contains("aws_sdk_") && !may(source));
    let users: BTreeSet<String> = users
        .map(|source| if source.folder == "xtask/event-source/src" { source.folder.to_owned() } else { source.path })
        .collect();
    let known: BTreeSet<String> = SDK.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(users, known, "files that name the SDK, and those that have a reason to");
}

/// The functions of some code, each with its name and the lines from its head to its end, which `rustfmt` indents alike.
fn functions(code: &str) -> Vec<(String, usize)> {
    let mut functions = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (number, line) in code.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let head = line.trim_start().split("fn ").next().unwrap_or_default();
        let is_head = line.contains("fn ")
            && head.split_whitespace().all(|word| {
                matches!(word, "const" | "async" | "unsafe" | "extern")
                    || word.starts_with("pub")
                    || word.ends_with(')')
            });
        if is_head && open.is_none() && !line.trim_end().ends_with(['}', ';']) {
            let name = line.split("fn ").nth(1).unwrap_or_default();
            let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            open = Some((name.to_owned(), indent, number));
        } else if let Some((name, from, first)) = &open
            && indent == *from
            && (line.trim() == "}" || line.trim_end().ends_with(';'))
        {
            functions.push((name.clone(), number - first + 1));
            open = None;
        }
    }
    functions
}

#[test]
fn files_and_functions_are_no_longer_than_one_can_read_at_once() {
    let mut long = Vec::new();
    for source in sources() {
        let says_why = |what: &str| source.header.contains(&format!("{what} is longer than others"));
        let lines = source.code.lines().count();
        if lines > FILE_LINES && !says_why("It") {
            long.push(format!("{}: {lines} lines", source.path));
        }
        for (name, lines) in functions(&source.code) {
            if lines > FUNCTION_LINES && !says_why(&format!("`{name}`")) {
                long.push(format!("{}: {lines} lines of {name}", source.path));
            }
        }
    }
    assert_eq!(long, [""; 0]);
}
