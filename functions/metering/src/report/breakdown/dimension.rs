//! By what calls are told apart: one dimension, or two at once.
//!
//! Invariant: whatever is understood can be answered from what windows hold; everything else is refused by name.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::report::BadParameter;

/// What calls have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// The key.
    Key,
    /// Method and path.
    Path,
    /// The method.
    Method,
    /// What was answered.
    Status,
    /// The company.
    Company,
    /// The user.
    User,
    /// The hour of the day.
    Hour,
}

/// One dimension, or two that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    first: Dimension,
    second: Option<Dimension>,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 7] =
        [Self::Key, Self::Path, Self::Method, Self::Status, Self::Company, Self::User, Self::Hour];

    const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Path => "path",
            Self::Method => "method",
            Self::Status => "status",
            Self::Company => "company",
            Self::User => "user",
            Self::Hour => "hour",
        }
    }

    /// Whether it tells people apart. Of these, windows have lists of the most frequent alone.
    pub const fn is_of_people(self) -> bool {
        matches!(self, Self::Company | Self::User)
    }
}

impl By {
    /// Calls by the hour of the day.
    pub const HOUR: Self = Self { first: Dimension::Hour, second: None };

    /// By one dimension.
    pub const fn one(first: Dimension) -> Self {
        Self { first, second: None }
    }

    /// What a request asks for; by path, where it does not say.
    ///
    /// # Errors
    /// When `by` is none that there is.
    pub fn find<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadParameter> {
        let by = parameters.into_iter().find(|(name, _)| *name == "by");
        by.map_or(Ok(Self { first: Dimension::Path, second: None }), |(_, value)| value.parse())
    }

    /// Everything that can be asked for.
    pub fn all() -> impl Iterator<Item = Self> {
        let one = Dimension::ALL.into_iter().map(|first| Self { first, second: None });
        let apart = || Dimension::ALL.into_iter().filter(|dimension| !dimension.is_of_people());
        let two = apart().flat_map(move |first| {
            let others = apart().filter(move |second| *second != first);
            others.map(move |second| Self { first, second: Some(second) })
        });
        one.chain(two)
    }

    /// The dimensions, in the order in which they were asked for.
    pub fn dimensions(self) -> impl Iterator<Item = Dimension> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    /// Whether a dimension is among them.
    pub fn has(self, dimension: Dimension) -> bool {
        self.dimensions().any(|one| one == dimension)
    }

    /// What people are told apart by, if it is one of them.
    pub fn people(self) -> Option<Dimension> {
        Some(self.first).filter(|first| first.is_of_people())
    }

    /// What is left without the hour, which is another read.
    pub(super) fn without_hour(self) -> Option<Self> {
        let mut left = self.dimensions().filter(|dimension| *dimension != Dimension::Hour);
        Some(Self { first: left.next()?, second: left.next() })
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.first.word())?;
        self.second.map_or(Ok(()), |second| write!(f, ",{}", second.word()))
    }
}

impl FromStr for By {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all().find(|by| by.to_string() == text).ok_or_else(|| {
            let two = "two of `key`, `path`, `method`, `status` and `hour` with a comma between them";
            BadParameter::must("by", &format!("be one of these, `company` or `user`, or {two}"))
        })
    }
}

impl Serialize for By {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.dimensions())
    }
}
