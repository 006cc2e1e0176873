//! `report`: the usage report of a period, made here by what makes those of the schedule.
//!
//! Invariant: its figures are read from the same windows by the same code; nothing is written unless all of it can be.

use std::fs;

use anyhow::{Context as _, Result};
use contract::{Environment, name};
use functions::analytics_api::AnalyticsApi;
use functions::http::Failure as Unanswered;
use jiff::Timestamp;
use metering::window::iso_millis;
use report::{Period, Report, Whose, csv, html};
use serde_json::json;
use store::table::Table;
use xtask::cli;
use xtask::{Failure, Printer};

use cloud::Connection;
use cloud::pricing::number::thousands;

/// The command.
///
/// # Errors
/// When the period is not over, nothing is kept of it, a table cannot be read, or a file not be written.
pub async fn run(args: &cli::Report, printer: &Printer) -> Result<()> {
    let period = args.period.get().context("a period is required")?;
    let whose = match (&args.email, &args.company) {
        (Some(email), _) => Whose::User(email.as_str().to_owned()),
        (None, Some(company)) => Whose::Company(company.clone()),
        (None, None) => Whose::Everybody,
    };
    let api = api(&Connection::open(&args.cloud).await?, &args.cloud.env.env);
    let made = api.report(&whose, period, Timestamp::now()).await;
    let report = made.map_err(|cause| failed(&whose, period, &cause))?;
    let page = args.out.join(format!("{}.html", file_name(&report)));
    let table = page.with_extension("csv");
    let place = || args.out.display().to_string();
    fs::create_dir_all(&args.out).with_context(place)?;
    fs::write(&page, html(&report)).with_context(|| page.display().to_string())?;
    fs::write(&table, csv(&report)).with_context(|| table.display().to_string())?;
    let (page, table) = (page.display().to_string(), table.display().to_string());
    if args.json {
        printer.json(&json!({
            "period": period.to_string(), "from": iso_millis(period.begins_at()), "to": iso_millis(period.ends_at()),
            "userEmail": args.email, "companyName": args.company, "apiCalls": report.whole.api_calls,
            "errors": report.whole.errors, "rateLimited": report.whole.rate_limited,
            "asOf": iso_millis(report.as_of), "html": page, "csv": table,
        }));
    } else {
        let calls = thousands(report.whole.api_calls);
        printer.data(format!("{}: {calls} calls, in {page} and {table}", report.title()));
    }
    Ok(())
}

fn api(connection: &Connection, env: &Environment) -> AnalyticsApi {
    let table = |name| Table::new(connection.dynamodb(), name);
    AnalyticsApi::new(table(name::analytics_table(env)), table(name::usage_table(env)), table(name::keys_table(env)))
}

fn failed(whose: &Whose, period: Period, cause: &Unanswered) -> Failure {
    let of = match whose {
        Whose::Everybody => "everybody",
        Whose::Company(name) | Whose::User(name) => name,
    };
    let failure = Failure::new(format!("no report of {of} for {period}: {cause}"));
    match cause {
        Unanswered::BadRequest(_) => failure.hint(format!(
            "a period has a report from some minutes after its end, for {} days",
            contract::limit::HISTORY_DAYS
        )),
        _ => failure,
    }
}

/// A name for the files: the period, and whose, with nothing in it that a file system reads otherwise.
fn file_name(report: &Report) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "@.-_+".contains(c) { c } else { '_' };
    match &report.whose {
        Whose::Everybody => format!("usage-{}", report.period),
        Whose::Company(name) | Whose::User(name) => {
            format!("usage-{}-{}", report.period, name.chars().map(plain).collect::<String>())
        }
    }
}
