//! All that a reviewer looks at, as lines and as JSON: changes, code, drift, and what it costs to have it.
//!
//! Invariant: both show the same; what was not asked for or cannot be known is null, never empty.

use cloudformation::impact::{Finding, Impact};
use serde_json::{Value, json};

use super::code::{Code, CodeChange};
use super::drift::Drift;
use super::stack_diff::StackDiff;

/// What a deploy would do, and what was done past it.
#[derive(Clone, Debug)]
pub struct Review {
    pub reports: Vec<StackDiff>,
    /// The functions' code; nothing without an account.
    pub code: Option<Vec<Code>>,
    /// What was changed past CloudFormation; nothing where it was not asked for.
    pub drift: Option<Vec<Drift>>,
    /// A month of the stacks without a call.
    pub standing: StandingCost,
}

/// What the stacks cost because they are there, in US dollars a month.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingCost {
    /// As they are.
    pub before: f64,
    /// As they would be.
    pub after: f64,
    /// The date of the prices.
    pub prices_of: String,
}

impl Review {
    /// Whether there is anything to deploy, or to bring back.
    pub fn differs(&self) -> bool {
        self.n_changes() + self.n_functions() + self.n_drifted() > 0
    }

    /// The review for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for report in &self.reports {
            lines.extend(report.lines());
            let own = self.code.iter().flatten().filter(|code| code.stack == report.stack);
            lines.extend(own.filter_map(Code::line));
        }
        lines.extend(self.drift.iter().flatten().flat_map(Drift::lines));
        lines.extend(self.standing.line());
        lines
    }

    /// The whole in one line.
    pub fn summary(&self) -> String {
        let plural = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
        let mut parts = Vec::new();
        match self.n_changes() {
            0 => {}
            n => parts.push(plural(n, "change", "changes")),
        }
        for mark in
            [Impact::Replaces, Impact::MayReplace, Impact::LosesData, Impact::Unprotects, Impact::BroadensAccess]
        {
            match self.n_marked(mark) {
                0 => {}
                n => parts.push(format!("{n} {mark}")),
            }
        }
        match self.n_functions() {
            0 => {}
            n => parts.push(format!("the code of {}", plural(n, "function", "functions"))),
        }
        match self.n_drifted() {
            0 => {}
            n => parts.push(format!("{} drifted", plural(n, "resource", "resources"))),
        }
        if parts.is_empty() { "nothing would change".to_owned() } else { parts.join(", ") }
    }

    /// What has to be known of the code beside the changes, if anything.
    pub fn note_of_code(&self) -> Option<String> {
        let Some(code) = &self.code else { return Some("the code of the functions is not compared".to_owned()) };
        let unknown =
            code.iter().filter(|code| code.change() == CodeChange::Unknown).map(|code| code.function.binary());
        let unknown: Vec<&str> = unknown.collect();
        let names = unknown.join(", ");
        (!unknown.is_empty()).then(|| format!("not built here, so whether its code would change is unknown: {names}"))
    }

    /// The document of `--json`.
    pub fn to_json(&self) -> Value {
        let Self { reports, code, drift, standing } = self;
        let StandingCost { before, after, prices_of } = standing;
        json!({
            "stacks": reports.iter().map(StackDiff::to_json).collect::<Vec<_>>(),
            "functions": code.as_ref().map(|code| code.iter().map(Code::to_json).collect::<Vec<_>>()),
            "drift": drift.as_ref().map(|drift| drift.iter().map(Drift::to_json).collect::<Vec<_>>()),
            "standingCost": {"before": cents(*before), "after": cents(*after), "currency": "USD", "pricesOf": prices_of},
            "summary": {
                "changes": self.n_changes(),
                "functions": self.n_functions(),
                "drifted": self.n_drifted(),
                "replaces": self.n_marked(Impact::Replaces),
                "mayReplace": self.n_marked(Impact::MayReplace),
                "losesData": self.n_marked(Impact::LosesData),
                "unprotectsData": self.n_marked(Impact::Unprotects),
                "widensAccess": self.n_marked(Impact::BroadensAccess),
            },
        })
    }

    fn n_changes(&self) -> usize {
        self.reports.iter().map(|report| report.changes.len()).sum()
    }

    fn n_functions(&self) -> usize {
        self.code.iter().flatten().filter(|code| matches!(code.change(), CodeChange::Changes | CodeChange::New)).count()
    }

    fn n_drifted(&self) -> usize {
        self.drift.iter().flatten().map(|drift| drift.resources.len()).sum()
    }

    fn n_marked(&self, mark: Impact) -> usize {
        let findings = self.reports.iter().flat_map(|report| &report.findings);
        findings.filter(|finding: &&Finding| finding.mark == mark).count()
    }
}

impl StandingCost {
    /// What changes, in one line; nothing where it costs the same.
    fn line(&self) -> Option<String> {
        let Self { before, after, prices_of } = self;
        let difference = after - before;
        (difference.abs() >= 0.005).then(|| {
            format!(
                "standing cost: {before:.2} $ -> {after:.2} $ a month ({difference:+.2} $; list prices of {prices_of}, \
                 traffic comes on top: `cost`)"
            )
        })
    }
}

fn cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use contract::Function;

    use super::*;
    use crate::diff::drift::{Drifted, Verdict};

    fn stream(name: &str, hours: u32) -> Value {
        json!({"Resources": {"UsageStream": {"Type": "AWS::Kinesis::Stream",
            "Properties": {"Name": name, "RetentionPeriodHours": hours, "ShardCount": 2}}}})
    }

    fn review(new: &Value) -> Review {
        let reports = vec![StackDiff::of("S", Some(&stream("a", 168)), new)];
        let standing = StandingCost { before: 10.0, after: 10.0, prices_of: "2026-11-23".into() };
        Review { reports, code: Some(Vec::new()), drift: None, standing }
    }

    fn code(deployed: &str, built: Option<&str>) -> Code {
        let (deployed, built) = (Some(deployed.to_owned()), built.map(str::to_owned));
        Code { function: Function::StreamProcessor, stack: "S".into(), deployed, built }
    }

    #[test]
    fn the_summary_counts_what_a_reviewer_must_not_miss() {
        let review = review(&stream("b", 24));
        assert_eq!(review.summary(), "2 changes, 1 REPLACES, 2 LOSES DATA");
        assert_eq!(review.to_json()["summary"]["losesData"], 2);
        assert_eq!(review.to_json()["drift"], Value::Null);
    }

    #[test]
    fn nothing_to_deploy_and_nothing_to_bring_back_is_no_difference() {
        let same = review(&stream("a", 168));
        assert!(!same.differs());
        assert_eq!(same.summary(), "nothing would change");
        assert_eq!(same.lines(), ["S: no changes"]);
    }

    #[test]
    fn other_code_is_a_difference_and_code_that_was_not_built_is_said_to_be_unknown() {
        let mut other = review(&stream("a", 168));
        other.code = Some(vec![code("a/1.zip", Some("a/2.zip"))]);
        assert!(other.differs());
        assert_eq!(other.summary(), "the code of 1 function");
        assert_eq!(other.lines()[1], "  ~ StreamProcessor AWS::Lambda::Function Properties.Code: 1.zip -> 2.zip");
        other.code = Some(vec![code("a/1.zip", None)]);
        assert!(!other.differs());
        assert!(other.note_of_code().unwrap().ends_with("is unknown: stream-processor"));
    }

    #[test]
    fn drift_is_a_difference() {
        let mut drifted = review(&stream("a", 168));
        let resource = Drifted {
            logical_id: "Rule".into(),
            resource_type: "AWS::Events::Rule".into(),
            is_deleted: true,
            differences: Vec::new(),
        };
        let drift = Drift { stack: "S".into(), verdict: Verdict::Drifted, resources: vec![resource], scaling: None };
        drifted.drift = Some(vec![drift]);
        assert!(drifted.differs());
        assert_eq!(drifted.summary(), "1 resource drifted");
    }

    #[test]
    fn a_month_that_costs_more_is_one_line() {
        let mut dearer = review(&stream("a", 168));
        dearer.standing.after = 38.47;
        let line = dearer.lines().pop().unwrap();
        assert!(line.starts_with("standing cost: 10.00 $ -> 38.47 $ a month (+28.47 $; list prices of"), "{line}");
    }
}
