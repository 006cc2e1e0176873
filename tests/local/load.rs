//! `load`: its calls are counted as they were answered, Ctrl-C ends it in order, and nobody made for it is left.
//!
//! Invariant: it runs alone, and slowly enough for a machine that starts a process for each call at once.

use std::io::Read as _;

use super::*;

/// A load that has begun.
pub(super) struct Load {
    process: Child,
    arguments: Vec<&'static str>,
}

/// Begins one that comes to its end, and one that would take an hour.
pub(super) fn begin(local: &Local) -> [Load; 2] {
    let whole = "load --local --rate 5 --duration 12s --users 4 --hot 50 --wait 240 --json";
    let endless = "load --local --rate 2 --duration 1h --users 2 --wait 240 --json=lines";
    [whole, endless].map(|line| {
        let arguments: Vec<&str> = line.split(' ').collect();
        Load { process: local.start("on", &arguments), arguments }
    })
}

/// What both say in the end.
pub(super) fn is_counted_as_it_was_answered([whole, endless]: [Load; 2], local: &Local) {
    let lines = interrupted(endless);
    let (report, result) = (&lines[lines.len() - 2]["report"], &lines[lines.len() - 1]);
    assert_eq!((&result["type"], &result["ok"]), (&"result".into(), &true.into()), "{result:#}");
    is_exact(report);
    assert!(report["sent"].as_u64().unwrap() < report["calls"].as_u64().unwrap(), "{report:#}");

    let arguments = whole.arguments.clone();
    let (stdout, stderr) = whole.ended();
    let report = local.read(&arguments, &stdout, &stderr);
    is_exact(&report);
    assert_eq!((&report["sent"], &report["hotPercent"]), (&60.into(), &50.into()), "{report:#}");

    let users = local.json(&["users", "list", "--local", "--json"]);
    let left = users["users"].as_array().unwrap().iter().filter(|user| user.to_string().contains("load-"));
    assert_eq!(left.count(), 0, "{users:#}");
}

fn is_exact(report: &Value) {
    let number = |field: &str| report[field].as_u64().unwrap();
    assert_eq!(report["differing"], serde_json::json!([]), "{report:#}");
    assert_eq!(number("succeeded") + number("uncertain"), number("sent"), "{report:#}");
    let may_be = number("succeeded")..=number("sent");
    assert!(number("succeeded") > 0 && may_be.contains(&number("counted")), "{report:#}");
}

/// Ends a load with Ctrl-C once it calls; the answer is every line that it tells.
fn interrupted(mut load: Load) -> Vec<Value> {
    let mut told = BufReader::new(load.process.stdout.take().unwrap());
    let mut lines = Vec::new();
    let mut has_called = false;
    while !has_called {
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        has_called = line.contains(r#""type":"load""#);
        lines.push(line);
    }
    let interrupt = Command::new("kill").args(["-INT", &load.process.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    load.ended();
    let lines: Vec<String> = lines.into_iter().chain(rest.lines().map(str::to_owned)).collect();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    lines.inspect(|line| schema::check("line", line)).collect()
}

impl Load {
    /// What it has written, once it has ended well.
    fn ended(self) -> (String, String) {
        let Output { status, stdout, stderr } = self.process.wait_with_output().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(status.success(), "{:?}: {status}\n{stdout}\n{stderr}", self.arguments);
        (stdout, stderr)
    }
}
