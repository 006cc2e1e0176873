//! An export has each call of its owner once, as many as it says, whatever happens between its pages.

use contract::header::{AS_OF, RANGE, TOTAL_CALLS};
use contract::table::TTL;
use jiff::SignedDuration;
use metering::event::EventType;
use std::collections::BTreeSet;
use std::ops::Range;

use super::exact::{NOW, events};
use super::*;
use store::table::{integer, string};

const EXPORT: &str = Route::Export.path();
/// Between the first page and the others.
const LATER: &str = "2026-12-01T00:10:50Z";
/// Most pages of these tests' exports.
const MAX_PAGES: usize = 40;

/// A page as it was answered.
struct Page {
    body: String,
    headers: HeaderMap,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    fn total(&self) -> u64 {
        self.header(TOTAL_CALLS).parse().unwrap()
    }

    /// The cursor that it links to.
    fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().unwrap();
        let cursor = link.strip_prefix("<?cursor=").and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
        Some(cursor.unwrap_or_else(|| panic!("{link}")).to_owned())
    }

    /// The ids of its calls.
    fn ids(&self) -> Vec<String> {
        if self.header("content-type").starts_with("application/jsonl") {
            let id =
                |line: &str| serde_json::from_str::<Value>(line).unwrap()["requestId"].as_str().unwrap().to_owned();
            return self.body.lines().map(id).collect();
        }
        let columns = usize::from(self.header("content-type").ends_with("header=present"));
        let rows = self.body.split_terminator("\r\n").skip(columns);
        rows.map(|row| row.split(',').nth(1).unwrap().to_owned()).collect()
    }
}

impl World {
    async fn page(&self, who: Who<'_>, parameters: &[(&str, &str)], now: &str) -> Page {
        let (status, body, headers) = self.text(who, EXPORT, parameters, now).await;
        assert_eq!(status, 200, "{body}");
        Page { body, headers }
    }

    /// The ids of all pages from one on, with what happens between two of them.
    async fn ids_from(&self, page: Page, who: Who<'_>, now: &str, between: impl AsyncFn()) -> Vec<String> {
        let (total, mut page, mut ids) = (page.total(), page, Vec::new());
        for _ in 0..MAX_PAGES {
            assert_eq!(total, page.total());
            ids.extend(page.ids());
            let Some(cursor) = page.next() else { return ids };
            between().await;
            page = self.page(who, &[("cursor", &cursor)], now).await;
        }
        panic!("more than {MAX_PAGES} pages");
    }

    /// The ids of all pages, and until when they are.
    async fn ids(&self, who: Who<'_>, parameters: &[(&str, &str)], now: &str) -> (Vec<String>, Timestamp) {
        let page = self.page(who, parameters, now).await;
        let (total, end) = (page.total(), page.header(RANGE).split_once('/').unwrap().1.parse().unwrap());
        let ids = self.ids_from(page, who, now, async || ()).await;
        assert_eq!(ids.len() as u64, total, "{who:?} {parameters:?}");
        (ids, end)
    }

    /// Takes away what has expired by an instant.
    async fn expire(&self, now: Timestamp) {
        let [analytics, ..] = tables(&self.store);
        let mut pages = self.store.client().scan().table_name(analytics.name()).into_paginator().send();
        while let Some(page) = pages.next().await {
            let items = page.unwrap().items.unwrap_or_default();
            let expired = items.iter().filter(|item| integer(item, TTL).is_some_and(|at| at <= now.as_second()));
            analytics.delete_all(expired.map(|item| (string(item, PK), string(item, SK)))).await.unwrap();
        }
    }

    async fn clear_marks(&self) {
        for mark in self.blocks().marks().await.unwrap() {
            self.blocks().clear(&mark).await.unwrap();
        }
    }

    /// The ids of a user's calls in a time, each once, oldest first.
    fn expected(&self, user: &str, time: Range<Timestamp>) -> Vec<String> {
        let own = |event: &&Event| event.user_email.as_ref().is_some_and(|email| email.as_str() == user);
        let is_call = |event: &&Event| event.event_type == EventType::Call && time.contains(&event.timestamp);
        let calls = self.events.iter().filter(is_call);
        let distinct: BTreeSet<_> =
            calls.filter(own).map(|event| (event.timestamp, event.request_id.clone())).collect();
        distinct.into_iter().map(|(_, id)| id).collect()
    }
}

/// A call in each of some minutes of the days before now.
fn one_a_minute(user: &str, minutes: i64) -> Vec<Event> {
    let now: Timestamp = NOW.parse().unwrap();
    let at = |n: i64| (now - SignedDuration::from_mins(7 * n + 20)).to_string();
    (0..minutes).map(|n| call(user, &format!("m{n}"), &at(n))).collect()
}

#[tokio::test]
async fn an_export_has_each_of_ones_own_calls_once_wherever_the_watermark_stands() {
    for (set_through, is_folded) in
        [("2026-12-01T00:08", true), ("2026-12-01T00:08", false), ("2026-11-30T23:57", true)]
    {
        let world = World::committed_at(NOW, events(), set_through).await;
        if is_folded {
            world.clear_marks().await;
        }
        for user in USERS {
            for (duration, minutes, format) in
                [("90d", 129_600, "csv"), ("1h", 60, "jsonl"), ("25h", 1_500, "csv"), ("3m", 3, "jsonl")]
            {
                let since = Minute::of(NOW.parse().unwrap()).plus(1 - minutes).start();
                let parameters = [("duration", duration), ("format", format)];
                let (ids, end) = world.ids(Who::User(user), &parameters, NOW).await;
                assert_eq!(ids, world.expected(user, since..end), "{user} {duration} {set_through} {is_folded}");
                // More late minutes than may be counted at once are counted when they are folded.
                let is_whole = end == Minute::of(NOW.parse().unwrap()).end();
                assert!(is_whole || !is_folded && minutes > 1_440, "{end} {duration} {set_through} {is_folded}");
            }
        }
    }
}

#[tokio::test]
async fn its_total_is_what_the_time_series_counts() {
    let world = World::committed_at(NOW, events(), "2026-12-01T00:08").await;
    world.clear_marks().await;
    for user in USERS {
        let page = world.page(Who::User(user), &[("duration", "2d")], NOW).await;
        let parameters = [("granularity", "minute"), ("duration", "2d")];
        let series = world.ok(Who::User(user), TIMESERIES, &parameters, NOW).await;
        let points = series["timeSeries"].as_array().unwrap().iter();
        assert_eq!(page.total(), points.map(|point| point["apiCalls"].as_u64().unwrap()).sum::<u64>(), "{user}");
        assert_eq!(
            (page.header(AS_OF), page.header(RANGE)),
            ("2026-12-01T00:10:20.000Z", "2026-11-29T00:11:00.000Z/2026-12-01T00:11:00.000Z")
        );
    }
}

#[tokio::test]
async fn what_an_export_begins_with_is_there_as_long_as_its_cursors_are_good() {
    let user = Who::User("c@example.com");
    let now = "2026-11-30T23:59:30Z";
    let calls = (0..400).map(|n| {
        let at = "2026-09-01T00:00:30Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(3 * n);
        call("c@example.com", &format!("m{n}"), &at.to_string())
    });
    let world = World::committed_at(now, calls.collect(), "2026-11-30T23:57").await;
    world.clear_marks().await;
    world.expire(now.parse().unwrap()).await;
    let page = world.page(user, &[("duration", "90d"), ("to", "2026-11-30T00:00:00Z")], now).await;
    assert_eq!(page.total(), 400);
    let later = "2026-12-07T23:59:30Z";
    world.expire(later.parse().unwrap()).await;
    assert_eq!(world.ids_from(page, user, later, async || ()).await.len(), 400);
}

#[tokio::test]
async fn pages_do_not_shift_by_what_comes_or_is_written_again_between_them() {
    let user = Who::User("c@example.com");
    let world = World::committed_at(NOW, one_a_minute("c@example.com", 400), "2026-12-01T00:08").await;
    world.clear_marks().await;
    let page = world.page(user, &[], NOW).await;
    assert_eq!(page.total(), 400);
    assert!(page.next().is_some(), "{}", page.ids().len());
    let later: Timestamp = LATER.parse().unwrap();
    let again = async || {
        // New calls of minutes to come, and all the old ones in one batch, as a delivery cut elsewhere brings them.
        let at = |n: i64| (later - SignedDuration::from_mins(7 * n + 20)).to_string();
        let late = (0..400).step_by(3).map(|n| call("c@example.com", &format!("late{n}"), &at(n)));
        world.commit_at(LATER, late.chain(world.events.clone()).collect()).await;
    };
    let ids = world.ids_from(page, user, "2026-12-01T00:11:10Z", again).await;
    assert_eq!(ids, world.expected("c@example.com", Timestamp::MIN..Timestamp::MAX));
}

#[tokio::test]
async fn a_large_block_that_is_written_again_stays_in_an_export_that_began_before() {
    let at = |n: u32| format!("2026-11-30T10:15:{:02}.{:03}Z", n % 60, n % 1_000);
    let calls = |n: u32| call("c@example.com", &format!("{n}"), &at(n));
    let mut events = one_a_minute("c@example.com", 400);
    events.extend((0..300).map(calls));
    let world = World::committed_at(NOW, events, "2026-12-01T00:08").await;
    world.clear_marks().await;
    let user = Who::User("c@example.com");
    let page = world.page(user, &[], NOW).await;
    let total = page.total();
    assert!(Block::of((0..300).map(calls))[0].digest.is_some());
    let again = async || world.commit_at(LATER, (0..300).map(calls).collect()).await;
    assert_eq!(world.ids_from(page, user, "2026-12-01T00:11:10Z", again).await.len() as u64, total);
    assert_eq!(total, 700);
}

#[tokio::test]
async fn a_minute_that_is_more_than_a_page_goes_on_where_the_page_ended() {
    let mut calls = Vec::new();
    for n in 0..9_000_u32 {
        let at = format!("2026-11-30T10:15:{:02}.{:03}Z", n % 60, n % 1_000);
        let mut call = call("c@example.com", &format!("{n}"), &at);
        call.user_agent = Some("x".repeat(900).into());
        calls.push(call);
    }
    let world = World::committed_at(NOW, calls, "2026-12-01T00:08").await;
    world.clear_marks().await;
    let page = world.page(Who::User("c@example.com"), &[], NOW).await;
    assert!((4_000..6_000).contains(&page.ids().len()));
    let ids = world.ids_from(page, Who::User("c@example.com"), NOW, async || ()).await;
    assert_eq!(ids, world.expected("c@example.com", Timestamp::MIN..Timestamp::MAX));
}

#[tokio::test]
async fn an_export_ends_before_a_late_minute_that_is_too_much_to_count() {
    let world = World::committed_at(NOW, one_a_minute("c@example.com", 400), "2026-12-01T00:08").await;
    world.clear_marks().await;
    let (user, late) = (Who::User("c@example.com"), "2026-11-30T10:15:00.000Z");
    let mut state = 7_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + ((state >> 33) % 26) as u8)
    };
    let calls = (0..600).map(|n| {
        let agent: String = (0..900).map(|_| letter()).collect();
        Event { user_agent: Some(agent.as_str().into()), ..call("c@example.com", &format!("late{n}"), late) }
    });
    world.commit_at(NOW, calls.collect()).await;
    let page = world.page(user, &[], NOW).await;
    assert!(page.header(RANGE).ends_with(&format!("/{late}")), "{}", page.header(RANGE));
    let before = |event: &&Event| event.timestamp < late.parse().unwrap();
    assert_eq!(page.total() as usize, world.events.iter().filter(before).count());
    world.ids(user, &[], NOW).await;
}

#[tokio::test]
async fn a_cursor_is_of_use_to_nobody_else_and_goes_with_nothing_that_it_says_itself() {
    let mut events = one_a_minute("c@example.com", 400);
    events.extend(one_a_minute("a", 400));
    let world = World::committed_at(NOW, events, "2026-12-01T00:08").await;
    world.clear_marks().await;
    let cursor = world.page(Who::User("c@example.com"), &[("format", "jsonl")], NOW).await.next().unwrap();
    let cursor = ("cursor", cursor.as_str());
    let refused = async |who: Who<'_>, parameters: &[(&str, &str)], now: &str| {
        let (status, body) = world.get(who, EXPORT, parameters, now).await;
        assert_eq!(status, 400, "{body}");
        body["error"]["message"].as_str().unwrap().to_owned()
    };
    let own = Who::User("c@example.com");
    for who in [Who::User("a"), Who::Admin] {
        assert!(refused(who, &[cursor], NOW).await.starts_with("`cursor`"));
    }
    assert!(refused(own, &[cursor, ("format", "csv")], NOW).await.starts_with("`cursor`"));
    assert!(refused(own, &[cursor, ("duration", "1h")], NOW).await.starts_with("`duration`"));
    assert!(refused(own, &[cursor], "2026-12-08T00:10:21Z").await.starts_with("`cursor`"));
    assert!(refused(own, &[("cursor", "AQAA")], NOW).await.starts_with("`cursor`"));
    assert!(refused(own, &[("format", "xml")], NOW).await.starts_with("`format`"));
    // The key of November is another than that of December, in which the export began.
    assert!(world.page(own, &[cursor, ("format", "jsonl")], "2026-12-08T00:10:20Z").await.next().is_some());
}

#[tokio::test]
async fn nobody_exports_the_calls_of_another() {
    let world = World::committed_at(NOW, one_a_minute("c@example.com", 3), "2026-12-01T00:08").await;
    for who in [Who::Admin, Who::User("a")] {
        assert_eq!(world.get(who, EXPORT, &[("email", "c@example.com")], NOW).await.0, 403, "{who:?}");
        assert_eq!(world.page(who, &[], NOW).await.total(), 0);
    }
    let own = world.page(Who::User("c@example.com"), &[("email", "C@example.com")], NOW).await;
    assert_eq!((own.total(), own.header("content-disposition")), (3, "attachment; filename=\"calls.csv\""));
    assert_eq!(world.get(Who::Nobody, EXPORT, &[], NOW).await.0, 401);
}
