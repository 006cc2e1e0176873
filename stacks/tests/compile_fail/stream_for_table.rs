//! A function is told the name of a stream as that of a table.

use stacks::function::Variable;
use stacks::stream::StreamHandle;
use stacks::table::TableHandle;

fn main() {
    let stream = StreamHandle::elsewhere("calls".into());
    let table = TableHandle::elsewhere("windows".into());
    let _ = Variable::Stream(stream.name().clone());
    let _ = Variable::AnalyticsTable(stream.name().clone());
}
