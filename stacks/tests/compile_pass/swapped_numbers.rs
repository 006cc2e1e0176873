//! The number of lanes.

use stacks::bounded::{BatchSize, BatchingWindow, ExpiryDays, ParallelizationFactor, RetentionDays, RetryAttempts};
use stacks::bucket::Bucket;
use stacks::event_source::{EventSourceMapping, Polling, Retries, Source};
use stacks::function::FunctionHandle;
use stacks::log_group::LogGroup;
use stacks::stream::StreamHandle;
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Calls", "The stream and its consumer", Target::Aws);
    let bucket = stack.add("Failures", Bucket { expiry: ExpiryDays::of::<90>() });
    let logs = stack.add("Logs", LogGroup { name: "/failures".into(), retention: RetentionDays::of::<7>() });
    let lanes = ParallelizationFactor::of::<2>();
    let attempts = RetryAttempts::of::<10>();
    let _ = (&logs, lanes, attempts);
    let mapping = EventSourceMapping {
        source: Source::Stream(StreamHandle::elsewhere("calls".into())),
        function: FunctionHandle::elsewhere("processor".into()),
        batch_size: BatchSize::of::<500>(),
        window: BatchingWindow::of::<0>(),
        parallelization_factor: lanes,
        retries: Retries::AtMost(attempts),
        on_failure: bucket,
        polling: Polling::Lambda,
    };
    stack.add("Mapping", mapping);
}
