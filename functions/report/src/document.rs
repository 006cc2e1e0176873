//! The page of a report.
//!
//! Invariant: it reads in a mail client that leaves out styles and pictures, on a phone and on paper: what a picture
//! shows stands below it as a table, and nothing is fetched.

use std::fmt::Write as _;

use crate::markup::Text;
use crate::report::{Correction, Figures, Quota, Report, Row, Table, Whose};
use crate::{chart, figure};

const STYLE: &str = include_str!("document.css");

/// What a row of a table says beside its calls.
type Column = fn(&Row) -> Option<String>;
const COLUMNS: [(&str, Column); 3] = [
    ("Failed", |row| row.errors.map(|errors| figure::share(errors, row.api_calls))),
    ("Median", |row| row.p50_response_ms.map(figure::milliseconds)),
    ("99 %", |row| row.p99_response_ms.map(figure::milliseconds)),
];

/// The page of a report: one HTML document, with nothing from outside it.
pub fn html(report: &Report) -> String {
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
    if !report.points.is_empty() {
        let _ = writeln!(page, "<figure>{}<figcaption>{}</figcaption></figure>", chart::of(report), legend(report));
    }
    if let Some(quota) = &report.quota {
        left(&mut page, quota);
    }
    for table in &report.tables {
        rows(&mut page, table, report);
    }
    if !report.points.is_empty() {
        points(&mut page, report);
    }
    footer(&mut page, report);
    page.push_str("</main></body></html>\n");
    page
}

fn head(page: &mut String, report: &Report) {
    let whose = match &report.whose {
        Whose::Everybody => "All customers".to_owned(),
        Whose::Company(name) | Whose::User(name) => Text(name).to_string(),
    };
    let _ =
        writeln!(page, "<header><p>CompliCal API usage</p><h1>{}</h1><p>{whose}</p></header>", report.period.title());
}

fn corrected(page: &mut String, corrections: &[Correction]) {
    if corrections.is_empty() {
        return;
    }
    page.push_str(
        "<section class=\"corrected\"><h2>Corrected</h2><p>Calls came in late. Since the last edition:</p><ul>",
    );
    for Correction { figure, was, is } in corrections {
        let _ = write!(page, "<li>{}: {} instead of {}</li>", Text(figure), Text(is), Text(was));
    }
    page.push_str("</ul></section>\n");
}

fn tiles(page: &mut String, report: &Report) {
    let Figures {
        api_calls, errors, status_known, rate_limited, p50_response_ms, p99_response_ms, unique_users, ..
    } = report.whole;
    let before = |of: fn(&Figures) -> u64| report.before.as_ref().map(of);
    let failed = match status_known {
        Some(known) => ("Failed", figure::share(errors, known), figure::count(errors)),
        None => ("Failed", figure::count(errors), "as far as is known".into()),
    };
    let mut tiles = vec![
        ("Calls", figure::count(api_calls), changed(before(|figures| figures.api_calls), api_calls)),
        failed,
        ("Over quota", figure::count(rate_limited), changed(before(|figures| figures.rate_limited), rate_limited)),
    ];
    if let Some((p50, p99)) = p50_response_ms.zip(p99_response_ms) {
        let note = format!("99 % within {}", figure::milliseconds(p99));
        tiles.push(("Response time", figure::milliseconds(p50), note));
    }
    if let Some(users) = unique_users {
        tiles.push((
            "People",
            figure::count(users),
            changed(before(|figures| figures.unique_users.unwrap_or(0)), users),
        ));
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
    let failed = if report.points.iter().any(|point| point.errors > Some(0)) {
        ", <span class=\"failed\">■</span> failed"
    } else {
        ""
    };
    format!("{} <span class=\"calls\">■</span> calls{failed}", Text(&chart::sentence(report)))
}

fn left(page: &mut String, quota: &Quota) {
    let Quota { limit, used, runs_out } = quota;
    let used_text = figure::count(*used);
    let sentence = match runs_out {
        _ if used >= limit => format!("All {} calls of this month are used.", figure::count(*limit)),
        Some(day) => format!(
            "{used_text} of {} calls used ({}). As things go, the rest lasts until {}.",
            figure::count(*limit),
            figure::share(*used, *limit),
            day.strftime("%-d %B")
        ),
        None => format!(
            "{used_text} of {} calls used ({}). As things go, they last for the month.",
            figure::count(*limit),
            figure::share(*used, *limit)
        ),
    };
    let _ = writeln!(page, "<section><h2>Quota</h2><p>{sentence}</p></section>");
}

/// Calls by something; what is known of no row has no column.
fn rows(page: &mut String, table: &Table, report: &Report) {
    let columns: Vec<_> =
        COLUMNS.into_iter().filter(|(_, cell)| table.rows.iter().any(|row| cell(row).is_some())).collect();
    let by = Text(&table.by);
    let _ = write!(
        page,
        "<section><h2>By {}</h2><table class=\"by\"><thead><tr><th scope=\"col\">{by}</th><th scope=\"col\">Calls</th>\
         <th scope=\"col\">Share</th>",
        Text(&table.by.to_lowercase())
    );
    for (name, _) in &columns {
        let _ = write!(page, "<th scope=\"col\">{name}</th>");
    }
    page.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        let name = if row.is_others() { "all others" } else { &row.name };
        let share = figure::share(row.api_calls, report.whole.api_calls);
        let _ = write!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{share}</td>",
            Text(name),
            figure::count(row.api_calls)
        );
        for (_, cell) in &columns {
            let _ = write!(page, "<td>{}</td>", cell(row).unwrap_or_else(|| "–".into()));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></section>\n");
}

fn points(page: &mut String, report: &Report) {
    let (name, unit) = if report.points.len() == 24 { ("Hour by hour", "Hour") } else { ("Day by day", "Day") };
    let are_failed_known = report.points.iter().any(|point| point.errors.is_some());
    let failed = if are_failed_known { "<th scope=\"col\">Failed</th>" } else { "" };
    let _ = write!(
        page,
        "<section><h2>{name}</h2><table><thead><tr><th scope=\"col\">{unit}</th><th scope=\"col\">Calls</th>{failed}</tr>\
         </thead><tbody>"
    );
    for point in &report.points {
        let (time, calls) = (figure::time(report.period, point.time), figure::count(point.api_calls));
        let failed = point.errors.map_or_else(String::new, |errors| format!("<td>{}</td>", figure::count(errors)));
        let _ = write!(page, "<tr><th scope=\"row\">{time}</th><td>{calls}</td>{failed}</tr>");
    }
    page.push_str("</tbody></table></section>\n");
}

fn footer(page: &mut String, report: &Report) {
    let Figures { api_calls, status_known, .. } = report.whole;
    let known = status_known.filter(|_| api_calls > 0).map_or_else(String::new, |known| {
        format!(" How calls were answered is known of {} of them.", figure::share(known, api_calls))
    });
    let as_of = report.as_of.strftime("%-d %B %Y, %H:%M UTC");
    let _ = writeln!(
        page,
        "<footer><p>Every call is counted exactly, at the time it was made (UTC).{known} Figures as of {as_of}.</p></footer>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::a_day;

    #[test]
    fn what_a_caller_chose_stays_text() {
        let mut report = a_day();
        report.whose = Whose::Company("<script>alert(1)</script>".into());
        report.tables[0].rows[0].name = "GET /<img src=x onerror=alert(1)>".into();
        let page = html(&report);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    }

    #[test]
    fn the_page_of_a_day_is_as_it_was_looked_at() {
        insta::assert_snapshot!(html(&a_day()));
    }
}
