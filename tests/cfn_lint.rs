//! What cfn-lint says of every template: nothing, neither error nor warning.
//!
//! Invariant: a linter that is not there fails the test; it is never skipped in silence.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use stacks::Target;

use crate::app;

/// Set by `cargo xtask test`: the pinned linter.
const PROGRAM: &str = "CFN_LINT";

#[test]
fn the_linter_finds_nothing_in_any_template() {
    let program = env::var_os(PROGRAM)
        .unwrap_or_else(|| panic!("{PROGRAM} does not name the linter: run `cargo xtask test`, which installs it"));
    let templates = written(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("cfn-lint"));
    // Where the linter is told no region it takes another than ours.
    let region = contract::name::DEFAULT_REGION;
    let output = Command::new(program).args(["--regions", region, "--template"]).args(&templates).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "cfn-lint ended with {}:\n{said}", output.status);
}

/// Every template of every app, as files.
fn written(folder: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(folder).expect("the folder can be made");
    let apps = [Target::Aws, Target::Local].into_iter().flat_map(app::all);
    let mut paths = Vec::new();
    for app in apps {
        for stack in app::stacks(&app) {
            let path = folder.join(format!("{:?}.{}.{}.json", app.target, app.toggle.as_str(), stack.name()));
            fs::write(&path, stack.to_json()).expect("the template can be written");
            paths.push(path);
        }
    }
    paths
}
