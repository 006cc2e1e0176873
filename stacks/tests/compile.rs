//! What the types refuse: each file of `compile_fail` does not compile, for the reason beside it in `.stderr`, and its
//! twin of the same name in `compile_pass`, which differs from it in a line, does.
//!
//! Invariant: no refusal without its twin, because anything can fail to compile for another reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How many lines of a twin may be other lines.
const DIFFERENT_LINES: usize = 1;

#[test]
fn a_wrong_stack_does_not_compile_and_its_twin_does() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
    cases.pass("tests/compile_pass/*.rs");
}

#[test]
fn every_refusal_has_a_twin_that_differs_in_a_line() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let (refused, accepted) = (files(&tests.join("compile_fail")), files(&tests.join("compile_pass")));
    assert_eq!(refused, accepted);
    for name in refused {
        let text = |folder: &str| fs::read_to_string(tests.join(folder).join(&name)).unwrap();
        let (wrong, right) = (text("compile_fail"), text("compile_pass"));
        let different = |of: &str, other: &str| of.lines().filter(|line| !other.lines().any(|l| l == *line)).count();
        // The first lines say what is wrong and right.
        let most = DIFFERENT_LINES + 1;
        assert!(different(&wrong, &right) <= most && different(&right, &wrong) <= most, "{name}");
    }
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry can be read"));
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".rs")).collect()
}
