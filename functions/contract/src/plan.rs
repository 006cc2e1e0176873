//! Plans: the groups of customers that settings tell apart, each with the shares of a quota that it is told of.
//!
//! Invariant: a plan's name fits into every name and metric that is made of it, and there are never more than
//! [`MAX_PLANS`] plans, so that what is made for each stays bounded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::environment::is_part_of_names;
use crate::limit::{MAX_PLAN_NAME_BYTES, MAX_PLANS, MAX_THRESHOLDS};

/// Shares of a quota that are announced, in percent, where a user's plan has no others.
pub const THRESHOLDS: [u64; 5] = [50, 80, 90, 95, 100];

/// The name of a plan: up to [`MAX_PLAN_NAME_BYTES`] characters of `a-z`, `0-9` and `-`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PlanName(String);

/// Shares of a quota in percent, from 1 to 100, each above the one before. There may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds(Vec<u64>);

/// The plans of an environment by name. None is the default. As text they are what functions are told:
/// `enterprise=80,100 free=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plans(BTreeMap<PlanName, Thresholds>);

/// What is no plan, or no plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidPlan {
    /// A name that no plan has.
    Name(String),
    /// Numbers that are not thresholds.
    Thresholds,
    /// More than can be told apart.
    TooMany(usize),
}

impl PlanName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Plans {
    /// The plan of that name has these thresholds.
    ///
    /// # Errors
    /// When there are too many of them.
    pub fn of(plans: impl IntoIterator<Item = (PlanName, Thresholds)>) -> Result<Self, InvalidPlan> {
        let plans: BTreeMap<_, _> = plans.into_iter().collect();
        if plans.len() > MAX_PLANS { Err(InvalidPlan::TooMany(plans.len())) } else { Ok(Self(plans)) }
    }

    /// Their names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &PlanName> {
        self.0.keys()
    }

    /// Whether there is a plan of that name.
    pub fn contains(&self, name: &PlanName) -> bool {
        self.0.contains_key(name)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of which shares of their quota those are told who have a plan, or none, or one that is not known here.
    pub fn thresholds<'a>(&'a self, plan: Option<&PlanName>) -> &'a [u64] {
        plan.and_then(|name| self.0.get(name)).map_or(&THRESHOLDS, |Thresholds(thresholds)| thresholds)
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self(THRESHOLDS.into())
    }
}

impl TryFrom<Vec<u64>> for Thresholds {
    type Error = InvalidPlan;

    fn try_from(thresholds: Vec<u64>) -> Result<Self, InvalidPlan> {
        let ascend = thresholds.is_sorted_by(|one, next| one < next);
        let fit = thresholds.len() <= MAX_THRESHOLDS && thresholds.iter().all(|share| (1..=100).contains(share));
        if ascend && fit { Ok(Self(thresholds)) } else { Err(InvalidPlan::Thresholds) }
    }
}

impl FromStr for PlanName {
    type Err = InvalidPlan;

    fn from_str(text: &str) -> Result<Self, InvalidPlan> {
        let fits = is_part_of_names(text, MAX_PLAN_NAME_BYTES);
        if fits { Ok(Self(text.into())) } else { Err(InvalidPlan::Name(text.into())) }
    }
}

impl TryFrom<String> for PlanName {
    type Error = InvalidPlan;

    fn try_from(text: String) -> Result<Self, InvalidPlan> {
        text.parse()
    }
}

impl FromStr for Plans {
    type Err = InvalidPlan;

    fn from_str(text: &str) -> Result<Self, InvalidPlan> {
        let plans = text.split_whitespace().map(|plan| {
            let (name, thresholds) = plan.split_once('=').ok_or_else(|| InvalidPlan::Name(plan.into()))?;
            let shares = thresholds.split(',').filter(|share| !share.is_empty());
            let shares: Vec<u64> =
                shares.map(str::parse).collect::<Result<_, _>>().map_err(|_| InvalidPlan::Thresholds)?;
            Ok((name.parse()?, shares.try_into()?))
        });
        Self::of(plans.collect::<Result<Vec<_>, _>>()?)
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (name, Thresholds(shares))) in self.0.iter().enumerate() {
            let shares: Vec<String> = shares.iter().map(u64::to_string).collect();
            write!(f, "{}{name}={}", if n == 0 { "" } else { " " }, shares.join(","))?;
        }
        Ok(())
    }
}

impl fmt::Display for InvalidPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) => write!(
                f,
                "`{text}` is not a plan: 1 to {MAX_PLAN_NAME_BYTES} of a-z, 0-9 and `-`, beginning with a letter, such as \
                 `free`"
            ),
            Self::Thresholds => write!(
                f,
                "thresholds are up to {MAX_THRESHOLDS} whole numbers from 1 to 100, each above the one before, such as \
                 [80, 100]"
            ),
            Self::TooMany(plans) => {
                write!(
                    f,
                    "there are {plans} plans, and at most {MAX_PLANS}: each is a dashboard and metrics of its own"
                )
            }
        }
    }
}

impl std::error::Error for InvalidPlan {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_another_is_refused() {
        let long = "x".repeat(MAX_PLAN_NAME_BYTES + 1);
        for bad in ["", "Free", "1st", "a_b", "a-", "-a", "fr\u{e9}e", "a b", "a=b", &long] {
            assert_eq!(bad.parse::<PlanName>(), Err(InvalidPlan::Name(bad.into())));
        }
        for good in ["free", "pro-2", &long[1..]] {
            assert_eq!(good.parse::<PlanName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn thresholds_ascend_from_one_to_a_hundred() {
        for bad in [vec![0], vec![101], vec![80, 80], vec![90, 80], (1..=11).collect()] {
            assert_eq!(Thresholds::try_from(bad), Err(InvalidPlan::Thresholds));
        }
        for good in [Vec::new(), vec![1, 100], (91..=100).collect()] {
            assert_eq!(Thresholds::try_from(good.clone()), Ok(Thresholds(good)));
        }
    }

    #[test]
    fn what_functions_are_told_is_read_back_and_an_unknown_plan_has_the_thresholds_of_none() {
        let thresholds = |shares: &[u64]| Thresholds::try_from(shares.to_vec()).unwrap();
        let plan = |name: &str| name.parse::<PlanName>().unwrap();
        let plans = [(plan("free"), thresholds(&[])), (plan("enterprise"), thresholds(&[80, 100]))];
        let plans = Plans::of(plans).unwrap();
        assert_eq!(plans.to_string(), "enterprise=80,100 free=");
        assert_eq!(plans.to_string().parse(), Ok(plans.clone()));
        assert_eq!("".parse(), Ok(Plans::default()));
        assert_eq!(plans.thresholds(Some(&plan("enterprise"))), [80, 100]);
        assert_eq!(plans.thresholds(Some(&plan("free"))), [0; 0]);
        assert_eq!([plans.thresholds(None), plans.thresholds(Some(&plan("gone")))], [THRESHOLDS; 2]);
        for bad in ["free", "Free=80", "free=eighty", "free=90,80"] {
            assert!(bad.parse::<Plans>().is_err(), "{bad}");
        }
    }

    #[test]
    fn there_are_no_more_plans_than_can_be_told_apart() {
        let text = |n: usize| (0..n).map(|n| format!("p{n}=50 ")).collect::<String>();
        assert_eq!(text(MAX_PLANS).parse::<Plans>().unwrap().names().len(), MAX_PLANS);
        assert_eq!(text(MAX_PLANS + 1).parse::<Plans>(), Err(InvalidPlan::TooMany(MAX_PLANS + 1)));
    }
}
