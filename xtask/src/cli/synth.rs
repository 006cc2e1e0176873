//! `synth`: where templates are written to, and how.
//!
//! Invariant: it takes nothing of an account.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Arch, Env};

/// How a template is written.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// What is deployed
    Json,
    /// For reading
    Yaml,
}

/// `synth`.
#[derive(Args, Debug)]
#[command(after_help = "Output: the path of each template written. No network, no credentials, no Lambda build; the \
                        same bytes every time.\n\
                        Exit status: 0 written, 1 failed, 2 wrong usage.\n\
                        Example: ENABLE_KINESIS_ANALYTICS=true cargo xtask synth --out /tmp/templates --format yaml")]
pub struct Synth {
    #[command(flatten)]
    pub env: Env,
    /// The folder to write to [default: target/synth/<ENV>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The format of the templates
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
    /// The processor that the functions run on
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    pub arch: Arch,
    /// Leave out what the local system cannot take, and say what that is
    #[arg(long)]
    pub local: bool,
}
