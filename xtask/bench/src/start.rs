//! Each function's start: from the start of the process to its first poll of the Runtime API, and its package.
//!
//! Invariant: the worst function is the one that is named.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use contract::function::AUTHORIZER_KINESIS_HANDLER;
use contract::variable::HANDLER;
use runtime_fixture::{Host, Process};
use xtask::package::Package;
use xtask::{Printer, build};

use crate::figure::{Figure, median};

/// Starts of each function; the median counts.
const STARTS: usize = 15;
/// A function that has not polled by then never will.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures every function.
pub(crate) async fn measure(packages: &[Package], printer: &Printer) -> Result<Vec<Figure>> {
    printer.say("the start of every function");
    let (mut times, mut sizes, mut zips) = (Vec::new(), Vec::new(), Vec::new());
    for package in packages {
        let (milliseconds, megabytes) = start(package).await?;
        times.push(milliseconds);
        sizes.push(megabytes);
        let zip = std::fs::metadata(&package.zip).with_context(|| package.zip.display().to_string())?;
        zips.push(zip.len() as f64 / 1e6);
    }
    let worst = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
    let figure = |name: &str, original, goal, value, bound: &'static str| Figure {
        name: name.into(),
        original,
        goal,
        value,
        bound: bound.into(),
    };
    Ok(vec![
        figure(
            "start to the first poll, ms, worst function",
            "72 to 78",
            6.0,
            worst(times),
            "the process and its TLS roots",
        ),
        figure(
            "memory at the first poll, MiB, worst function",
            "56",
            8.0,
            worst(sizes),
            "the pages of the binary that a start touches",
        ),
        figure("package, zipped, MB, worst function", "", 2.5, worst(zips), "the SDK clients that it has"),
    ])
}

/// Milliseconds to the first poll, and MiB resident then.
async fn start(package: &Package) -> Result<(f64, f64)> {
    let binary = build::built_for_lambda(package.function);
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let host = Host::start().await;
        let begun = Instant::now();
        let process = Process::start(&binary, &host, &[(HANDLER, AUTHORIZER_KINESIS_HANDLER)])?;
        let polled = tokio::time::timeout(PATIENCE, host.polled(0)).await;
        polled.with_context(|| format!("{} does not poll", package.function.binary()))?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        sizes.push(process.resident()? as f64 / f64::from(1 << 20));
        process.kill().await?;
    }
    Ok((median(times), median(sizes)))
}
