//! What the runner follows, and how fast.
//!
//! Invariant: nothing here changes what is delivered: that is the mapping's to say.

use std::path::PathBuf;
use std::time::Duration;

use crate::disturbance::Disturbance;
use crate::mapping::Mapping;

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The mappings to follow.
    pub which: Which,
    /// The folder of the checkpoints' file. One runner at a time may use it.
    pub checkpoints: PathBuf,
    /// How fast to be.
    pub pace: Pace,
    /// What to do beyond need: nothing, but for tests.
    pub disturbance: Disturbance,
}

/// The mappings to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every mapping from a Kinesis stream.
    All,
    /// The one with this id.
    Uuid(String),
    /// Those to the function of this name.
    Function(String),
}

/// How fast to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two reads of a shard that holds no more, at least.
    pub poll: Duration,
    /// Between two looks at mappings and shards, at least.
    pub list: Duration,
    /// Between two reads, and two looks, while nobody wakes the runner.
    pub rest: Duration,
    /// After a first failure; doubled with each further one.
    pub first_pause: Duration,
    /// After many failures.
    pub longest_pause: Duration,
    /// How long `stop` waits for functions that run.
    pub patience: Duration,
}

impl Pace {
    /// For a target on this machine, with somebody who wakes the runner.
    pub const LOCAL: Self = Self {
        poll: Duration::from_millis(75),
        list: Duration::from_secs(1),
        rest: Duration::from_secs(10),
        first_pause: Duration::from_millis(200),
        longest_pause: Duration::from_secs(5),
        patience: Duration::from_secs(10),
    };
}

impl Which {
    /// Whether a mapping is one of them.
    pub(crate) fn includes(&self, mapping: &Mapping) -> bool {
        match self {
            Self::All => true,
            Self::Uuid(uuid) => mapping.uuid == *uuid,
            Self::Function(name) => mapping.function_name() == name,
        }
    }
}
