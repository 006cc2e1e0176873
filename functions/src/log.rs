//! What the functions log: one JSON object a line, with Lambda's request id on each that belongs to a request.
//!
//! Invariant: no key, token or cookie is logged at any level. Dependencies log from warnings up, because the runtime
//! and the SDK write whole payloads and headers below that; handlers never log a request.

use tracing_subscriber::EnvFilter;

/// Set by Lambda from the function's logging configuration.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Begins logging to standard output, at the level that Lambda's configuration names, or else `INFO`.
pub fn init() {
    let level = std::env::var(LEVEL).unwrap_or_default();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter(&level))
        .init();
}

/// `lambda_runtime` stays at `info`, where it opens the span that carries the request id.
fn filter(level: &str) -> EnvFilter {
    let level = match level.to_ascii_lowercase().as_str() {
        known @ ("trace" | "debug" | "warn" | "error") => known.to_owned(),
        "fatal" => "error".into(),
        _ => "info".into(),
    };
    EnvFilter::new(format!("warn,lambda_runtime=info,functions={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_makes_a_dependency_log_payloads() {
        for level in ["TRACE", "DEBUG", "INFO", "", "nonsense"] {
            let filter = filter(level).to_string();
            assert!(filter.contains("lambda_runtime=info") && filter.contains("warn"), "{level}: {filter}");
        }
    }

    #[test]
    fn the_level_is_that_of_our_own_lines() {
        assert!(filter("DEBUG").to_string().contains("functions=debug"));
        assert!(filter("FATAL").to_string().contains("functions=error"));
        assert!(filter("").to_string().contains("functions=info"));
    }
}
