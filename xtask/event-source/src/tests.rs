//! Tests of the whole against a world in memory.

pub(crate) mod fixture;
mod lanes;
mod property;
mod runs;
mod world;
