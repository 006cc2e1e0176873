//! Plans of customers, as settings have them: a table each, `[plans.free]`.
//!
//! Invariant: what functions, metrics and dashboards could not hold of a plan is refused here.

use std::collections::BTreeMap;

use contract::plan::{InvalidPlan, PlanName, Plans, Thresholds};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What is set of a plan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PlanSettings {
    /// Shares of the quota that its users are told of, in percent; those of everybody where they are left out.
    thresholds: Option<Vec<u64>>,
}

/// Reads the plans.
///
/// # Errors
/// When one has a name, a key or thresholds that no plan has, or there are too many.
pub(super) fn plans<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Plans, D::Error> {
    let plans = BTreeMap::<PlanName, PlanSettings>::deserialize(deserializer)?;
    let plan = |(name, settings): (PlanName, PlanSettings)| {
        let thresholds = settings.thresholds.map_or_else(|| Ok(Thresholds::default()), Thresholds::try_from)?;
        Ok((name, thresholds))
    };
    let plans: Result<Vec<_>, InvalidPlan> = plans.into_iter().map(plan).collect();
    plans.and_then(Plans::of).map_err(D::Error::custom)
}
