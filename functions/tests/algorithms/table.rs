//! The README's table: what each algorithm loses and doubles, and what a call costs with it.
//!
//! Invariant: the README holds what was measured, to the letter. With `UPDATE_README=1` in the environment it is
//! written there.

use std::thread::JoinHandle;

use runtime_fixture::Load;

use super::add::Add;
use super::claim::Claim;
use super::disturbance::{Deviation, Disturbance};
use super::marker::Marker;
use super::merge::Merge;
use super::remember::Remember;
use super::transaction::Transaction;
use super::*;
use crate::write_units;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
const BEGIN: &str = "<!-- measured by functions/tests/cost.rs -->\n";
const END: &str = "<!-- end -->";

struct Row {
    name: &'static str,
    deviations: Vec<Deviation>,
    write_units: Option<[f64; 2]>,
}

impl Row {
    async fn of<A: Algorithm>() -> Self {
        let mut deviations = Vec::new();
        for disturbance in Disturbance::ALL {
            deviations.push(disturbance.deviation::<A>().await);
        }
        let write_units = match A::IN_DYNAMODB {
            true => Some([write_units::<A>(A::part_of(Load::A)).await, write_units::<A>(A::part_of(Load::C)).await]),
            false => None,
        };
        Self { name: A::NAME, deviations, write_units }
    }

    fn line(&self) -> String {
        let deviations = self.deviations.iter().map(Deviation::to_string);
        let units =
            self.write_units.map_or_else(|| ["–", "–"].map(String::from), |units| units.map(|n| format!("{n:.0}")));
        let cells: Vec<String> = deviations.chain(units).collect();
        format!("| {} | {} |\n", self.name, cells.join(" | "))
    }
}

fn table(rows: &[Row]) -> String {
    let names: Vec<_> = Disturbance::ALL.iter().map(|disturbance| disturbance.name()).collect();
    let head =
        format!("| | {} | units, A | units, C |\n|---{}\n", names.join(" | "), "|---".repeat(names.len() + 2) + "|");
    head + &rows.iter().map(Row::line).collect::<String>()
}

/// A row's measurement, on a thread of its own.
fn measure<A: Algorithm>() -> JoinHandle<Row> {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Row::of::<A>())
    })
}

#[test]
fn the_readme_says_what_others_lose_and_double_and_what_they_cost() {
    let rows = [
        measure::<Add>(),
        measure::<Marker>(),
        measure::<Transaction>(),
        measure::<Claim>(),
        measure::<Remember>(),
        measure::<Merge>(),
        measure::<Blocks>(),
    ];
    let rows = rows.map(|row| row.join().unwrap());
    let exact = |row: &Row| row.deviations.iter().all(|deviation| (deviation.lost, deviation.doubled) == (0, 0));
    assert!(rows.last().is_some_and(exact), "this system is not exact");
    let table = table(&rows);
    let readme = std::fs::read_to_string(README).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("README.md has the table's beginning");
    let (there, after) = rest.split_once(END).expect("README.md has the table's end");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(README, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(there, table, "the table in README.md is not what was measured: UPDATE_README=1 writes it");
    }
}
