//! `errors`: its commands and their flags.
//!
//! Invariant: a record is named the same way in each of them.

use clap::{Args, Subcommand};

use super::Cloud;
use super::number::whole;
use super::text::line;

/// More would not be read by anybody, and each is a request or a part of one.
const MAX_LISTED: u32 = 10_000;

/// `errors`.
#[derive(Args, Debug)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask errors list --json")]
pub struct Errors {
    /// What to do with them.
    #[command(subcommand)]
    pub command: ErrorsCommand,
}

/// The commands of `errors`.
#[derive(Subcommand, Debug)]
pub enum ErrorsCommand {
    /// List the failed records, newest first
    #[command(after_help = "Output: one line for each record and each batch that was given up, with its id, the \
                            reason and its size; with --json one JSON document with them.\n\
                            Exit status: 0 listed, 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask errors list --limit 100")]
    List {
        #[command(flatten)]
        cloud: Cloud,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole(1..=MAX_LISTED), allow_negative_numbers = true)]
        limit: u32,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Show one failed record with its data
    #[command(after_help = "Output: why and when it failed, and its bytes; with --json one JSON document with them.\n\
                            Exit status: 0 shown, 1 failed or no such record, 2 wrong usage.\n\
                            Example: cargo xtask errors show 2026-11-24T10:15:31.000Z#shardId-000000000000#49")]
    Show {
        #[command(flatten)]
        cloud: Cloud,
        /// The record's id, as `list` prints it
        #[arg(value_name = "ID", value_parser = line)]
        id: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Put failed records on the stream again; one that is counted already is not counted again
    #[command(after_help = "Output: one line for each record or batch, with what became of it; with --json one JSON \
                            document with them.\n\
                            Exit status: 0 done, 1 failed or the one named was not replayed, 2 wrong usage.\n\
                            Example: cargo xtask errors replay --json")]
    Replay {
        #[command(flatten)]
        cloud: Cloud,
        /// The record's id, as `list` prints it [default: all of them]
        #[arg(value_name = "ID", value_parser = line, conflicts_with = "from_log")]
        id: Option<String>,
        /// Instead, the events of the last eight days that the authorizer could write nowhere but into its log
        #[arg(long)]
        from_log: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}
