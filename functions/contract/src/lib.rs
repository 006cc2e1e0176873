//! What the templates and the functions must agree on: names, variables, metrics, limits.
//!
//! Invariant: each is spelled here and nowhere else, so that the two cannot disagree.

pub mod access_log;
pub mod environment;
pub mod function;
pub mod header;
pub mod limit;
pub mod metric;
pub mod name;
pub mod plan;
pub mod problem;
pub mod route;
pub mod stage_variable;
pub mod table;
pub mod toggle;
pub mod undelivered;
pub mod variable;

pub use environment::Environment;
pub use function::Function;
pub use problem::ErrorCode;
pub use route::Route;
pub use toggle::Toggle;
