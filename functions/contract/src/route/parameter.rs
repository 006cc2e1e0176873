//! The parameters of the routes: what each is called, which values it takes and what for.
//!
//! Invariant: a parameter of one name takes the same values on every route that has it, though which of them is meant
//! where it is left out may be the route's own.

/// A parameter of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What values it takes.
    pub form: Form,
    /// What it is for, a sentence.
    pub description: &'static str,
    /// Whether it has to be given.
    pub is_required: bool,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A country of the deadlines.
    Country,
    /// A kind of obligation.
    Obligation,
    /// Who a deadline is owed to.
    Agency,
    /// A year of the deadlines.
    Year,
    /// 1 to 12.
    Month,
    /// Entries of a page.
    PageSize,
    /// Entries before a page.
    Offset,
    /// `minute`, `hour` or `day`.
    Granularity,
    /// A whole number and a unit, such as `15m`, `24h` or `7d`.
    Duration,
    /// An instant of RFC 3339.
    Instant,
    /// The name of a zone of the IANA database.
    Zone,
    /// By what calls are told apart: one dimension, or two with a comma between them.
    Dimensions,
    /// Rows of a breakdown.
    Rows,
    /// An address, `name@domain`.
    Email,
    /// An earlier span: the one before, or a week before.
    Earlier,
    /// How far a forecast goes.
    Horizon,
    /// The name of a company.
    Company,
    /// `csv` or `jsonl`.
    FileFormat,
    /// The place of a further page.
    Cursor,
}

const fn parameter(name: &'static str, form: Form, description: &'static str) -> Parameter {
    Parameter { name, form, description, is_required: false }
}

pub(super) const DEADLINES: &[Parameter] = &[
    parameter("country", Form::Country, "The country; all of them if it is left out. Any case."),
    parameter(
        "year",
        Form::Year,
        "The year in which deadlines are due, past ones too; upcoming ones if it is left out.",
    ),
    parameter("month", Form::Month, "The month in which deadlines are due."),
    parameter("type", Form::Obligation, "The kind of obligation. Any case."),
    parameter("agency", Form::Agency, "Who the deadline is owed to. Any case."),
    parameter("limit", Form::PageSize, "How many deadlines a page holds at most."),
    parameter("offset", Form::Offset, "How many deadlines precede the page."),
];

pub(super) const TIME_SERIES: &[Parameter] = &[
    parameter(
        "granularity",
        Form::Granularity,
        "How long the window of a point is. At most 10,080 points are answered.",
    ),
    EMAIL,
    DURATION,
    FROM,
    TO,
    parameter(
        "tz",
        Form::Zone,
        "The zone whose midnights are the edges of days; UTC if it is left out. Hours stay those of UTC.",
    ),
    parameter("compare", Form::Earlier, "Adds the sums of the whole range beside those of an earlier span."),
];

pub(super) const COMPANY_STATS: &[Parameter] = &[
    Parameter { is_required: true, ..parameter("company", Form::Company, "The company. It has to be given.") },
    DURATION,
    FROM,
    TO,
];

pub(super) const FORECAST: &[Parameter] = &[
    parameter(
        "horizon",
        Form::Horizon,
        "How far: a day, a week, or to the end of the month (UTC), with what it has already; a day if it is left out.",
    ),
    EMAIL,
    parameter(
        "company",
        Form::Company,
        "The company whose calls are forecast, in place of a user's. For administrators.",
    ),
];

pub(super) const HEATMAP: &[Parameter] = &[EMAIL, DURATION, FROM, TO, HOURS_ZONE];

pub(super) const BREAKDOWN: &[Parameter] = &[
    parameter(
        "by",
        Form::Dimensions,
        "What tells calls apart, one or two at once. `user` and `company` are for administrators, who name an `email` for `key`. \
         The hour and something else but `status` are told of 7 days at most.",
    ),
    EMAIL,
    parameter("limit", Form::Rows, "How many rows there are at most; the others are one, `*`."),
    DURATION,
    FROM,
    TO,
    HOURS_ZONE,
];

pub(super) const DURATION: Parameter = parameter(
    "duration",
    Form::Duration,
    "How much time, up to `to` or the window under way: at most 90 days, and whole windows.",
);
pub(super) const FROM: Parameter = parameter(
    "from",
    Form::Instant,
    "When the first window begins. With `duration`, or up to `to` or the window under way.",
);
pub(super) const TO: Parameter = parameter("to", Form::Instant, "When the last window ends.");
pub(super) const DAY_ZONE: Parameter =
    parameter("tz", Form::Zone, "The zone whose midnight begins the day; UTC if it is left out.");
const HOURS_ZONE: Parameter = parameter(
    "tz",
    Form::Zone,
    "The zone of days and hours; UTC if it is left out. Where it is half an hour off, an hour of UTC counts for the hour in which it begins.",
);

pub(super) const EXPORT: &[Parameter] = &[
    parameter("format", Form::FileFormat, "A table, or an object a line; a table if it is left out."),
    DURATION,
    FROM,
    TO,
    parameter(
        "cursor",
        Form::Cursor,
        "The next page, as the one before links to it; of use to nobody else, for a week.",
    ),
];

pub(super) const EMAIL: Parameter =
    parameter("email", Form::Email, "Whose figures; an administrator may name anybody, others themselves.");
