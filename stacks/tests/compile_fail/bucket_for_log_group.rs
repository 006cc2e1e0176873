//! Objects of a bucket are counted as lines of a log.

use stacks::bounded::{ExpiryDays, RetentionDays};
use stacks::bucket::Bucket;
use stacks::log_group::LogGroup;
use stacks::metric_filter::UndeliveredEvents;
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Logs", "A log and what is counted of it", Target::Aws);
    let bucket = stack.add("Bucket", Bucket { expiry: ExpiryDays::of::<90>() });
    let logs = stack.add("Logs", LogGroup { name: "/events".into(), retention: RetentionDays::of::<7>() });
    let _ = (&bucket, &logs);
    stack.add("Filter", UndeliveredEvents { logs: bucket });
}
