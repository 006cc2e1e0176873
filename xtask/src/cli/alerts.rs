//! `alerts`: its commands and their flags.
//!
//! Invariant: a subscription is named by where it goes, in each of them.

use clap::{Args, Subcommand};
use metering::email::Email;

use super::Cloud;

/// `alerts`.
#[derive(Args, Debug)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask alerts subscribe --email me@example.com")]
pub struct Alerts {
    /// What to do with them.
    #[command(subcommand)]
    pub command: AlertsCommand,
}

/// Where alerts go.
#[derive(Args, Clone, Debug)]
#[group(required = true)]
pub struct Subscriber {
    /// An address; whoever reads its mail has to confirm
    #[arg(long, value_name = "EMAIL")]
    pub email: Option<Email>,
    /// An endpoint, such as https://example.com/alerts; it has to confirm what SNS posts to it first
    #[arg(long, value_name = "URL", value_parser = url)]
    pub https: Option<String>,
}

/// The commands of `alerts`.
#[derive(Subcommand, Debug)]
pub enum AlertsCommand {
    /// Have alerts sent to an e-mail address or an HTTPS endpoint
    #[command(
        after_help = "Output: where alerts go once that is confirmed; with --json one JSON document with it. An \
                            endpoint is posted each alert's CloudEvent, as JSON.\n\
                            Exit status: 0 asked for, or there already; 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask alerts subscribe --https https://example.com/alerts --user \
                            user@example.com"
    )]
    Subscribe {
        #[command(flatten)]
        cloud: Cloud,
        #[command(flatten)]
        subscriber: Subscriber,
        /// Only what is of this user [default: the alerts of all]
        #[arg(long, value_name = "EMAIL")]
        user: Option<Email>,
        /// Usage reports instead of alerts: everybody's, or with --user those of one user
        #[arg(long)]
        reports: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// List the subscriptions, and the alerts of a user in this month
    #[command(after_help = "Output: one line for each subscription, with whose alerts it gets and whether it is \
                            confirmed, then one for each alert; with --json one JSON document with them.\n\
                            Exit status: 0 listed, 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask alerts list --user user@example.com --json")]
    List {
        #[command(flatten)]
        cloud: Cloud,
        /// Whose alerts of this month (UTC) to list, sent or waiting
        #[arg(long, value_name = "EMAIL")]
        user: Option<Email>,
        /// The subscriptions to usage reports
        #[arg(long, conflicts_with = "user")]
        reports: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// End a subscription
    #[command(
        after_help = "Output: where alerts go no more; with --json one JSON document with it. A subscription that \
                            nobody has confirmed cannot be ended, and ends by itself after two days.\n\
                            Exit status: 0 ended, 1 failed or there is no such subscription, 2 wrong usage.\n\
                            Example: cargo xtask alerts unsubscribe --email me@example.com"
    )]
    Unsubscribe {
        #[command(flatten)]
        cloud: Cloud,
        #[command(flatten)]
        subscriber: Subscriber,
        /// A subscription to usage reports
        #[arg(long)]
        reports: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Reads the address of an endpoint. On this machine, where the local system posts to, it may be without TLS.
fn url(text: &str) -> Result<String, String> {
    let loopback = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| text.starts_with(start));
    let host = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if (host || loopback) && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Ok(text.to_owned())
    } else {
        Err("it must begin with https:// and a host".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_tls_or_is_on_this_machine() {
        for good in ["https://example.com/alerts", "https://example.com:8443", "http://127.0.0.1:9/a"] {
            assert_eq!(url(good).unwrap(), good);
        }
        for bad in ["http://example.com/", "https://", "https:///a", "example.com", "https://a b", "https://a\n"] {
            assert!(url(bad).is_err(), "{bad:?}");
        }
    }
}
