//! The stream processor: processor time of a record, time of a batch, records a second.
//!
//! Invariant: only the function's process is charged; the Runtime API and the database run in this one.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use runtime_fixture::{Answer, Host, Load, Process, Service};
use xtask::Printer;

use crate::core::OneCore;
use crate::figure::{Figure, median};

/// What DynamoDB takes for a request in the figures that depend on it.
const LATENCY: Duration = Duration::from_millis(5);
/// How often each figure is measured; the median counts.
const ROUNDS: usize = 5;
/// A hundred calls of two hundred users.
const WIDE: Load = Load { name: "of 200 users", calls: 2_000, users: 200, batch: 100, minutes: 1, ..Load::A };
/// What Lambda hands over when there is much to do.
const FULL: Load = Load { name: "full batches", calls: 20_000, batch: contract::limit::BATCH_SIZE as usize, ..WIDE };

/// A processor with a database that answers after a set time.
struct Bench {
    host: Host,
    service: Service,
    process: Process,
}

/// Measures everything.
pub(crate) async fn measure(binary: &Path, printer: &Printer) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (load, original, goal) in [(Load::A, "258 to 344", 26.0), (Load::B, "464 to 768", 46.0)] {
        printer.say(format!("the processor under load {}", load.name));
        let (cpu, requests) = cpu(binary, load).await?;
        let name = format!("processor CPU, µs a record, {}", load.name);
        figures.push(Figure {
            name,
            original,
            goal,
            value: cpu,
            bound: "JSON, gzip and the requests of a batch".into(),
        });
        let name = format!("requests per 1,000 records, {}", load.name);
        let original = if load == Load::A { "480" } else { "1,390" };
        figures.push(Figure {
            name,
            original,
            goal: 48.0,
            value: requests,
            bound: "one `BatchWriteItem` a batch".into(),
        });
    }
    printer.say("the processor with a DynamoDB that takes 5 ms");
    let bench = Bench::start(binary, LATENCY).await?;
    let batch = bench.batch(WIDE).await?;
    let name = "a batch of 100 records of 200 users, DynamoDB at 5 ms, ms".into();
    figures.push(Figure { name, original: "1,070", goal: 30.0, value: batch, bound: "one round trip".into() });
    let throughput = bench.throughput(FULL).await?;
    let name = "records a second through one process, DynamoDB at 5 ms (more is better)".into();
    figures.push(Figure {
        name,
        original: "93",
        goal: 20_000.0,
        value: throughput,
        bound: "CPU of a record, and one round trip a batch".into(),
    });
    Ok(figures)
}

/// Processor time of a record in microseconds, and requests for a thousand records.
async fn cpu(binary: &Path, load: Load) -> Result<(f64, f64)> {
    let _one = OneCore::hold();
    let bench = Bench::start(binary, Duration::ZERO).await?;
    let (mut times, mut requests) = (Vec::new(), 0.0);
    for round in 0..=ROUNDS {
        let batches = payloads(load);
        let (before, asked) = (bench.process.cpu()?, bench.service.requests());
        for batch in batches {
            bench.process(batch).await?;
        }
        // The first round warms up.
        if round > 0 {
            times.push((bench.process.cpu()? - before).as_secs_f64() * 1e6 / load.calls as f64);
            requests = (bench.service.requests() - asked) as f64 * 1_000.0 / load.calls as f64;
        }
    }
    Ok((median(times), requests))
}

fn payloads(load: Load) -> Vec<String> {
    load.batches(Timestamp::now()).map(|batch| batch.event.to_string()).collect()
}

impl Bench {
    async fn start(binary: &Path, latency: Duration) -> Result<Self> {
        let host = Host::start().await;
        let service = Service::start(latency, Vec::new()).await;
        let process = Process::start(binary, &host, &[("AWS_ENDPOINT_URL", &service.endpoint_url)])?;
        let bench = Self { host, service, process };
        for batch in payloads(WIDE) {
            bench.process(batch).await?;
        }
        Ok(bench)
    }

    async fn process(&self, batch: String) -> Result<()> {
        let answer = self.host.invoke(batch).await;
        ensure!(matches!(answer, Answer::Response(_)), "the processor answered {answer:?}");
        Ok(())
    }

    /// Time of a batch in milliseconds, its way through the Runtime API included.
    async fn batch(&self, load: Load) -> Result<f64> {
        let mut times = Vec::new();
        for batch in (0..ROUNDS).flat_map(|_| payloads(load)) {
            let begun = Instant::now();
            self.process(batch).await?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Ok(median(times))
    }

    /// Records a second, one batch after the other, as Lambda invokes one process.
    async fn throughput(&self, load: Load) -> Result<f64> {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            let batches = payloads(load);
            let begun = Instant::now();
            for batch in batches {
                self.process(batch).await?;
            }
            rates.push(load.calls as f64 / begun.elapsed().as_secs_f64());
        }
        Ok(median(rates))
    }
}
