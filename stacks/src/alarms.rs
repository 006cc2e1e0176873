//! What wakes somebody: the alarms of the dashboard stack.
//!
//! Invariant: each says in its description what is wrong and where `RUNBOOK.md` says what to do, and goes off for
//! something that a person can change.

mod callers;
mod counting;
mod functions;
mod stream;

use contract::Function;

use crate::alarm::{Alarm, Beyond, Missing, One, Watch};
use crate::bounded::DataPoints;
use crate::function::FunctionHandle;
use crate::metric::Period;
use crate::runbook::Section;
use crate::topic::{AlarmKey, AlarmsOnly, Subscription, Topic, TopicHandle, TopicKey};
use crate::{App, Stack};

const ONE: DataPoints = DataPoints::of::<1>();
const THREE: DataPoints = DataPoints::of::<3>();

/// An alarm without its name and topic, which follow from its logical id and its stack.
struct Rule<W> {
    description: &'static str,
    /// What to do about it.
    runbook: Section,
    watch: W,
    period: Period,
    data_points: DataPoints,
    beyond: Beyond,
    missing: Missing,
}

/// The stack that alarms are declared in, and the topic that they are sent to.
struct Alarms<'a> {
    app: &'a App,
    stack: &'a mut Stack,
    topic: TopicHandle,
}

/// Declares the topic and every alarm.
pub(crate) fn declare(app: &App, stack: &mut Stack) {
    let key = stack.add("AlarmKey", AlarmKey);
    let topic =
        Topic { name: None, display_name: format!("CompliCal alarms ({})", app.env), key: TopicKey::Alarms(key) };
    let topic = stack.add("AlarmTopic", topic);
    stack.add("AlarmTopicPolicy", AlarmsOnly { topic: topic.clone() });
    if let Some(email) = &app.settings.alarms.email {
        stack.add("AlarmEmail", Subscription { topic: topic.clone(), email: email.clone() });
    }
    let mut alarms = Alarms { app, stack, topic };
    alarms.on_the_stream();
    alarms.on_counting();
    alarms.on_functions();
    alarms.on_what_callers_notice();
}

impl<W> Rule<W> {
    /// Goes off as soon as a sum of five minutes is above nothing; a period without data is fine.
    const fn new(runbook: Section, description: &'static str, watch: W) -> Self {
        let (period, beyond) = (Period::FiveMinutes, Beyond::Above(0));
        Self { description, runbook, watch, period, data_points: ONE, beyond, missing: Missing::Fine }
    }
}

impl Alarms<'_> {
    #[track_caller]
    fn add(&mut self, id: &str, rule: Rule<One>) {
        let alarm = self.alarm(id, rule);
        self.stack.add(id, alarm);
    }

    fn alarm<W: Watch>(&self, id: &str, rule: Rule<W>) -> Alarm<W> {
        let Rule { description, runbook, watch, period, data_points, beyond, missing } = rule;
        let name = format!("{}-{id}", self.stack.name());
        Alarm { name, description, runbook, watch, period, data_points, beyond, missing, topic: self.topic.clone() }
    }

    fn function(&self, function: Function) -> FunctionHandle {
        FunctionHandle::elsewhere(function.physical_name(&self.app.env))
    }
}
