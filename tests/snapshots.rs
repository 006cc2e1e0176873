//! The templates and outlines as they were last approved: `cargo insta review` shows and approves what changed.
//!
//! Invariant: one template and one outline for each stack, environment and toggle, without filters.

use contract::Toggle;
use stacks::{App, Stack, Target};

use crate::app;

/// `CompliCal-API-test` with the toggle off is `api.test.off`.
fn snapshot_name(app: &App, stack: &Stack) -> String {
    let noun = stack.name().split('-').nth(1).unwrap_or_default().to_lowercase();
    format!("{noun}.{}.{}", app.env, app.toggle.as_str())
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn templates_and_outlines_are_as_approved() {
    settings().bind(|| {
        for app in app::all(Target::Aws) {
            for stack in app::stacks(&app) {
                let name = snapshot_name(&app, &stack);
                insta::assert_snapshot!(format!("{name}.outline"), stack.outline());
                insta::assert_snapshot!(format!("{name}.template"), stack.to_json());
            }
        }
    });
}

#[test]
fn the_same_app_gives_the_same_bytes() {
    for target in [Target::Aws, Target::Local] {
        let twice = [app::all(target), app::all(target)].map(|apps| {
            let stacks = apps.iter().flat_map(app::stacks);
            stacks.map(|stack| stack.to_json() + &stack.to_yaml() + &stack.outline()).collect::<Vec<_>>()
        });
        assert_eq!(twice[0], twice[1]);
    }
}

#[test]
fn the_toggle_decides_which_stacks_there_are() {
    for app in app::all(Target::Aws) {
        let names: Vec<String> = app::stacks(&app).iter().map(|stack| stack.name().to_owned()).collect();
        let expected = match app.toggle {
            Toggle::On => vec!["Kinesis", "API", "Dashboard"],
            Toggle::Off => vec!["API"],
        };
        let expected: Vec<String> = expected.iter().map(|noun| format!("CompliCal-{noun}-{}", app.env)).collect();
        assert_eq!(names, expected);
    }
}

#[test]
fn keys_are_sorted_whatever_the_build_makes_of_json() {
    for app in app::all(Target::Aws) {
        for stack in app::stacks(&app) {
            let text = stack.to_json();
            let sections = ["AWSTemplateFormatVersion", "Description", "Outputs", "Parameters", "Resources"];
            let at: Vec<usize> = sections.iter().filter_map(|name| text.find(&format!("\n  \"{name}\""))).collect();
            assert!(at.is_sorted() && at.len() >= 4, "{}", stack.name());
        }
    }
}
