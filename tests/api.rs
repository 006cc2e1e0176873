//! The description of the API as it was last approved: the document that is served, and the page for people.
//!
//! Invariant: both are what the code makes of its routes and types. `INSTA_UPDATE=always` writes them anew.

use std::path::Path;

#[test]
fn the_document_and_the_page_of_the_api_are_as_approved() {
    for (path, text) in [("snapshots/openapi.json", openapi::text()), ("API.md", openapi::page::text())] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            std::fs::write(&file, &text).unwrap();
        }
        let approved = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            approved == text,
            "{path} is not what the code makes: run this test with INSTA_UPDATE=always and review it"
        );
    }
}

#[test]
fn the_same_code_gives_the_same_document() {
    assert_eq!(openapi::text(), openapi::text());
}
