//! Where things are in this repository, and what an environment is configured to be.
//!
//! Invariant: every path is absolute, so a command works from any folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use contract::limit::LOCAL_SHARDS;
use contract::{Environment, Toggle};
use stacks::bounded::Shards;
use stacks::{App, Architecture, Settings, Target};

use crate::{Failure, file};

/// The repository's folder.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Where builds and generated files go.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Where the local system keeps what it stores: `target/local`, or the folder that `COMPLICAL_LOCAL_DIR` names, so that
/// the tests' own does not meet the developer's.
pub fn local() -> PathBuf {
    match std::env::var_os(LOCAL_DIR).filter(|folder| !folder.is_empty()) {
        Some(folder) => root().join(folder),
        None => target().join("local"),
    }
}

/// The variable that moves [`local`] elsewhere.
pub const LOCAL_DIR: &str = "COMPLICAL_LOCAL_DIR";

/// The variable that has the local system's functions send their requests elsewhere than to the emulator: to what puts
/// faults in between.
pub const LOCAL_FUNCTIONS_ENDPOINT: &str = "COMPLICAL_LOCAL_FUNCTIONS_ENDPOINT";

/// The variable that has the settings of environments read elsewhere than in `stacks/environments`: a test's own.
pub const SETTINGS_DIR: &str = "COMPLICAL_SETTINGS_DIR";

/// The toggle, as the environment of this process has it.
///
/// # Errors
/// When `ENABLE_KINESIS_ANALYTICS` is neither on nor off: wrong usage.
pub fn toggle() -> Result<Toggle> {
    Ok(Toggle::from_process().map_err(|error| Failure::usage(error.to_string()))?)
}

/// The toggle of the local system: unset, everything is brought up.
///
/// # Errors
/// As [`toggle`].
pub fn local_toggle() -> Result<Toggle> {
    if std::env::var_os(contract::variable::TOGGLE).is_some() { toggle() } else { Ok(Toggle::On) }
}

/// The app of an environment: what `synth` writes and `deploy` deploys.
///
/// # Errors
/// When the environment has no settings, settings that cannot be read, or some that the target cannot play.
pub fn app(env: &Environment, toggle: Toggle, target: Target, architecture: Architecture) -> Result<App> {
    let settings = settings(env)?;
    if target == Target::Local {
        refuse_beyond_local(settings.stream.shards.map_or(0, Shards::get), "stream.shards")?;
    }
    Ok(App { env: env.clone(), toggle, settings, target, architecture })
}

/// Refuses more shards than the local system plays, by the name of what asks for them.
///
/// # Errors
/// When there are more: wrong usage.
pub fn refuse_beyond_local(shards: u32, name: &str) -> Result<()> {
    if shards <= LOCAL_SHARDS {
        return Ok(());
    }
    let message = format!("{name} is {shards}, and the local system plays {LOCAL_SHARDS} shards at most");
    Err(Failure::usage(message).hint("AWS takes more: leave --local out").into())
}

/// The settings of an environment, from `stacks/environments/{env}.toml`.
///
/// # Errors
/// When there are none, or they cannot be read.
pub fn settings(env: &Environment) -> Result<Settings> {
    let folder = match std::env::var_os(SETTINGS_DIR).filter(|folder| !folder.is_empty()) {
        Some(folder) => root().join(folder),
        None => root().join("stacks/environments"),
    };
    let path = folder.join(format!("{env}.toml"));
    let text = file::read_text(&path).map_err(|error| {
        // A link that leads nowhere is there, too.
        if error.kind() != ErrorKind::NotFound || path.symlink_metadata().is_ok() {
            return Failure::new(format!("cannot read {}: {error}", path.display())).hint(format!(
                "it has the settings of environment `{env}`: it must be a file, in UTF-8, that you may read"
            ));
        }
        Failure::usage(format!("environment `{env}` has no settings: there is no {}", path.display()))
            .hint(format!("there are: {}; copy one to make another", known(&folder).join(", ")))
    })?;
    Settings::parse(&text).with_context(|| format!("in {}", path.display()))
}

fn known(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    names
}
