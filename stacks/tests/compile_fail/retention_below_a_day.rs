//! A stream that keeps records for less than a day.

use stacks::bounded::{RetentionHours, Shards};
use stacks::stream::{Capacity, Stream};
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Calls", "The stream", Target::Aws);
    let retention = RetentionHours::of::<23>();
    let capacity = Capacity::Provisioned(Shards::of::<2>());
    stack.add("Stream", Stream { name: "calls".into(), capacity, retention });
}
