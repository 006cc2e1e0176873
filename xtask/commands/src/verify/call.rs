//! Step 5 of the guide: a call of the API, and whether it is counted.
//!
//! Invariant: the call is known by a `User-Agent` of its own, so nobody else's call can pass for it. (Its request id would
//! do on AWS; the emulator tells the authorizer none.)

use std::time::{Duration, Instant};

use anyhow::Result;
use contract::{name, table};
use jiff::Timestamp;
use metering::email::Email;
use metering::subject::Subject;
use metering::window::{Day, Minute};
use store::journal::entry_of;
use store::table::text;
use store::windows::usage_partition;

use super::{Check, Deployment};
use cloud::aws::error::{failed_to, table_failed_to};
use cloud::local_state::folder::Folder;
use cloud::local_state::secrets::{Secrets, USER};
use cloud::random::random_text;
use cloud::system::api::{self, Answer};
use cloud::system::drain::events_of;
use cloud::system::{keys, users};

/// Within which time a call has to be counted.
const COUNTED_WITHIN: Duration = Duration::from_secs(2);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A call that was answered.
struct Made {
    agent: String,
    began: Timestamp,
    answered: Instant,
}

/// A call with a key that works, one with a key that does not, and what is counted.
pub async fn checks(deployment: &Deployment<'_>, key: Option<&str>) -> Vec<Check> {
    let url = match api::url(deployment.connection, deployment.env).await {
        Ok(url) => url,
        Err(error) => return vec![Check::new("API", false, format!("{error:#}"))],
    };
    let agent = match random_text(16) {
        Ok(text) => format!("complical-verify/{text}"),
        Err(error) => return vec![Check::new("API", false, format!("{error:#}"))],
    };
    let mut checks = vec![refused(&url, &agent).await];
    let Some(key) = key else {
        checks.push(Check::skipped("a call with a key", "no key: add --api-key or set COMPLICAL_API_KEY"));
        return checks;
    };
    let began = Timestamp::now();
    let answer = call(&url, key, &agent).await;
    let answered = Instant::now();
    let what = "a call with a key";
    match answer {
        Ok(answer) => {
            checks.push(answered_with_deadlines(what, &answer));
            let made = Made { agent, began, answered };
            checks.push(Check::tried("the call is counted", counted(deployment, key, &made).await));
        }
        Err(error) => checks.push(Check::new(what, false, format!("{error:#}"))),
    }
    if deployment.connection.is_local() && deployment.toggle.is_on() {
        checks.push(Check::tried("user-stats", user_stats(deployment, &url).await));
    }
    checks
}

async fn call(url: &str, key: &str, agent: &str) -> Result<Answer> {
    let headers = vec![("x-api-key", key.to_owned()), ("User-Agent", agent.to_owned())];
    api::get(format!("{url}/v1/deadlines?country=AU"), headers).await
}

async fn refused(url: &str, agent: &str) -> Check {
    let what = "a call with a wrong key";
    let answer = call(url, "ck_verify_0000000000000000000000000000000000", agent).await;
    Check::tried(what, answer.map(|answer| Check::new(what, answer.status == 401, answer.status.to_string())))
}

fn answered_with_deadlines(what: &str, answer: &Answer) -> Check {
    let n_deadlines = answer.body["deadlines"].as_array().map_or(0, Vec::len);
    let found = match answer.status {
        200 => format!("200, {n_deadlines} deadlines"),
        status => format!("{status}: {}", answer.body),
    };
    Check::new(what, answer.status == 200 && n_deadlines > 0, found)
}

/// Looks for the call where the mode puts it until it is there, or the time for it is over.
async fn counted(deployment: &Deployment<'_>, key: &str, made: &Made) -> Result<Check> {
    let what = "the call is counted";
    let Some(email) = owner(deployment, key).await? else {
        return Ok(Check::skipped(what, "the keys table does not say whose key it is"));
    };
    loop {
        let is_there = if deployment.toggle.is_on() {
            is_in_blocks(deployment, &email, made).await?
        } else {
            is_in_journal(deployment, &email, made).await?
        };
        let took = made.answered.elapsed();
        if is_there {
            let place = if deployment.toggle.is_on() { "in a block" } else { "in the usage table" };
            return Ok(Check::new(
                what,
                took <= COUNTED_WITHIN,
                format!("{place} {} ms after its answer", took.as_millis()),
            ));
        }
        if took > COUNTED_WITHIN {
            let found = format!("the call of {} is not there after {} s", made.agent, COUNTED_WITHIN.as_secs());
            return Ok(Check::new(what, false, found));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn owner(deployment: &Deployment<'_>, key: &str) -> Result<Option<Email>> {
    let found = keys::table(deployment.connection, deployment.env).find(&metering::key::hash(key)).await;
    Ok(found.map_err(table_failed_to("find out whose key it is"))?.map(|key| key.user_email))
}

async fn is_in_blocks(deployment: &Deployment<'_>, email: &Email, made: &Made) -> Result<bool> {
    let bucket = Subject::User(email.clone()).bucket();
    // Clocks differ by some seconds at most; the call may lie in the minute before or after.
    for minute in Minute::of(made.began).plus(-1).through(Minute::of(Timestamp::now()).plus(1)) {
        let events = events_of(deployment.connection, deployment.env, minute, bucket).await?;
        if events.iter().any(|event| event.user_agent.as_deref() == Some(&made.agent)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// In synchronous mode each call is an item of its own, in the order of time, with the event as JSON.
async fn is_in_journal(deployment: &Deployment<'_>, email: &Email, made: &Made) -> Result<bool> {
    let month = Day::of(made.began).month();
    let query = deployment
        .connection
        .dynamodb()
        .query()
        .table_name(name::usage_table(deployment.env))
        .consistent_read(true)
        .scan_index_forward(false)
        .limit(200)
        .key_condition_expression("#p = :user AND begins_with(#s, :call)")
        .expression_attribute_names("#p", table::PK)
        .expression_attribute_names("#s", table::SK)
        .expression_attribute_values(":user", text(usage_partition(&Subject::User(email.clone()))))
        .expression_attribute_values(":call", text(format!("{month}{}", table::CALL)));
    let found = query.send().await.map_err(failed_to("read the usage table"))?;
    let mut events = found.items().iter().filter_map(entry_of);
    Ok(events.any(|event| event.user_agent.as_deref() == Some(&made.agent)))
}

/// The endpoint that a customer looks at, with a fresh token of the seeded user.
async fn user_stats(deployment: &Deployment<'_>, url: &str) -> Result<Check> {
    let what = "user-stats";
    let secrets = Secrets::read(&Folder::open()?, deployment.env)?;
    let password = secrets.password(USER).unwrap_or_default();
    let token = users::token(deployment.connection, deployment.env, &USER.parse()?, password).await?;
    let asked = format!("{url}/v1/analytics/user-stats?email={USER}");
    let answer = api::get(asked, vec![("Authorization", format!("Bearer {token}"))]).await?;
    let calls = &answer.body["allTime"]["apiCalls"];
    let is_fine = answer.status == 200 && calls.as_u64().is_some_and(|calls| calls > 0);
    Ok(Check::new(what, is_fine, format!("{}, {calls} calls in all", answer.status)))
}
