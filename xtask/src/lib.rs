//! The command line: every flag, and the commands that need no AWS.
//!
//! Invariant: nothing here depends on the SDK, so `synth` is there a second after an edit.

pub mod bench;
pub mod build;
pub mod cli;
pub mod completions;
pub mod elf;
pub mod exec;
pub mod failure;
pub mod file;
pub mod live_area;
pub mod machine;
pub mod output;
pub mod package;
pub mod printer;
pub mod process;
pub mod readme;
pub mod synth;
pub mod test;
pub mod workspace;

pub use failure::Failure;
pub use printer::Printer;
