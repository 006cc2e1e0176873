//! Which windows have to be set, and whose rows of them.
//!
//! Invariant: whoever is due once stays due until all of them are set.

use std::collections::{BTreeMap, BTreeSet};

use metering::fold::UsageBySubject;
use metering::subject::Subject;
use metering::window::{Day, Hour};

/// Subjects whose rows have to be set.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    Everybody,
    These(BTreeSet<Subject>),
}

/// Hours to be set, and for whom.
pub(super) type DueHours = BTreeMap<Hour, Whose>;
/// Days to be set, and for whom.
pub(super) type DueDays = BTreeMap<Day, Whose>;

impl Whose {
    pub(super) const fn nobody() -> Self {
        Self::These(BTreeSet::new())
    }

    pub(super) fn extend(&mut self, subjects: impl IntoIterator<Item = Subject>) {
        match self {
            Self::Everybody => {}
            Self::These(these) => these.extend(subjects),
        }
    }

    pub(super) fn holds(&self, subject: &Subject) -> bool {
        match self {
            Self::Everybody => true,
            Self::These(these) => these.contains(subject),
        }
    }

    /// Leaves the usages of these subjects.
    pub(super) fn retain(&self, fold: &mut UsageBySubject) {
        fold.usages.retain(|subject, _| self.holds(subject));
    }
}
