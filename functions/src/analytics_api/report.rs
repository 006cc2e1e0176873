//! The figures of a report: what the API answers about the same time, put together for a page.
//!
//! Invariant: they are read and summed by what answers `timeseries`, `breakdown`, `company-stats` and `summary`; a
//! period that windows do not wholly have has no report.

mod span;

use std::collections::BTreeSet;

use ::report::{Figures, Period, Point, Quota, Report, Row, Table, Whose};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use metering::company::CompanyDay;
use metering::email::Email;
use metering::report::breakdown::{Breakdown, Dimension, usage_of};
use metering::report::company::{CompanyStats, Sums};
use metering::report::range::Range;
use metering::report::zone::Zone;
use metering::subject::{Bucket, Subject};
use metering::usage::Usage;
use metering::window::{Day, Hour, Minute, Month};
use store::table::TableError;

use self::span::Span;
use super::figures::{Figures as Reader, Scope};
use super::{AnalyticsApi, forecast};
use crate::http::Failure;

impl AnalyticsApi {
    /// The report of a period that is over.
    ///
    /// # Errors
    /// When the period is not over, or longer ago than what is kept, and when a request fails.
    pub async fn report(&self, whose: &Whose, period: Period, now: Timestamp) -> Result<Report, Failure> {
        match whose {
            Whose::Everybody => self.report_of_calls(None, whose, period, now).await,
            Whose::User(email) => self.report_of_calls(Some(&Email::as_stored(email)), whose, period, now).await,
            Whose::Company(name) => self.report_of_company(name, whose, period, now).await,
        }
    }

    /// The users of a bucket who called in a period, by name.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn callers(&self, period: Period, bucket: Bucket) -> Result<BTreeSet<Email>, TableError> {
        let mut callers = BTreeSet::new();
        for day in span::days(period) {
            let day = self.windows.day_of_hours(day.last_hour(), bucket).await?;
            callers.extend(day.usages.into_iter().filter_map(|(subject, usage)| match subject {
                Subject::User(email) if usage.calls > 0 => Some(email),
                _ => None,
            }));
        }
        Ok(callers)
    }

    /// The companies whose users called in a period, by name.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn companies(&self, period: Period) -> Result<BTreeSet<String>, TableError> {
        let mut companies = BTreeSet::new();
        for day in span::days(period) {
            companies.extend(self.windows.company_names(day).await?);
        }
        Ok(companies)
    }

    async fn report_of_calls(
        &self,
        email: Option<&Email>,
        whose: &Whose,
        period: Period,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        let (reader, set) = self.figures(email, now).await?;
        let (span, before) = Span::with_before(period, set, now)?;
        let points = async { Ok(reader.read(&span.points, &span.points.plan(set, 0), now).await?.0) };
        let before = async {
            match &before {
                Some(before) => reader.usages_and_users(before).await.map(Some),
                None => Ok(None),
            }
        };
        let (series, (usages, users), before) = tokio::try_join!(points, reader.usages_and_users(&span), before)?;
        let points = series.totals().map(|(first, total)| Point {
            time: first.start(),
            api_calls: total.calls,
            errors: Some(usage_of(total).errors()),
        });
        let tables = reader.tables(&span, &usages).await?;
        let quota = match email {
            Some(email) => Some(self.quota(&reader, email, &span).await?),
            None => None,
        };
        Ok(Report {
            whose: whose.clone(),
            period,
            as_of: now,
            whole: figures(&sum(&usages), users),
            before: before.map(|(usages, users)| figures(&sum(&usages), users)),
            points: points.collect(),
            tables,
            quota,
            corrections: Vec::new(),
        })
    }

    /// What a user's quota came to by the end of a period.
    async fn quota(&self, reader: &Reader<'_>, email: &Email, span: &Span) -> Result<Quota, Failure> {
        let Span { period, now, set, .. } = *span;
        let end = Minute::of(period.ends_at());
        let month = Month::of(end.plus(-1).start());
        let until = Range::between(Minute::of(month.start()), end, Zone::UTC, now);
        let used = reader.usage(&until, set, now).await?.calls;
        let limit = self.keys.user(email).await?.monthly_quota.calls();
        let runs_out = if may_run_out(used, limit, month, end) {
            let at = end.start();
            let outlook = self.outlook(&forecast::Whose::User(email.clone()), Hour::of(at), at).await?;
            outlook.run_out(limit).expected.map(|hour| TimeZone::UTC.to_datetime(hour.start()).date())
        } else {
            None
        };
        Ok(Quota { limit, used, runs_out })
    }

    /// Of a company, days have sums and members.
    async fn report_of_company(
        &self,
        name: &str,
        whose: &Whose,
        period: Period,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        let (_, set) = self.figures(None, now).await?;
        let (span, before) = Span::with_before(period, set, now)?;
        let days = self.days_of_company(name, &span.days).await?;
        let points = points_of_company(period, &days);
        let stats = CompanyStats::new(now, set, &span.days, name.to_owned(), days);
        let before = match before {
            Some(Span { days, .. }) => {
                let found = self.days_of_company(name, &days).await?;
                Some(CompanyStats::new(now, set, &days, name.to_owned(), found))
            }
            None => None,
        };
        let rows = stats.members.iter().map(|member| Row {
            name: member.user_email.clone(),
            api_calls: member.sums.api_calls,
            errors: Some(member.sums.errors),
            ..Row::default()
        });
        Ok(Report {
            whose: whose.clone(),
            period,
            as_of: now,
            whole: figures_of_company(&stats),
            before: before.as_ref().map(figures_of_company),
            points,
            tables: vec![Table { by: "User".into(), rows: rows.collect() }],
            quota: None,
            corrections: Vec::new(),
        })
    }
}

impl Reader<'_> {
    /// The usages of a span's windows, and how many users they are of, where that is not one.
    async fn usages_and_users(&self, span: &Span) -> Result<(Vec<(Minute, Usage)>, Option<u64>), Failure> {
        if matches!(self.scope, Scope::Own(_)) {
            return Ok((self.usages(&span.plan(), span.now).await?, None));
        }
        let totals = self.totals(&span.plan(), span.now).await?;
        let users = match totals.as_slice() {
            [(_, total)] => Some(total.users),
            _ => self.users(Some(span.hours())).await?,
        };
        Ok((totals.iter().map(|(first, total)| (*first, usage_of(total))).collect(), users))
    }

    async fn tables(&self, span: &Span, usages: &[(Minute, Usage)]) -> Result<Vec<Table>, Failure> {
        let of_usages = |dimension| {
            let breakdown = Breakdown::of_usages(span.frame(dimension), usages.iter().cloned());
            table(dimension, &breakdown)
        };
        let mut tables = vec![of_usages(Dimension::Path)];
        if matches!(self.scope, Scope::Own(_)) {
            tables.push(of_usages(Dimension::Key));
        } else {
            for people in [Dimension::Company, Dimension::User] {
                let (whole, tops) = self.tops(people, &span.plan(), span.now).await?;
                tables.push(table(people, &Breakdown::of_tops(span.frame(people), &whole, tops)));
            }
        }
        tables.push(of_usages(Dimension::Status));
        Ok(tables)
    }
}

fn sum(usages: &[(Minute, Usage)]) -> Usage {
    let mut whole = Usage::default();
    usages.iter().for_each(|(_, usage)| whole.merge(usage));
    whole
}

fn figures(usage: &Usage, unique_users: Option<u64>) -> Figures {
    let response = |percent| usage.performance.response.percentile_ms(percent);
    Figures {
        api_calls: usage.calls,
        errors: usage.errors(),
        status_known: Some(usage.answered()),
        rate_limited: usage.rate_limited,
        auth_failures: Some(usage.auth_failures),
        p50_response_ms: response(50),
        p99_response_ms: response(99),
        unique_users,
    }
}

fn figures_of_company(stats: &CompanyStats) -> Figures {
    let Sums { api_calls, errors, rate_limited } = stats.sums;
    Figures { api_calls, errors, rate_limited, unique_users: stats.users, ..Figures::default() }
}

/// Hours tell of a company's calls alone, days of its failed ones too. A day that was set before hours were kept has none.
fn points_of_company(period: Period, days: &[(Day, CompanyDay)]) -> Vec<Point> {
    let point = |time, api_calls, errors| Point { time, api_calls, errors };
    match (period, days) {
        (Period::Day(_), [(day, of)]) if !of.hours.is_empty() => {
            let hours = std::iter::zip(0.., day.first_hour().through(day.last_hour()));
            hours.map(|(n, hour)| point(hour.start(), of.hours.get(&n).copied().unwrap_or_default(), None)).collect()
        }
        (Period::Day(_), _) => Vec::new(),
        (_, days) => days.iter().map(|(day, of)| point(day.start(), of.sums.calls, Some(of.sums.errors))).collect(),
    }
}

fn table(dimension: Dimension, breakdown: &Breakdown) -> Table {
    let rows = breakdown.rows.iter().map(|row| Row {
        name: row.name(),
        api_calls: row.api_calls,
        errors: row.errors.filter(|_| dimension != Dimension::Status),
        p50_response_ms: row.p50_response_ms,
        p99_response_ms: row.p99_response_ms,
    });
    let by = match dimension {
        Dimension::Path => "Path",
        Dimension::Key => "Key",
        Dimension::Company => "Company",
        Dimension::User => "User",
        _ => "Answer",
    };
    Table { by: by.into(), rows: rows.collect() }
}

/// Whether a quota may run out within its month: at the pace so far, half of it would be used. A forecast is not worth
/// its time else.
fn may_run_out(used: u64, limit: u64, month: Month, end: Minute) -> bool {
    let minutes = |until: Timestamp| Minute::of(until).since(Minute::of(month.start())).cast_unsigned();
    let expected = u128::from(used) * u128::from(minutes(month.end())) / u128::from(minutes(end.start()).max(1));
    used < limit && expected >= u128::from(limit / 2) && end.start() < month.end()
}
