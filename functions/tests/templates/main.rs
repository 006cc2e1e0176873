//! The templates against the real functions: what they may do and what they publish, each a process of its own.
//!
//! Invariant: what is compared is the template that is deployed and the requests that leave the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

mod grants;
mod iam;
mod published;
mod repertoire;

use contract::{Environment, Toggle};
use stacks::{App, Architecture, Settings, Target};

/// The apps of the environment `test`, with the settings of each.
pub(crate) fn apps() -> Vec<App> {
    let settings = [
        include_str!("../../../stacks/environments/test.toml"),
        include_str!("../../../stacks/environments/prod.toml"),
    ];
    let of = |toggle| settings.map(|settings| Settings::parse(settings).unwrap()).map(|settings| (toggle, settings));
    let apps = [Toggle::On, Toggle::Off].into_iter().flat_map(of);
    let env = Environment::default;
    apps.map(|(toggle, settings)| App {
        env: env(),
        toggle,
        settings,
        target: Target::Aws,
        architecture: Architecture::X86_64,
    })
    .collect()
}
