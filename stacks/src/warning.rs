//! What an operator should know of an app that can be deployed all the same.
//!
//! Invariant: each warning says what to do, and ends when that is done.

use std::fmt;

use contract::Environment;

use crate::{App, Target};

/// Something that is allowed and hardly ever meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The environment has alarms, and its settings name nobody who hears them.
    AlarmsUnheard(Environment),
}

impl App {
    /// What to tell whoever makes the templates or deploys them. The local target has nobody to wake.
    pub fn warnings(&self) -> Vec<Warning> {
        let alarms = &self.settings.alarms;
        let heard = alarms.email.is_some() || alarms.subscribed_elsewhere;
        let unheard = self.toggle.is_on() && self.target == Target::Aws && !heard;
        unheard.then(|| Warning::AlarmsUnheard(self.env.clone())).into_iter().collect()
    }
}

impl Warning {
    /// The way out.
    pub fn hint(&self) -> String {
        let Self::AlarmsUnheard(env) = self;
        format!(
            "under [alarms] in stacks/environments/{env}.toml, set `email`, or `subscribed-elsewhere = true` where \
             somebody has subscribed to the topic"
        )
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::AlarmsUnheard(env) = self;
        write!(f, "nobody hears the alarms of {env}: its settings name no subscriber to their topic")
    }
}
