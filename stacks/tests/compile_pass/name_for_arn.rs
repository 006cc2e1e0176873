//! The ARN of a table.

use stacks::stream::StreamHandle;
use stacks::table::TableHandle;
use stacks::value::{Value, kind};

fn backup(_table: &Value<kind::TableArn>) {}

fn main() {
    let stream = StreamHandle::elsewhere("calls".into());
    let table = TableHandle::elsewhere("windows".into());
    let _ = (stream.arn(), table.name());
    backup(table.arn());
}
