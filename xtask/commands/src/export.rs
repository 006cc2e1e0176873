//! `export`: one's own calls into a file, page by page, as many as are counted.
//!
//! Invariant: the file is there once it has every page and the number of its calls is the one that the API counts.

mod partial;

use anyhow::Result;
use contract::{Route, header};
use metering::email::Email;
use serde_json::{Value, json};
use xtask::cli::{self, FileFormat};
use xtask::{Failure, Printer};

use cloud::Connection;
use cloud::console::observer::Lines;
use cloud::console::password;
use cloud::console::reporter::Reporter;
use cloud::local_state::secrets;
use cloud::pricing::number::thousands;
use cloud::system::api::{self, TextAnswer};
use cloud::system::users;
use partial::Partial;

/// Whose calls are asked for, and where.
struct Source {
    url: String,
    token: String,
    /// The query of the first page.
    first: String,
}

/// A page as it was answered.
struct Page {
    body: String,
    rows: u64,
    total: u64,
    as_of: String,
    range: String,
    next: Option<String>,
}

/// The command.
///
/// # Errors
/// When nobody can sign in, a page cannot be had, the file cannot be written, or it has not as many calls as are counted.
pub async fn run(args: &cli::Export, printer: &Printer) -> Result<()> {
    let (connection, env) = (Connection::open(&args.cloud).await?, &args.cloud.env.env);
    let email = args.email.clone().map_or_else(|| secrets::USER.parse(), Ok)?;
    let url = format!("{}{}", api::url(&connection, env).await?, Route::Export.path());
    let seeded = if connection.is_local() { secrets::password_of(env, email.as_str())? } else { None };
    let password = password::given_or_typed(args.password.as_ref().or(seeded.as_ref()), &email, printer)?;
    let token = users::token(&connection, env, &email, &password).await?;
    let source = Source { url, token, first: first_query(args) };
    let mut partial = Partial::open(&args.out, &format!("{email} {}?{}", source.url, source.first))?;
    let last = follow(&source, &mut partial, &Reporter::full(printer, None)).await?;
    let rows = partial.progress.rows;
    if rows != last.total {
        partial.discard();
        return Err(Failure::new(format!("{rows} calls came, and {} are counted", last.total))
            .hint("calls that come late are counted within a minute or two: run it again")
            .into());
    }
    partial.finish()?;
    show(args, &email, &last, printer);
    Ok(())
}

fn first_query(args: &cli::Export) -> String {
    let format = match args.format {
        FileFormat::Csv => "csv",
        FileFormat::Jsonl => "jsonl",
    };
    let given = [("duration", &args.duration), ("from", &args.from), ("to", &args.to)];
    let given = given.iter().filter_map(|(name, value)| Some(format!("&{name}={}", escaped(value.as_ref()?))));
    format!("format={format}{}", given.collect::<String>())
}

/// A text in a query (RFC 3986, 2.1).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Adds every page that is not there yet; the last of them.
async fn follow(source: &Source, partial: &mut Partial, reporter: &Reporter) -> Result<Page> {
    let live = Lines::new(reporter, "export");
    if partial.progress.cursor.is_some() {
        reporter.without_terminal(&format!("going on after {} calls", thousands(partial.progress.rows)));
    }
    loop {
        let cursor = partial.progress.cursor.clone();
        let page = match source.page(cursor.as_deref()).await {
            // It has grown too old: what came is of another moment than what would come.
            Err(error) if cursor.is_some() && error.is::<Refused>() => {
                partial.begin_anew()?;
                continue;
            }
            page => page?,
        };
        partial.add(&page.body, page.rows, page.next.clone())?;
        let line = format!("{} of {} calls", thousands(partial.progress.rows), thousands(page.total));
        if page.next.is_none() {
            return Ok(page);
        }
        reporter.without_terminal(&line);
        live.show(vec![line]);
    }
}

/// The API does not take what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the API refuses: {0}")]
struct Refused(String);

impl Source {
    async fn page(&self, cursor: Option<&str>) -> Result<Page> {
        let query = cursor.map_or_else(|| self.first.clone(), |cursor| format!("cursor={cursor}"));
        let headers = vec![("Authorization", format!("Bearer {}", self.token))];
        let answer = api::get_text(format!("{}?{query}", self.url), headers).await?;
        match answer.status {
            200 => Page::of(answer),
            400 => Err(Refused(message(&answer)).into()),
            status => Err(Failure::new(format!("the API answers {status}: {}", message(&answer))).into()),
        }
    }
}

fn message(answer: &TextAnswer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["error"]["message"].as_str().unwrap_or_default().to_owned()
}

impl Page {
    fn of(answer: TextAnswer) -> Result<Self> {
        let TextAnswer { headers, body, .. } = answer;
        let header = |name: &str| headers.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default();
        let kind = header("content-type");
        let columns = u64::from(kind.ends_with("header=present"));
        let rows = if kind.starts_with("text/csv") { rows(&body) } else { body.lines().count() as u64 };
        let total = header(header::TOTAL_CALLS);
        let total = total.parse().map_err(|_| Failure::new(format!("{} is `{total}`", header::TOTAL_CALLS)))?;
        let next = header("link");
        let next = next.strip_prefix("<?cursor=").and_then(|link| link.split_once(">; rel=\"next\""));
        let next = next.map(|(cursor, _)| cursor.to_owned());
        let (as_of, range) = (header(header::AS_OF), header(header::RANGE));
        Ok(Self { rows: rows.saturating_sub(columns), total, as_of, range, next, body })
    }
}

/// The rows of a table: line ends that are in no quotes.
fn rows(table: &str) -> u64 {
    let (mut rows, mut is_quoted) = (0, false);
    for byte in table.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => rows += 1,
            _ => {}
        }
    }
    rows
}

fn show(args: &cli::Export, email: &Email, last: &Page, printer: &Printer) {
    let Page { total, as_of, range, .. } = last;
    let (from, to) = range.split_once('/').unwrap_or_default();
    if args.json {
        let file = args.out.display().to_string();
        printer.json(&json!({
            "userEmail": email, "file": file, "calls": total, "from": from, "to": to, "asOf": as_of,
        }));
    } else {
        let (calls, file) = (thousands(*total), args.out.display());
        printer.data(format!("{calls} calls from {from} to {to} are in {file}, as many as are counted"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_whatever_is_in_their_cells() {
        assert_eq!(rows("a,b\r\n\"two\r\nlines\",\"say \"\"hi\"\"\"\r\n"), 2);
        assert_eq!(rows(""), 0);
    }

    #[test]
    fn a_text_of_the_command_line_stays_one_value_of_the_query() {
        assert_eq!(escaped("2026-11-24T10:15:00+10:30&x=1"), "2026-11-24T10%3A15%3A00%2B10%3A30%26x%3D1");
    }
}
