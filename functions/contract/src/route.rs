//! The routes of the API: where each is, who may ask, and by which parameters.
//!
//! Invariant: a route is a value of [`Route`] and nothing else. The templates make its method, a function answers it and
//! the OpenAPI document describes it, each by a match that forgets none.
//!
//! `entry` is longer than others, because it is the table of all routes.

mod parameter;

use self::parameter::{
    BREAKDOWN, COMPANY_STATS, DAY_ZONE, DEADLINES, DURATION, EMAIL, EXPORT, FORECAST, FROM, HEATMAP, TIME_SERIES, TO,
};
use crate::Function;

pub use self::parameter::{Form, Parameter};

/// What the API answers to `GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// Deadlines of Australia and New Zealand.
    Deadlines,
    /// The current minute, the last one, and the hour before.
    Realtime,
    /// Figures over time.
    TimeSeries,
    /// What one user has called.
    UserStats,
    /// Which thresholds of the quota a user was told of.
    Alerts,
    /// Six figures of today, beside those of a week before.
    Summary,
    /// What a company's members did.
    CompanyStats,
    /// Why calls were refused, and where they came from.
    Security,
    /// When in the week calls come.
    Heatmap,
    /// Calls by what they have in common.
    Breakdown,
    /// What calls are to be expected.
    Forecast,
    /// When calls were not as expected.
    Anomalies,
    /// The calls that one user has made.
    Export,
    /// The description of all of them.
    OpenApi,
    /// The page that shows them to people.
    Dashboard,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever has an API key. The call is counted.
    Key,
    /// Whoever has a bearer token, for their own figures; a member of `admin` for everybody's.
    Token,
    /// Everybody.
    Open,
}

/// All that there is to say of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is, below where the API is.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What it answers, a sentence.
    pub summary: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 15] = [
        Self::Deadlines,
        Self::Summary,
        Self::Realtime,
        Self::TimeSeries,
        Self::UserStats,
        Self::Breakdown,
        Self::Heatmap,
        Self::CompanyStats,
        Self::Security,
        Self::Alerts,
        Self::Forecast,
        Self::Anomalies,
        Self::Export,
        Self::OpenApi,
        Self::Dashboard,
    ];

    /// The route's entry.
    pub const fn entry(self) -> Entry {
        match self {
            Self::Deadlines => Entry {
                path: "/v1/deadlines",
                access: Access::Key,
                summary: "Tax and compliance deadlines of Australia and New Zealand, by due date.",
                parameters: DEADLINES,
            },
            Self::Realtime => Entry {
                path: "/v1/analytics/realtime",
                access: Access::Token,
                summary: "The current minute, the last one, and the 60 whole minutes before the current one.",
                parameters: &[],
            },
            Self::TimeSeries => Entry {
                path: "/v1/analytics/timeseries",
                access: Access::Token,
                summary: "Figures over time, a point for each window, whether anything happened in it or not.",
                parameters: TIME_SERIES,
            },
            Self::UserStats => Entry {
                path: "/v1/analytics/user-stats",
                access: Access::Token,
                summary: "What one user has called: in all, in this month, by key, path and day, and lately.",
                parameters: &[EMAIL],
            },
            Self::Alerts => Entry {
                path: "/v1/analytics/alerts",
                access: Access::Token,
                summary: "The thresholds of a month's quota that one user was told of, and those still to come.",
                parameters: &[EMAIL],
            },
            Self::Heatmap => Entry {
                path: "/v1/analytics/heatmap",
                access: Access::Token,
                summary: "When in the week calls come: the calls of each of its 168 hours.",
                parameters: HEATMAP,
            },
            Self::Breakdown => Entry {
                path: "/v1/analytics/breakdown",
                access: Access::Token,
                summary: "Calls by what they have in common, the most frequent first, with errors and response times.",
                parameters: BREAKDOWN,
            },
            Self::Summary => Entry {
                path: "/v1/analytics/summary",
                access: Access::Token,
                summary: "Six figures of today, each beside the same span a week before; of one user, what is left of the quota.",
                parameters: &[EMAIL, DAY_ZONE],
            },
            Self::CompanyStats => Entry {
                path: "/v1/analytics/company-stats",
                access: Access::Token,
                summary: "What a company's members did, day by day (UTC) and each of them. For administrators.",
                parameters: COMPANY_STATS,
            },
            Self::Security => Entry {
                path: "/v1/analytics/security",
                access: Access::Token,
                summary: "Why calls were refused and where they came from, and who called over a quota. For administrators.",
                parameters: &[DURATION, FROM, TO],
            },
            Self::Forecast => Entry {
                path: "/v1/analytics/forecast",
                access: Access::Token,
                summary: "Calls to be expected, hour by hour, with the bands in which they will be; of one user, when the quota runs out.",
                parameters: FORECAST,
            },
            Self::Anomalies => Entry {
                path: "/v1/analytics/anomalies",
                access: Access::Token,
                summary: "When calls were not as expected: everybody's, by the minute, and those of the users who call most.",
                parameters: &[EMAIL, DURATION, FROM, TO],
            },
            Self::Export => Entry {
                path: "/v1/analytics/export",
                access: Access::Token,
                summary: "One's own calls, a row each, oldest first, page by page; `X-Total-Calls` says how many there are.",
                parameters: EXPORT,
            },
            Self::OpenApi => Entry {
                path: "/v1/openapi.json",
                access: Access::Open,
                summary: "This description of the API.",
                parameters: &[],
            },
            Self::Dashboard => Entry {
                path: "/dashboard",
                access: Access::Open,
                summary: "The page on which people sign in and look at their figures.",
                parameters: &[],
            },
        }
    }

    /// Its path, below where the API is.
    pub const fn path(self) -> &'static str {
        self.entry().path
    }

    /// The route of a path, which may end with a slash.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        Self::ALL.into_iter().find(|route| route.path() == path)
    }

    /// What answers.
    pub const fn function(self) -> Function {
        match self.entry().access {
            Access::Key => Function::DeadlinesApi,
            Access::Token | Access::Open => Function::AnalyticsApi,
        }
    }
}
