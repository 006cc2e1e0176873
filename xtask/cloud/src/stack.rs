//! One CloudFormation stack, whichever it is: read, changed, followed to its end.
//!
//! Invariant: no name of the contract is known here.

pub mod change_set;
pub mod diagnosis;
pub mod import;
pub mod monitor;
pub mod order;
pub mod read;
pub mod retry;
pub mod settle;
