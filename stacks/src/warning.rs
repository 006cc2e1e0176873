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
    /// Nobody has confirmed a subscription to the alarms' topic.
    AlarmsUnconfirmed {
        env: Environment,
        /// The topic's ARN.
        topic: String,
        /// Who was asked to.
        asked: Vec<String>,
    },
}

/// Who is subscribed to the topic of the alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmSubscribers {
    /// The topic's ARN.
    pub topic: String,
    /// Whether somebody has confirmed it.
    pub confirmed: bool,
    /// Who was asked to and has not.
    pub asked: Vec<String>,
}

impl App {
    /// What to tell whoever makes the templates, as far as the settings say it.
    pub fn warnings(&self) -> Vec<Warning> {
        let unheard = self.needs_a_subscriber() && self.settings.alarms.email.is_none();
        unheard.then(|| Warning::AlarmsUnheard(self.env.clone())).into_iter().collect()
    }

    /// What to tell whoever looks at the deployed topic of the alarms.
    pub fn warnings_of(&self, subscribers: AlarmSubscribers) -> Vec<Warning> {
        if !self.needs_a_subscriber() || subscribers.confirmed {
            return Vec::new();
        }
        let AlarmSubscribers { topic, mut asked, .. } = subscribers;
        if asked.is_empty() {
            asked.extend(self.settings.alarms.email.as_ref().map(|email| email.as_str().to_owned()));
        }
        if asked.is_empty() {
            return self.warnings();
        }
        vec![Warning::AlarmsUnconfirmed { env: self.env.clone(), topic, asked }]
    }

    /// Whether there are alarms, and somebody whom only their topic could tell. The local target has nobody to wake.
    pub fn needs_a_subscriber(&self) -> bool {
        self.toggle.is_on() && self.target == Target::Aws && !self.settings.alarms.subscribed_elsewhere
    }
}

impl Warning {
    /// The way out.
    pub fn hint(&self) -> String {
        match self {
            Self::AlarmsUnheard(env) => format!(
                "under [alarms] in stacks/environments/{env}.toml, set `email`, or `subscribed-elsewhere = true` where \
                 somebody has subscribed to the topic"
            ),
            Self::AlarmsUnconfirmed { topic, .. } => format!(
                "follow the link in the mail of AWS Notifications; where it is gone, have it sent again: aws sns \
                 subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS"
            ),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlarmsUnheard(env) => {
                write!(f, "nobody hears the alarms of {env}: its settings name no subscriber to their topic")
            }
            Self::AlarmsUnconfirmed { env, asked, .. } => {
                let asked = asked.join(", ");
                write!(f, "nobody hears the alarms of {env}: no subscription to their topic is confirmed ({asked})")
            }
        }
    }
}
