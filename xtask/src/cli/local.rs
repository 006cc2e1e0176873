//! `local`: its commands and their flags.
//!
//! Invariant: without a command it is `up`.

use clap::{Args, Subcommand};

use super::Env;
use super::number::whole;

/// What `local` and `local up` say of themselves, which are one command.
const UP: &str = "Output: where it is, a key and tokens; with --json one JSON document with endpointUrl, \
                  apiUrl, apiKey, userEmail, userToken, adminToken and dashboardUrl, printed when it is ready.\n\
                  Everything binds to 127.0.0.1. What it stores is under target/local, or the folder that \
                  COMPLICAL_LOCAL_DIR names, and survives a restart.\n\
                  --demo plays four weeks of made-up calls before it is ready, which takes a minute; what is stored \
                  is not played again.\n\
                  Here ENABLE_KINESIS_ANALYTICS counts as on where it is unset; off leaves the stream out.\n\
                  Exit status: 0 done, 1 failed, 2 wrong usage.\n\
                  Example: cargo xtask local --detach --json";

/// `local`.
#[derive(Args, Debug)]
#[command(after_help = UP)]
pub struct Local {
    /// What to do with it [default: up].
    #[command(subcommand)]
    pub command: Option<LocalCommand>,
    #[command(flatten)]
    pub up: LocalUp,
}

impl Local {
    /// Whether it is to be started, rather than stopped.
    pub fn is_up(&self) -> bool {
        matches!(self.command, None | Some(LocalCommand::Up(_)))
    }
}

/// The commands of `local`.
#[derive(Subcommand, Debug)]
pub enum LocalCommand {
    /// Start it and deploy to it, until Ctrl-C
    #[command(after_help = UP)]
    Up(LocalUp),
    /// Stop what runs in the background
    #[command(after_help = "Output: none; what it stored is there again at the next start.\n\
                            Exit status: 0 stopped or not running, 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask local down")]
    Down {
        #[command(flatten)]
        env: Env,
    },
    /// Stop it and remove what it has stored
    #[command(after_help = "Output: none.\n\
                            Exit status: 0 removed, 1 failed, 2 wrong usage.\n\
                            Example: cargo xtask local reset")]
    Reset {
        #[command(flatten)]
        env: Env,
    },
}

/// `local up`.
#[derive(Args, Debug, Clone)]
pub struct LocalUp {
    #[command(flatten)]
    pub env: Env,
    /// The port it listens on; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 4571, value_parser = whole(0..=u16::MAX), allow_negative_numbers = true)]
    pub port: u16,
    /// Play four weeks of made-up calls first, unless they are stored already
    #[arg(long)]
    pub demo: bool,
    /// Leave it running in the background
    #[arg(long)]
    pub detach: bool,
    /// Print one JSON document when it is ready
    #[arg(long)]
    pub json: bool,
}
