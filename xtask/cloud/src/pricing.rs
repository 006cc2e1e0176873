//! List prices, and what a stack or so many calls cost at them.
//!
//! Invariant: arithmetic alone; nobody is asked for a price.

pub mod bill;
pub mod capacity;
pub mod estimate;
pub mod fixed_cost;
pub mod looking;
pub mod number;
pub mod price;
pub mod statuses;
