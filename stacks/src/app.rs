//! All stacks of an environment, in the order they are deployed.
//!
//! Invariant: the same app gives the same stacks, byte for byte: nothing is read here, neither clock nor file.

use contract::{Environment, Toggle};
use serde::Serialize;

use crate::check::{Problems, check};
use crate::table::Protection;
use crate::{Settings, Stack, api, dashboard, kinesis};

/// What is deployed, where, and how.
#[derive(Clone, Debug)]
pub struct App {
    /// The environment.
    pub env: Environment,
    /// Whether there is a stream.
    pub toggle: Toggle,
    /// The environment's settings.
    pub settings: Settings,
    /// Where it is deployed to.
    pub target: Target,
    /// What the functions are built for.
    pub architecture: Architecture,
}

/// Where stacks are deployed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// AWS.
    Aws,
    /// The emulator on this machine, which refuses some types.
    Local,
}

/// The processor that functions run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

impl App {
    /// The stacks that the toggle asks for, in the order they are deployed.
    ///
    /// # Errors
    /// When a stack has a defect that no type finds: each is named, with where it is declared.
    pub fn stacks(&self) -> Result<Vec<Stack>, Problems> {
        let stacks = match self.toggle {
            Toggle::On => vec![kinesis::stack(self), api::stack(self), dashboard::stack(self)],
            Toggle::Off => vec![api::stack(self)],
        };
        check(&stacks)?;
        Ok(stacks)
    }

    /// Whether what holds data can be deleted at once: only in `test`.
    pub(crate) fn protection(&self) -> Protection {
        if self.env == Environment::default() { Protection::Off } else { Protection::On }
    }
}

#[cfg(test)]
mod tests;
