//! The announcement of a report: a CloudEvent with links to its page and its table.
//!
//! Invariant: its id is of what the report says, so that a repeated announcement has the same and a corrected report
//! another; it says until when its links are good.

use std::time::Duration;

use contract::name::{EVERYBODYS_REPORT, REPORT_ATTRIBUTE};
use contract::table::USER_EMAIL;
use jiff::SignedDuration;
use metering::cloud_event::CloudEvent;
use metering::hex;
use metering::window::iso_millis;
use report::{Correction, Report, Whose, csv};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::bucket::Bucket;
use crate::signed_request::RequestError;
use crate::topic::Topic;

/// What CloudEvents call the kind of event.
const TYPE: &str = "com.complical.usage.report";
const COMPANY: &str = "companyName";
/// How long a link is good at most. The role's credentials sign it and may end sooner: AWS says of a role's links no
/// more than that they last some hours (S3 User Guide, "Sharing objects with presigned URLs").
const LINK: SignedDuration = SignedDuration::from_hours(6);

/// The topic of reports.
#[derive(Clone, Debug)]
pub struct ReportsTopic {
    /// The topic.
    pub topic: Topic,
    /// What its events say they are from.
    pub source: String,
}

/// What the event says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    title: String,
    period: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<&'a str>,
    api_calls: u64,
    errors: u64,
    rate_limited: u64,
    corrections: &'a [Correction],
    html: String,
    csv: String,
    links_good_until: String,
    location: String,
}

impl ReportsTopic {
    /// Whether anybody would be told of a report.
    pub(super) async fn has_subscribers(&self) -> Result<bool, RequestError> {
        self.topic.has_subscribers().await
    }

    /// Announces a report that is kept under a key.
    pub(super) async fn announce(&self, report: &Report, key: &str, bucket: &Bucket) -> Result<(), RequestError> {
        let (kind, user_email, company_name) = match &report.whose {
            Whose::Everybody => (EVERYBODYS_REPORT, None, None),
            Whose::Company(name) => ("company", None, Some(name.as_str())),
            Whose::User(email) => ("user", Some(email.as_str()), None),
        };
        let link = |end| bucket.link(&format!("{key}.{end}"), Duration::from_secs(LINK.as_secs().unsigned_abs()));
        let data = Data {
            title: report.title(),
            period: report.period.to_string(),
            user_email,
            company_name,
            api_calls: report.whole.api_calls,
            errors: report.whole.errors,
            rate_limited: report.whole.rate_limited,
            corrections: &report.corrections,
            html: link("html")?,
            csv: link("csv")?,
            links_good_until: iso_millis(report.as_of.saturating_add(LINK).unwrap_or(report.as_of)),
            location: bucket.place(&format!("{key}.html")),
        };
        let id = hex::encode(&Sha256::digest(format!("{key}\n{}", csv(report)))[..16]);
        let subject = format!("{kind}/{}", report.period);
        let event = CloudEvent::new(id, &self.source, TYPE, &subject, report.as_of, data);
        let attributes = [(USER_EMAIL, user_email), (COMPANY, company_name), (REPORT_ATTRIBUTE, Some(kind))];
        let attributes: Vec<_> = attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let what = if report.corrections.is_empty() { "usage" } else { "corrected usage" };
        self.topic.publish(&format!("CompliCal: {what} of {}", report.period), &event, &attributes).await
    }
}
