//! What Lambda is to a function: the Runtime API, the process, the load. For tests and benchmarks of the real binaries.
//!
//! Invariant: the function runs as Lambda runs it, as a process of its own that is told everything by its environment.

mod bucket;
mod cloudwatch;
mod endpoint;
pub mod fake;
mod gateway_log;
mod host;
mod load;
mod process;
mod service;

pub use bucket::Bucket;
pub use cloudwatch::unreachable_cloudwatch;
pub use endpoint::Endpoint;
pub use gateway_log::GatewayLog;
pub use host::{Answer, Host};
pub use load::{Batch, Load};
pub use process::Process;
pub use service::Service;
