//! `status`: once, or again and again.
//!
//! Invariant: one look needs no terminal.

use clap::Args;

use super::{Cloud, Json};

/// `status`.
#[derive(Args, Debug)]
#[command(after_help = "Output: one screen of figures of the last hour; with --json one JSON document, with --watch \
                        --json=lines one a line.\n\
                        Exit status: 0 shown, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask status --watch")]
pub struct Status {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Show it again every five seconds, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}
