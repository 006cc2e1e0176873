//! `export`, killed between two pages and run again.
//!
//! Invariant: what an interrupted export comes to is, byte for byte, what one comes to that is let alone.

use super::*;

/// The user with most calls of those that `--demo` plays: some pages of them.
const EMAIL: &str = "user@example.com";
/// Pages that have come when the export is killed.
const PAGES: usize = 2;

/// The export of some days that are over.
pub(super) fn one_that_is_killed_goes_on_where_it_was(local: &Local, [from, to]: [&str; 2]) {
    local.json(&["users", "reset-password", "--local", "--json", "--email", EMAIL]);
    let files = ["whole.csv", "killed.csv"].map(|name| local.folder.join(name));
    let [whole, killed] = files.each_ref().map(|file| {
        let out = ["--out", file.to_str().unwrap()];
        [&["export", "--local", "--json", "--email", EMAIL, "--from", from, "--to", to][..], &out].concat()
    });
    let expected = local.json(&whole);

    let mut export = local.start("on", &killed);
    let story = BufReader::new(export.stderr.take().unwrap()).lines().map(Result::unwrap);
    let pages = story.filter(|line| line.ends_with(" calls") && line.contains(" of ")).take(PAGES).count();
    export.kill().unwrap();
    let ended = export.wait_with_output().unwrap();
    assert!(pages == PAGES && ended.stdout.is_empty() && !files[1].exists(), "{pages} pages, {ended:?}");

    let (stdout, story) = local.ends("on", &killed, 0);
    assert!(story.contains("going on after "), "{story}");
    let found = local.read(&killed, &stdout, &story);
    assert_eq!((&found["calls"], &found["from"], &found["to"]), (&expected["calls"], &from.into(), &to.into()));
    let [whole, killed] = files.map(|file| std::fs::read_to_string(file).unwrap());
    assert!(killed == whole, "the files differ");
    assert_eq!(killed.lines().count() as u64, 1 + expected["calls"].as_u64().unwrap());
}
