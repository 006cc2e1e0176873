//! `build`, and the processor that functions are built for.
//!
//! Invariant: a processor is one that Lambda has.

use clap::{Args, ValueEnum};

use super::Env;

/// The processor that the functions run on.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86_64,
    /// Graviton
    #[value(name = "arm64")]
    Arm64,
}

impl From<Arch> for stacks::Architecture {
    fn from(arch: Arch) -> Self {
        match arch {
            Arch::X86_64 => Self::X86_64,
            Arch::Arm64 => Self::Arm64,
        }
    }
}

/// `build`.
#[derive(Args, Debug)]
#[command(after_help = "Output: the path of each package, and its key in the bucket.\n\
                        Exit status: 0 built, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask build --arch x86_64")]
pub struct Build {
    #[command(flatten)]
    pub env: Env,
    /// The processor that the functions run on
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    pub arch: Arch,
    /// Package quick builds for the local system
    #[arg(long)]
    pub local: bool,
}
