//! What the functions log: one JSON object a line, with Lambda's request id on each that belongs to a request.
//!
//! Invariant: no key, token or cookie is logged at any level. Dependencies log from warnings up, because the runtime
//! and the SDK write whole payloads and headers below that; handlers never log a request.

use tracing_subscriber::EnvFilter;

/// Set by Lambda from the function's logging configuration.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Leaves out what the runtime says of each error that a handler returns.
const NO_RETURNED_ERRORS: &str = "lambda_runtime::layers::panic=off";

/// Begins logging to standard output, at the level that Lambda's configuration names, or else `INFO`.
pub fn init() {
    begin(filter(&level()));
}

/// As [`init`], for a function that itself says why it returns an error: most of the authorizer's are a caller's fault.
/// A panic is on standard error all the same.
pub fn init_without_returned_errors() {
    begin(without_returned_errors(&level()));
}

fn level() -> String {
    std::env::var(LEVEL).unwrap_or_default()
}

fn begin(filter: String) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(filter))
        .init();
}

/// `lambda_runtime` stays at `info`, where it opens the span that carries the request id.
fn filter(level: &str) -> String {
    let level = match level.to_ascii_lowercase().as_str() {
        known @ ("trace" | "debug" | "warn" | "error") => known.to_owned(),
        "fatal" => "error".into(),
        _ => "info".into(),
    };
    format!("warn,lambda_runtime=info,functions={level}")
}

fn without_returned_errors(level: &str) -> String {
    format!("{},{NO_RETURNED_ERRORS}", filter(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_makes_a_dependency_log_payloads() {
        for level in ["TRACE", "DEBUG", "INFO", "", "nonsense"] {
            let filter = filter(level);
            assert!(filter.contains("lambda_runtime=info") && filter.contains("warn"), "{level}: {filter}");
        }
    }

    #[test]
    fn the_level_is_that_of_our_own_lines() {
        assert!(filter("DEBUG").contains("functions=debug"));
        assert!(filter("FATAL").contains("functions=error"));
        assert!(filter("").contains("functions=info"));
    }
    #[test]
    fn an_error_that_is_answered_is_no_line_of_the_runtime_where_the_function_has_its_own() {
        let errors = |filter: String| {
            let subscriber =
                tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::sink);
            tracing::subscriber::with_default(subscriber.finish(), || {
                let returned = tracing::enabled!(target: "lambda_runtime::layers::panic", tracing::Level::ERROR);
                (returned, tracing::enabled!(target: "lambda_runtime::runtime", tracing::Level::ERROR))
            })
        };
        assert_eq!(errors(filter("")), (true, true));
        assert_eq!(errors(without_returned_errors("")), (false, true));
    }
}
