//! Every row of `breakdown` and every cell of `heatmap` beside a count of the calls that were played.

use metering::report::breakdown::By;

use super::*;

const BREAKDOWN: &str = Route::Breakdown.path();
const HEATMAP: &str = Route::Heatmap.path();

/// Hours that are broken down: more would be refused by the hour and a name.
const WEEK: [(&str, &str); 1] = [("duration", "7d")];
/// Zones with what they are ahead of UTC, in minutes, before and after 1 November, 6:00 of UTC.
const ZONES: [(&str, i64, i64); 3] = [("UTC", 0, 0), ("Asia/Kolkata", 330, 330), ("America/New_York", -240, -300)];

/// What is expected of a row.
#[derive(Default)]
struct Row {
    calls: u64,
    errors: u64,
    millis: Vec<u64>,
    last: Option<Timestamp>,
}

/// How a zone's clock stands, as minutes since its 1970 began; where it is half an hour off, the hour of UTC counts.
fn clock(at: Timestamp, (_, before, after): (&str, i64, i64)) -> i64 {
    let changed: Timestamp = "2026-11-01T06:00:00Z".parse().unwrap();
    at.as_second().div_euclid(3_600) * 60 + if at < changed { before } else { after }
}

/// What breakdowns are about.
struct Asked<'a> {
    who: Who<'a>,
    email: Option<&'a str>,
    by: String,
    zone: (&'static str, i64, i64),
}

impl Asked<'_> {
    fn has(&self, dimension: &str) -> bool {
        self.by.split(',').any(|of| of == dimension)
    }

    fn is_of_people(&self) -> bool {
        self.has("user") || self.has("company")
    }

    /// Of calls that windows do not have yet names are known where they are one user's, or those of lists.
    fn is_told(&self, is_set: bool) -> bool {
        let own = self.email.is_some() || matches!(self.who, Who::User(_));
        is_set || own || self.is_of_people() || self.by.split(',').all(|of| matches!(of, "hour" | "status"))
    }

    /// Whether rows have response times: every dimension alone but the status, and with the hour.
    fn is_timed(&self) -> bool {
        !self.has("status") && (!self.by.contains(',') || self.has("hour"))
    }

    fn name(&self, played: &Played, call: &Event) -> String {
        let method = call.method.as_deref().unwrap();
        let answer = played.answer(call);
        let name = |dimension: &str| match dimension {
            "key" => call.api_key_id.as_deref().unwrap().to_owned(),
            "path" => format!("{method} {}", call.path.as_deref().unwrap()),
            "method" => method.to_owned(),
            "status" => answer.map_or("unknown".into(), |answer| answer.status.to_string()),
            "company" => call.company_name.clone().unwrap().into(),
            "user" => call.user_email.as_ref().unwrap().as_str().to_owned(),
            _ => format!("{:02}", clock(call.timestamp, self.zone).rem_euclid(1_440) / 60),
        };
        self.by.split(',').map(name).collect::<Vec<_>>().join(" | ")
    }

    fn expected(&self, played: &Played, answer: &Value) -> BTreeMap<String, Row> {
        let mut rows = BTreeMap::<String, Row>::new();
        for call in played.calls(self.email.map_or(self.who, Who::User), answer) {
            let is_set = Minute::of(call.timestamp) <= played.set;
            let other = || self.by.split(',').map(|_| "*").collect::<Vec<_>>().join(" | ");
            let name = if self.is_told(is_set) { self.name(played, call) } else { other() };
            let row = rows.entry(name).or_default();
            row.calls += 1;
            row.last = row.last.max(Some(if is_set { call.timestamp } else { Minute::of(call.timestamp).start() }));
            if let Some(answer) = played.answer(call) {
                row.errors += u64::from(answer.status >= 400);
                row.millis.push(answer.millis);
            }
        }
        rows
    }

    async fn compare(&self, played: &Played) {
        let context = format!("{} {:?} of {:?} in {}", self.by, self.who, self.email, self.zone.0);
        let parameters: Vec<_> = [("by", self.by.as_str()), ("tz", self.zone.0), ("limit", "500")]
            .into_iter()
            .chain(WEEK)
            .chain(self.email.map(|email| ("email", email)))
            .collect();
        let answer = played.world.ok(self.who, BREAKDOWN, &parameters, NOW).await;
        let mut expected = self.expected(played, &answer);
        assert!(!expected.is_empty(), "nothing is compared: {context}");
        assert_eq!(answer["apiCalls"], expected.values().map(|row| row.calls).sum::<u64>(), "{context}");
        let known = expected.values().map(|row| row.millis.len() as u64).sum::<u64>();
        assert_eq!(answer["statusKnown"], known, "{context}");
        for row in answer["rows"].as_array().unwrap().iter().filter(|row| row["apiCalls"] != 0) {
            let name = self.by.split(',').map(|of| row[of].as_str().unwrap()).collect::<Vec<_>>().join(" | ");
            let counted = expected.remove(&name).unwrap_or_else(|| panic!("no row {name}: {context}"));
            self.compare_row(row, &name, counted, &context);
        }
        assert!(expected.is_empty(), "{:?} have no row: {context}", expected.keys());
    }

    fn compare_row(&self, row: &Value, name: &str, mut counted: Row, context: &str) {
        let numbers = (&row["apiCalls"], &row["apiCallsAtMost"], &row["errors"]);
        assert_eq!(numbers, (&json!(counted.calls), &Value::Null, &json!(counted.errors)), "{name}: {context}");
        let is_other = name.contains('*');
        for (percent, field) in [(50, "p50ResponseMs"), (90, "p90ResponseMs"), (99, "p99ResponseMs")] {
            let exact = exact(&mut counted.millis, percent).filter(|_| self.is_timed() && !is_other);
            assert_near(&row[field], exact, &format!("{field} of {name}: {context}"));
        }
        let has_last = (self.by == "key" || self.is_of_people() || self.has("hour") && self.has("key")) && !is_other;
        let last = counted.last.filter(|_| has_last).map(iso_millis);
        assert_eq!(row["lastUsed"], json!(last), "{name}: {context}");
    }
}

/// By everything that can be asked for, by everybody who may.
pub(super) async fn are_exact(played: &Played) {
    for by in By::all().map(|by| by.to_string()) {
        let zones = if by.contains("hour") { &ZONES[..] } else { &ZONES[..1] };
        for zone in zones.iter().copied() {
            let is_of_people = ["user", "company"].contains(&by.as_str());
            let whose = if is_of_people { vec![] } else { played.busiest(2) };
            for email in &whose {
                Asked { who: Who::User(email), email: None, by: by.clone(), zone }.compare(played).await;
                Asked { who: Who::Admin, email: Some(email), by: by.clone(), zone }.compare(played).await;
            }
            if !by.contains("key") {
                Asked { who: Who::Admin, email: None, by: by.clone(), zone }.compare(played).await;
            }
        }
    }
}

pub(super) async fn weeks_are_exact(played: &Played) {
    for zone in ZONES {
        let own = Some("user@example.com");
        for (who, email) in [(Who::Admin, None), (Who::Admin, own), (Who::User("user@example.com"), None)] {
            let parameters: Vec<_> = [("tz", zone.0)].into_iter().chain(email.map(|email| ("email", email))).collect();
            let answer = played.world.ok(who, HEATMAP, &parameters, NOW).await;
            let mut expected = vec![vec![0; 24]; 7];
            for call in played.calls(email.map_or(who, Who::User), &answer) {
                let minutes = clock(call.timestamp, zone);
                // The first day of 1970 was a Thursday.
                let day = (minutes.div_euclid(1_440) + 3).rem_euclid(7);
                expected[usize::try_from(day).unwrap()][usize::try_from(minutes.rem_euclid(1_440) / 60).unwrap()] += 1;
            }
            let days = answer["days"].as_array().unwrap().iter();
            assert_eq!(
                json!(days.map(|day| day["hours"].clone()).collect::<Vec<_>>()),
                json!(expected),
                "{zone:?} {who:?}"
            );
            let all = expected.iter().flatten().sum::<u64>();
            assert!(all > 0 && answer["apiCalls"] == all, "{zone:?} {who:?}");
        }
    }
}
