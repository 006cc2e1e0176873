//! A bucket that was not declared.

use stacks::bounded::ExpiryDays;
use stacks::bucket::{Bucket, TlsOnly};
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Bucket", "A bucket", Target::Aws);
    let bucket = Bucket { expiry: ExpiryDays::of::<90>() };
    let policy = TlsOnly { bucket: bucket };
    stack.add("Policy", policy);
}
