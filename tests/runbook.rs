//! The runbook against the alarms of the templates.
//!
//! Invariant: whoever is woken finds a section that says what it means, where to look and what to do.

use std::collections::BTreeSet;

use serde_json::Value;
use stacks::Target;
use stacks::runbook::Section;

use crate::app;

const RUNBOOK: &str = include_str!("../RUNBOOK.md");
const README: &str = include_str!("../README.md");
/// What each section says, in this order.
const PARTS: [&str; 3] = ["**Means.** ", "**Look.** ", "**Do.** "];

/// Each section with its link, as GitHub makes it of the heading.
fn sections() -> Vec<(String, &'static str)> {
    let sections = RUNBOOK.split("\n## ").skip(1);
    let link = |heading: &str| format!("RUNBOOK.md#{}", heading.to_lowercase().replace(' ', "-"));
    sections.map(|section| section.split_once('\n').unwrap()).map(|(heading, text)| (link(heading), text)).collect()
}

#[test]
fn the_runbook_has_every_section_and_each_says_what_it_means_where_to_look_and_what_to_do() {
    let links: Vec<String> = sections().into_iter().map(|(link, _)| link).collect();
    assert_eq!(links, Section::ALL.map(Section::link));
    for (link, text) in sections() {
        let paragraphs: Vec<&str> = text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).collect();
        assert_eq!(paragraphs.len(), PARTS.len(), "{link}");
        for (paragraph, part) in paragraphs.iter().zip(PARTS) {
            assert!(paragraph.trim_start().starts_with(part), "{link} has no {part}");
        }
    }
    assert!(README.contains("(RUNBOOK.md)"), "the README does not lead to the runbook");
}

#[test]
fn every_alarm_leads_to_its_section_and_every_section_is_led_to() {
    let known: BTreeSet<&str> = Section::ALL.map(Section::link).into();
    let mut used = BTreeSet::new();
    for stack in app::all(Target::Aws).iter().flat_map(app::stacks) {
        let template: Value = serde_json::from_str(&stack.to_json()).unwrap();
        for (id, resource) in template["Resources"].as_object().unwrap() {
            if resource["Type"] == "AWS::CloudWatch::Alarm" {
                let description = resource["Properties"]["AlarmDescription"].as_str().unwrap();
                let link = description.rsplit(' ').next().unwrap();
                used.insert(*known.get(link).unwrap_or_else(|| panic!("{id} leads nowhere: {description}")));
            }
        }
    }
    assert_eq!(used, known);
}
