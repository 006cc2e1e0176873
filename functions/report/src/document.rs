//! The page of a report.
//!
//! Invariant: it reads in a mail client that leaves out styles and pictures, on a phone and on paper: what a picture
//! shows stands below it as a table, and nothing is fetched.

use std::fmt::Write as _;

use crate::correction::Correction;
use crate::markup::Text;
use crate::report::{Figures, Quota, Report, Row, Table, Whose};
use crate::{chart, figure};

const STYLE: &str = include_str!("document.css");

/// The document.
pub(crate) fn of(report: &Report) -> String {
    let title = report.title();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\n<style>{STYLE}</style></head>\n<body>\
         <main>\n",
        title = Text(&title)
    );
    head(&mut page, report);
    corrected(&mut page, &report.corrections);
    tiles(&mut page, report);
    let _ = write!(page, "<figure>{}<figcaption>{}</figcaption></figure>\n", chart::of(report), legend(report));
    if let Some(quota) = &report.quota {
        left(&mut page, quota);
    }
    for table in &report.tables {
        rows(&mut page, table, report);
    }
    points(&mut page, report);
    foot(&mut page, report);
    page.push_str("</main></body></html>\n");
    page
}

fn head(page: &mut String, report: &Report) {
    let whose = match &report.whose {
        Whose::Everybody => "All customers".to_owned(),
        Whose::Company(name) | Whose::User(name) => Text(name).to_string(),
    };
    let _ = write!(page, "<header><p>CompliCal API usage</p><h1>{}</h1><p>{whose}</p></header>\n", report.period.title());
}

fn corrected(page: &mut String, corrections: &[Correction]) {
    if corrections.is_empty() {
        return;
    }
    page.push_str("<section class=\"corrected\"><h2>Corrected</h2><p>Calls came in late. Since the last edition:</p><ul>");
    for Correction { figure, was, is } in corrections {
        let _ = write!(page, "<li>{}: {} instead of {}</li>", Text(figure), Text(is), Text(was));
    }
    page.push_str("</ul></section>\n");
}

fn tiles(page: &mut String, report: &Report) {
    let Figures { api_calls, errors, status_known, rate_limited, p50_latency_ms, p99_latency_ms, unique_users, .. } =
        report.whole;
    let latency = |value: Option<f64>| value.map_or_else(|| "–".into(), figure::milliseconds);
    let before = |of: fn(&Figures) -> u64| report.before.as_ref().map(of);
    let mut tiles = vec![
        ("Calls", figure::count(api_calls), changed(before(|figures| figures.api_calls), api_calls)),
        ("Failed", figure::share(errors, status_known), figure::count(errors)),
        ("Over quota", figure::count(rate_limited), changed(before(|figures| figures.rate_limited), rate_limited)),
        ("Response time", latency(p50_latency_ms), format!("99 % within {}", latency(p99_latency_ms))),
    ];
    if let Some(users) = unique_users {
        tiles.push(("People", figure::count(users), changed(before(|figures| figures.unique_users.unwrap_or(0)), users)));
    }
    page.push_str("<table class=\"tiles\" role=\"presentation\"><tr>");
    for (name, value, note) in tiles {
        let _ = write!(page, "<td><p>{name}</p><strong>{value}</strong><p>{note}</p></td>");
    }
    page.push_str("</tr></table>\n");
}

fn changed(before: Option<u64>, now: u64) -> String {
    before.map_or_else(String::new, |before| figure::change(before, now))
}

fn legend(report: &Report) -> String {
    let failed = if report.whole.errors > 0 { ", <span class=\"failed\">■</span> failed" } else { "" };
    format!("{} <span class=\"calls\">■</span> calls{failed}", Text(&chart::sentence(report)))
}

fn left(page: &mut String, quota: &Quota) {
    let Quota { limit, used, runs_out } = quota;
    let used_text = figure::count(*used);
    let sentence = match (limit, runs_out) {
        (None, _) => format!("{used_text} calls this month, without a limit."),
        (Some(limit), _) if used >= limit => format!("All {} calls of this month are used.", figure::count(*limit)),
        (Some(limit), Some(day)) => format!(
            "{used_text} of {} calls used ({}). As things go, the rest lasts until {}.",
            figure::count(*limit),
            figure::share(*used, *limit),
            day.strftime("%-d %B")
        ),
        (Some(limit), None) => format!(
            "{used_text} of {} calls used ({}). As things go, they last for the month.",
            figure::count(*limit),
            figure::share(*used, *limit)
        ),
    };
    let _ = write!(page, "<section><h2>Quota</h2><p>{sentence}</p></section>\n");
}

fn rows(page: &mut String, table: &Table, report: &Report) {
    let _ = write!(
        page,
        "<section><h2>By {}</h2><table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">Calls</th>\
         <th scope=\"col\">Share</th><th scope=\"col\">Failed</th><th scope=\"col\">Median</th>\
         <th scope=\"col\">99 %</th></tr></thead><tbody>",
        Text(&table.by.to_lowercase()),
        Text(&table.by)
    );
    for Row { name, api_calls, errors, p50_latency_ms, p99_latency_ms } in &table.rows {
        let name = if name == "*" { "all others" } else { name };
        let cells = [
            figure::count(*api_calls),
            figure::share(*api_calls, report.whole.api_calls),
            errors.map_or_else(|| "–".into(), |errors| figure::share(errors, *api_calls)),
            p50_latency_ms.map_or_else(|| "–".into(), figure::milliseconds),
            p99_latency_ms.map_or_else(|| "–".into(), figure::milliseconds),
        ];
        let _ = write!(page, "<tr><th scope=\"row\">{}</th>", Text(name));
        for cell in cells {
            let _ = write!(page, "<td>{cell}</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></section>\n");
}

fn points(page: &mut String, report: &Report) {
    let (name, unit) = if report.points.len() == 24 { ("Hour by hour", "Hour") } else { ("Day by day", "Day") };
    let _ = write!(
        page,
        "<section><h2>{name}</h2><table><thead><tr><th scope=\"col\">{unit}</th><th scope=\"col\">Calls</th>\
         <th scope=\"col\">Failed</th></tr></thead><tbody>"
    );
    for point in &report.points {
        let time = figure::time(report.period, point.time);
        let [calls, failed] = [point.api_calls, point.errors].map(figure::count);
        let _ = write!(page, "<tr><th scope=\"row\">{time}</th><td>{calls}</td><td>{failed}</td></tr>");
    }
    page.push_str("</tbody></table></section>\n");
}

fn foot(page: &mut String, report: &Report) {
    let Figures { api_calls, status_known, .. } = report.whole;
    let known = figure::share(status_known, api_calls);
    let _ = write!(
        page,
        "<footer><p>Every call is counted exactly, at the time it was made (UTC). How calls were answered is known of \
         {known} of them. Figures as of {}.</p></footer>\n",
        report.as_of.strftime("%-d %B %Y, %H:%M UTC")
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::a_day;

    #[test]
    fn what_a_caller_chose_stays_text() {
        let mut report = a_day();
        report.whose = Whose::Company("<script>alert(1)</script>".into());
        report.tables[0].rows[0].name = "GET /<img src=x onerror=alert(1)>".into();
        let page = of(&report);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    }

    #[test]
    fn the_page_of_a_day_is_as_it_was_looked_at() {
        insta::assert_snapshot!(of(&a_day()));
    }
}
