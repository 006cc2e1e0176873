//! Logs for a number of days that CloudWatch knows.

use stacks::bounded::RetentionDays;
use stacks::log_group::LogGroup;
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Logs", "Logs", Target::Aws);
    let retention = RetentionDays::of::<30>();
    stack.add("Logs", LogGroup { name: "/calls".into(), retention });
}
