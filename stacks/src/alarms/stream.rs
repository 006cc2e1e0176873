//! Whether the stream takes events and the processor keeps up with it.
//!
//! Invariant: whether there are enough shards is watched only where a scaler chooses them.

use contract::metric::Metric as Own;
use contract::{Function, name};

use super::{Alarms, Rule, THREE};
use crate::alarm::{Beyond, Missing, One};
use crate::metric::{FunctionMetric, Metric, Period, Statistic, StreamMetric};
use crate::runbook::Section;
use crate::stream::StreamHandle;

impl Alarms<'_> {
    pub(super) fn on_the_stream(&mut self) {
        let refused = StreamHandle::elsewhere(name::stream(&self.app.env)).metric(StreamMetric::WriteThrottled);
        let throttled = Rule {
            period: Period::Minute,
            ..Rule::new(
                Section::StreamFull,
                "The stream refuses events; the authorizer keeps them in the usage table. The scaler adds shards; \
                 faster: cargo xtask scale.",
                One(refused, Statistic::Sum),
            )
        };
        self.add("StreamThrottled", throttled);
        if self.app.settings.shard_bounds().is_some() {
            self.on_the_scaler();
        }
        let processor = self.function(Function::StreamProcessor);
        let behind = Rule {
            period: Period::Minute,
            data_points: THREE,
            beyond: Beyond::Above(self.app.settings.alarms.iterator_age_seconds.saturating_mul(1_000)),
            ..Rule::new(
                Section::ProcessorBehind,
                "The processor is behind. Check its errors: cargo xtask logs stream-processor.",
                One(processor.metric(FunctionMetric::IteratorAge), Statistic::Maximum),
            )
        };
        self.add("ProcessorBehind", behind);
        let lost = Rule::new(
            Section::BatchLost,
            "The processor gave up on a batch, which could not be kept. Its records are on the stream for seven days.",
            One(processor.metric(FunctionMetric::DestinationDeliveryFailures), Statistic::Sum),
        );
        self.add("FailedBatchLost", lost);
    }

    fn on_the_scaler(&mut self) {
        let short = Rule::new(
            Section::ShardsShort,
            "The stream needs more shards than the scaler may take, or can: its log says why. Raise max-shards in \
             stacks/environments, or go on-demand.",
            One(Metric::own(Own::ShardsShort, &self.app.env), Statistic::Maximum),
        );
        self.add("ShardsShort", short);
        let runs = self.function(Function::StreamScaler).metric(FunctionMetric::Invocations);
        let stopped = Rule {
            beyond: Beyond::Below(1),
            missing: Missing::Bad,
            ..Rule::new(
                Section::ScheduleStopped,
                "The scaler has not run for five minutes: is its schedule switched off?",
                One(runs, Statistic::Sum),
            )
        };
        self.add("StreamScalerStopped", stopped);
    }
}
