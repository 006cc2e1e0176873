//! What a user's days in a zone half an hour off read of hours that are kept with many others'.

use metering::fold::UsageBySubject;
use metering::subject::Subject;
use metering::usage::Usage;

use super::*;

const NOW: &str = "2026-12-01T00:10:20Z";
/// What an answer may cost, in read units.
const LOOK: f64 = 200.0;

#[tokio::test]
async fn a_users_days_are_exact_and_cost_little_where_their_edges_lie_in_hours_of_many() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let [busy, quiet] = ["c@example.com", "quiet@example.com"];
    let subject = |user: &str| Subject::User(user.parse().unwrap());
    let usage = Usage { events: 1, calls: 1, company: Some("x".repeat(200).as_str().into()), ..Usage::default() };
    let others = (0..).map(|n| subject(&format!("user{n}@example.com")));
    let beside = others.filter(|other| other.bucket() == subject(busy).bucket()).take(300);
    let (mut hour, mut day) = (UsageBySubject::default(), UsageBySubject::default());
    beside.chain([subject(busy)]).for_each(|subject| hour.add_part(20, subject, &usage));
    for (place, user) in [(3, busy), (18, busy), (3, quiet)] {
        day.add_part(place, subject(user), &usage);
    }
    for n in 1..=90 {
        let date = "2026-12-01".parse::<Day>().unwrap().plus(-n);
        world.api.windows.set_hour(date.first_hour().plus(18), &hour, |_| true).await.unwrap();
        world.api.windows.set_day(date, date.last_hour().last_minute(), &day).await.unwrap();
    }
    for (user, calls, most) in [(busy, 2, LOOK), (quiet, 1, LOOK / 5.0)] {
        world.store.reset_meter();
        let parameters = [("granularity", "day"), ("duration", "89d"), ("tz", "Asia/Kolkata")];
        let answer = world.ok(Who::User(user), TIMESERIES, &parameters, NOW).await;
        let points: Vec<_> = answer["timeSeries"].as_array().unwrap().iter().map(|point| &point["apiCalls"]).collect();
        // The day under way began at 18:30.
        let (calls, nothing) = (json!(calls), json!(0));
        assert_eq!(points, [vec![&calls; 88], vec![&nothing]].concat(), "{user}");
        let units = world.store.spent().read_units;
        assert!(units <= most, "{user}: {units} read units");
    }
}
