//! An alarm that says what to do.

use stacks::alarm::{Alarm, Beyond, Missing, One};
use stacks::bounded::DataPoints;
use stacks::metric::{Period, Statistic, StreamMetric};
use stacks::stream::StreamHandle;
use stacks::topic::{AlarmKey, Topic, TopicKey};
use stacks::{Stack, Target};

fn main() {
    let mut stack = Stack::new("Alarms", "Alarms", Target::Aws);
    let key = stack.add("Key", AlarmKey);
    let topic = stack.add("Topic", Topic { name: None, display_name: "Alarms".into(), key: TopicKey::Alarms(key) });
    let _ = &topic;
    let stream = StreamHandle::elsewhere("calls".into());
    let alarm = Alarm {
        name: "full".into(),
        description: "Add shards",
        runbook: stacks::runbook::Section::StreamFull,
        watch: One(stream.metric(StreamMetric::WriteThrottled), Statistic::Sum),
        period: Period::Minute,
        data_points: DataPoints::of::<1>(),
        beyond: Beyond::Above(0),
        missing: Missing::Fine,
        topic,
    };
    stack.add("Alarm", alarm);
}
