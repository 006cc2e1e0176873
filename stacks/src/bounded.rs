//! Whole numbers that AWS bounds, each of its own type and unit.
//!
//! Invariant: a number outside its bounds exists neither in code (it does not compile) nor in settings (it is refused).
//! Assertions for the compiler carry no message: with one, its error quotes the source of the standard library, which
//! not every machine has, and tests compare errors.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a number counts, and how far it goes.
pub trait Unit {
    /// The number's name in messages, with its unit.
    const NAME: &'static str;
    /// The least that AWS takes.
    const MIN: u32;
    /// The most that AWS takes.
    const MAX: u32;
}

/// A whole number within the bounds of its unit.
pub struct Bounded<U> {
    value: u32,
    unit: PhantomData<fn() -> U>,
}

/// A number outside its bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not a {name}: it goes from {min} to {max}")]
pub struct OutOfBounds {
    value: u32,
    name: &'static str,
    min: u32,
    max: u32,
}

impl<U: Unit> Bounded<U> {
    /// A number that is known when the code is compiled, and checked then.
    pub const fn of<const N: u32>() -> Self {
        const { assert!(U::MIN <= N && N <= U::MAX) };
        Self { value: N, unit: PhantomData }
    }

    /// A number that is known only now.
    ///
    /// # Errors
    /// When it is outside the unit's bounds.
    pub fn new(value: u32) -> Result<Self, OutOfBounds> {
        if (U::MIN..=U::MAX).contains(&value) {
            Ok(Self { value, unit: PhantomData })
        } else {
            Err(OutOfBounds { value, name: U::NAME, min: U::MIN, max: U::MAX })
        }
    }

    pub const fn get(self) -> u32 {
        self.value
    }
}

impl<U> Clone for Bounded<U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<U> Copy for Bounded<U> {}

impl<U> PartialEq for Bounded<U> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<U> Eq for Bounded<U> {}

impl<U> fmt::Debug for Bounded<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}

impl<U> fmt::Display for Bounded<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<U> Serialize for Bounded<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.value)
    }
}

impl<'de, U: Unit> Deserialize<'de> for Bounded<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u32::deserialize(deserializer)?;
        Self::new(value).map_err(serde::de::Error::custom)
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = $unit:ident($text:literal, $min:literal ..= $max:literal)),* $(,)?) => {
        /// The units of the numbers in use.
        pub mod unit {
            use super::Unit;
            $(
                #[doc = concat!("The unit of [`", stringify!($name), "`](super::", stringify!($name), ").")]
                #[derive(Clone, Copy, Debug)]
                pub enum $unit {}
                impl Unit for $unit {
                    const NAME: &'static str = $text;
                    const MIN: u32 = $min;
                    const MAX: u32 = $max;
                }
            )*
        }
        $($(#[$doc])* pub type $name = Bounded<unit::$unit>;)*
    };
}

numbers! {
    /// Shards of a provisioned stream (Kinesis API Reference, UpdateShardCount). An account has 1,000 in most regions, and
    /// more where it asks for them.
    Shards = Shard("number of shards", 1 ..= 10_000),
    /// Hours for which a stream keeps a record.
    RetentionHours = RetentionHour("number of hours that a stream keeps records", 24 ..= 8760),
    /// Records in one invocation of a stream's consumer.
    BatchSize = BatchedRecord("batch size", 1 ..= 10_000),
    /// Batches of one shard that are processed at the same time.
    ParallelizationFactor = Lane("parallelization factor", 1 ..= 10),
    /// Seconds that a batch is waited for.
    BatchingWindow = WindowSecond("number of seconds of a batching window", 0 ..= 300),
    /// Attempts after the first before a batch goes to the on-failure destination.
    RetryAttempts = RetryAttempt("number of retry attempts", 0 ..= 10_000),
    /// Seconds that a function may take.
    Timeout = TimeoutSecond("number of seconds of a time-out", 1 ..= 900),
    /// Memory of a function, in MiB.
    MemoryMib = Mebibyte("number of MiB of memory", 128 ..= 10_240),
    /// Executions of a function that are kept for it, and more than which there are never. An account has 1,000, and tens
    /// of thousands where it asks for them.
    ReservedConcurrency = Execution("reserved concurrency", 1 ..= 100_000),
    /// Requests a second that a stage takes in the long run. An account has 10,000, and more where it asks for them.
    RequestsPerSecond = RequestPerSecond("number of requests a second", 1 ..= 1_000_000),
    /// Requests that a stage takes at once.
    Burst = BurstRequest("burst of requests", 1 ..= 500_000),
    /// Days after which an object of a bucket goes.
    ExpiryDays = ExpiryDay("number of days before an object expires", 1 ..= 3_650),
    /// Characters of a password at least.
    PasswordLength = PasswordCharacter("least number of characters of a password", 8 ..= 99),
    /// Data points that an alarm looks at.
    DataPoints = DataPoint("number of data points", 1 ..= 1_440),
    /// A percentile of a metric.
    Percentile = Percent("percentile", 1 ..= 99),
    /// Columns of a dashboard's grid, or its rows.
    GridUnits = GridUnit("size on a dashboard", 1 ..= 24),
}

/// Days for which CloudWatch keeps a log: only the numbers it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionDays(u32);

/// API reference of CloudWatch Logs, `PutRetentionPolicy`.
const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// A number of days that CloudWatch does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CloudWatch does not keep logs for {0} days: it knows {RETENTION_DAYS:?}")]
pub struct UnknownRetention(u32);

impl RetentionDays {
    /// A number of days that is known when the code is compiled, and checked then.
    pub const fn of<const DAYS: u32>() -> Self {
        const { assert!(is_known_to_cloudwatch(DAYS)) };
        Self(DAYS)
    }

    /// A number of days that is known only now.
    ///
    /// # Errors
    /// When CloudWatch does not know it.
    pub const fn new(days: u32) -> Result<Self, UnknownRetention> {
        if is_known_to_cloudwatch(days) { Ok(Self(days)) } else { Err(UnknownRetention(days)) }
    }

    /// The number of days.
    pub const fn get(self) -> u32 {
        self.0
    }
}

const fn is_known_to_cloudwatch(days: u32) -> bool {
    let mut at = 0;
    while at < RETENTION_DAYS.len() {
        if RETENTION_DAYS[at] == days {
            return true;
        }
        at += 1;
    }
    false
}

impl fmt::Display for RetentionDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for RetentionDays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for RetentionDays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_its_bounds_is_refused_with_the_bounds() {
        assert_eq!(Shards::new(2).map(Shards::get), Ok(2));
        assert_eq!(Shards::new(0).unwrap_err().to_string(), "0 is not a number of shards: it goes from 1 to 10000");
        assert!(BatchSize::new(10_001).is_err());
    }

    #[test]
    fn only_the_retentions_that_cloudwatch_knows_exist() {
        assert_eq!(RetentionDays::of::<30>().get(), 30);
        let error = RetentionDays::new(31).unwrap_err().to_string();
        assert!(error.contains("31 days") && error.contains("30, 60"), "{error}");
    }
}
