//! Events that the authorizer's log alone may keep: whether all of them are counted by now.
//!
//! Invariant: a line is judged by the blocks, not by a later line: an instance that Lambda has ended writes none.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use metering::event::Event;
use metering::subject::Bucket;
use metering::window::Minute;

use super::{Check, Deployment};
use cloud::system::drain::events_of;
use cloud::system::undelivered::lines;

const WHAT: &str = "events that the authorizer's log alone may keep";
/// How long an event may be on its way: the journal is moved into blocks once a minute, and again where that failed.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(3);

/// The check. In synchronous mode what is kept elsewhere is in no block, so nothing can be said.
pub async fn checks(deployment: &Deployment<'_>, now: Timestamp) -> Vec<Check> {
    if !deployment.toggle.is_on() {
        return Vec::new();
    }
    vec![Check::tried(WHAT, check(deployment, now).await)]
}

async fn check(deployment: &Deployment<'_>, now: Timestamp) -> Result<Check> {
    let Some(lines) = lines(deployment.connection, deployment.env, now).await? else {
        return Ok(Check::skipped(WHAT, "nobody has called the API yet"));
    };
    let mut left = 0;
    for line in &lines {
        // What cannot be counted is told by `errors replay --from-log`, and nothing else can be done about it.
        if let Ok(event) = Event::parse(line.event.as_bytes(), now)
            && now.duration_since(event.timestamp) > ON_ITS_WAY
        {
            left += usize::from(!is_counted(deployment, &event).await?);
        }
    }
    let found = match (lines.len(), left) {
        (0, _) => "none".to_owned(),
        (kept, 0) => format!("{kept}, all counted or on their way"),
        (kept, left) => format!("{kept}, of which {left} are not counted: cargo xtask errors replay --from-log"),
    };
    Ok(Check::new(WHAT, left == 0, found))
}

async fn is_counted(deployment: &Deployment<'_>, event: &Event) -> Result<bool> {
    let minute = Minute::of(event.timestamp);
    let events = events_of(deployment.connection, deployment.env, minute, Bucket::of_event(event)).await?;
    Ok(events.iter().any(|counted| counted.identity() == event.identity()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloud::Connection;
    use contract::undelivered::UNCONFIRMED;
    use contract::{Environment, Toggle};
    use runtime_fixture::fake::{self, Answer};
    use serde_json::{Value, json};

    /// The check of a log with these lines, where no block has any event.
    async fn checked(lines: &[Value]) -> Check {
        let answer = json!({ "events": lines }).to_string();
        let connection = Connection::to_fake(&fake::start(move |operation, _| match operation {
            "FilterLogEvents" => Answer(200, answer.clone()),
            "Query" => Answer(200, json!({ "Items": [], "Count": 0 }).to_string()),
            other => panic!("{other} is asked"),
        }));
        let (connection, env) = (connection, Environment::default());
        let settings = xtask::workspace::settings(&env).unwrap();
        let deployment = Deployment { connection: &connection, env: &env, toggle: Toggle::On, settings: &settings };
        checks(&deployment, Timestamp::now()).await.remove(0)
    }

    #[tokio::test]
    async fn a_line_that_nobody_has_answered_fails_until_its_event_is_counted_unless_that_is_on_its_way() {
        let line = |age: SignedDuration| {
            let event = json!({
                "eventType": "API_CALL", "requestId": "r-1", "timestamp": (Timestamp::now() - age).to_string(),
                "userEmail": "user@example.com",
            });
            let line = json!({ "message": UNCONFIRMED, "identity": "1", "event": event.to_string() }).to_string();
            json!({ "eventId": "1", "timestamp": 1, "message": line })
        };
        let found = "1, of which 1 are not counted: cargo xtask errors replay --from-log";
        assert_eq!(checked(&[line(SignedDuration::from_mins(4))]).await, Check::new(WHAT, false, found));
        let on_its_way = Check::new(WHAT, true, "1, all counted or on their way");
        assert_eq!(checked(&[line(SignedDuration::from_mins(2))]).await, on_its_way);
        assert_eq!(checked(&[]).await, Check::new(WHAT, true, "none"));
    }
}
