//! What the functions log: one JSON object a line, with Lambda's request id on each that belongs to a request.
//!
//! Invariant: no key, token or cookie is logged at any level. Dependencies log from warnings up, because the runtime
//! and the SDK write whole payloads and headers below that; handlers never log a request.

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

/// Set by Lambda from the function's logging configuration.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";
const RUNTIME: &str = "lambda_runtime";
/// Where the runtime says what each error is that a handler returns.
const RETURNED_ERRORS: &str = "lambda_runtime::layers::panic";

/// Begins logging to standard output, at the level that Lambda's configuration names, or else `INFO`.
pub fn init() {
    lines(targets(&level()), std::io::stdout).init();
}

/// As [`init`], for a function that itself says why it returns an error: most of the authorizer's are a caller's fault.
/// A panic is on standard error all the same.
pub fn init_without_returned_errors() {
    lines(without_returned_errors(&level()), std::io::stdout).init();
}

fn level() -> String {
    std::env::var(LEVEL).unwrap_or_default()
}

/// Writes one line for what the targets let through.
pub(crate) fn lines(
    targets: Targets,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer);
    tracing_subscriber::registry().with(targets).with(lines.with_current_span(true).with_span_list(false))
}

/// Not an `EnvFilter`, whose regular expressions would be a twelfth of each package. `lambda_runtime` stays at `info`,
/// where it opens the span that carries the request id.
pub(crate) fn targets(level: &str) -> Targets {
    let level = match level.to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "warn" => LevelFilter::WARN,
        "error" | "fatal" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    };
    let targets = Targets::new().with_default(LevelFilter::WARN);
    targets.with_target(RUNTIME, LevelFilter::INFO).with_target(env!("CARGO_CRATE_NAME"), level)
}

fn without_returned_errors(level: &str) -> Targets {
    targets(level).with_target(RETURNED_ERRORS, LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn no_level_makes_a_dependency_log_payloads() {
        for level in ["TRACE", "DEBUG", "INFO", "", "nonsense"] {
            let targets = targets(level);
            assert!(targets.would_enable("lambda_runtime::runtime", &Level::INFO), "{level}");
            assert!(!targets.would_enable("lambda_runtime::runtime", &Level::DEBUG), "{level}");
            assert!(targets.would_enable("aws_smithy_runtime::client", &Level::WARN), "{level}");
            assert!(!targets.would_enable("aws_smithy_runtime::client", &Level::INFO), "{level}");
        }
    }

    #[test]
    fn the_level_is_that_of_our_own_lines() {
        let ours = |level: &str, of: Level| targets(level).would_enable("functions::authorizer", &of);
        assert_eq!((ours("DEBUG", Level::DEBUG), ours("DEBUG", Level::TRACE)), (true, false));
        assert_eq!((ours("", Level::INFO), ours("", Level::DEBUG)), (true, false));
        assert_eq!((ours("FATAL", Level::ERROR), ours("FATAL", Level::WARN)), (true, false));
    }

    #[test]
    fn an_error_that_is_answered_is_no_line_of_the_runtime_where_the_function_has_its_own() {
        let returned = |targets: Targets| targets.would_enable(RETURNED_ERRORS, &Level::ERROR);
        assert!(returned(targets("")));
        assert!(!returned(without_returned_errors("")));
        assert!(without_returned_errors("").would_enable("lambda_runtime::runtime", &Level::ERROR));
    }
}
