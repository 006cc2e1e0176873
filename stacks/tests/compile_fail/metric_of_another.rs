//! A metric of streams on a table.

use stacks::metric::{StreamMetric, TableMetric};
use stacks::stream::StreamHandle;
use stacks::table::TableHandle;

fn main() {
    let table = TableHandle::elsewhere("windows".into());
    let stream = StreamHandle::elsewhere("calls".into());
    let _ = (stream.metric(StreamMetric::IncomingRecords), TableMetric::WriteThrottles);
    let _ = table.metric(StreamMetric::WriteThrottled);
}
