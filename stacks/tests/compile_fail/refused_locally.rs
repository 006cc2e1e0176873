//! A type that the local target refuses, as if it were everywhere.

use stacks::consumer::Consumer;
use stacks::stream::StreamHandle;
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Calls", "The stream", Target::Local);
    let stream = StreamHandle::elsewhere("calls".into());
    let _ = stack.add("FanOut", Consumer { name: "processor".into(), stream });
}
