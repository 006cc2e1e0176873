//! The apps whose templates the tests look at: each environment with its settings, with the toggle on and off.
//!
//! Invariant: an environment that is added to `stacks/environments` is added here.

use contract::Toggle;
use stacks::{App, Architecture, Settings, Stack, Target};

const SETTINGS: [(&str, &str); 2] = [
    ("test", include_str!("../stacks/environments/test.toml")),
    ("prod", include_str!("../stacks/environments/prod.toml")),
];

/// Every app that can be deployed to a target.
pub(crate) fn all(target: Target) -> Vec<App> {
    let app = |env: &str, settings: &str, toggle| App {
        env: env.parse().expect("a name of an environment"),
        toggle,
        settings: Settings::parse(settings).expect("good settings"),
        target,
        architecture: Architecture::X86_64,
    };
    SETTINGS
        .iter()
        .flat_map(|(env, settings)| [Toggle::On, Toggle::Off].map(|toggle| app(env, settings, toggle)))
        .collect()
}

/// The stacks of an app.
pub(crate) fn stacks(app: &App) -> Vec<Stack> {
    app.stacks().unwrap_or_else(|problems| panic!("{problems}"))
}
