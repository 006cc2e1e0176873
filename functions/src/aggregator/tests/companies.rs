//! Whose calls companies have, and which users hours, whatever comes late.

use metering::window::{Day, Hour};
use store::table::Consistency;

use super::*;

async fn call(world: &World, user: &str, id: &str, (made, committed): (&str, &str), company: &str) {
    let event = Event { company_name: Some(company.into()), ..event_of(user, id, made) };
    let data = event.to_json();
    let record = Record { data: &data, arrived_at: at(committed), shard_id: "s", sequence_number: "1" };
    world.aggregator.blocks.commit(&Batch::of([record]), || at(committed)).await.unwrap();
}

/// Calls and users of a company on the day.
async fn of(world: &World, company: &str) -> (u64, u64) {
    let day: Day = "2026-11-24".parse().unwrap();
    let company = world.aggregator.windows.company(day, company, Consistency::Strong).await.unwrap();
    (company.sums.calls, company.users)
}

#[tokio::test]
async fn a_company_has_the_calls_of_its_members_and_none_of_one_who_turns_out_to_be_anothers() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    let in_time = ("2026-11-24T10:24:10Z", "2026-11-24T10:24:10Z");
    call(&world, "a@b.au", "1", in_time, "Acme").await;
    call(&world, "c@d.au", "2", in_time, "Acme").await;
    call(&world, "c@d.au", "3", in_time, "Acme").await;
    for now in ["2026-11-24T11:00:30Z", "2026-11-24T11:01:30Z", "2026-11-24T11:02:30Z"] {
        world.run(RunUntil::Settled, now).await;
        assert_eq!((of(&world, "Acme").await, of(&world, "Zenith").await), ((3, 2), (0, 0)), "{now}");
    }
    call(&world, "c@d.au", "4", ("2026-11-24T10:26:10Z", "2026-11-24T11:03:10Z"), "Zenith").await;
    world.run(RunUntil::Settled, "2026-11-24T11:03:30Z").await;
    assert_eq!((of(&world, "Acme").await, of(&world, "Zenith").await), ((1, 1), (3, 1)));
    call(&world, "a@b.au", "5", ("2026-11-24T10:27:10Z", "2026-11-24T11:04:10Z"), "Zenith").await;
    world.run(RunUntil::Settled, "2026-11-24T11:04:30Z").await;
    assert_eq!((of(&world, "Acme").await, of(&world, "Zenith").await), ((0, 0), (5, 2)));
}

#[tokio::test]
async fn users_of_hours_count_once_together() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    for (user, id, hour) in [("a@b.au", "1", 10), ("c@d.au", "2", 10), ("a@b.au", "3", 11), ("e@f.au", "4", 11)] {
        let made = format!("2026-11-24T{hour}:24:10Z");
        world.call_of(user, id, &made, &made).await;
    }
    world.run(RunUntil::Settled, "2026-11-24T12:01:30Z").await;
    let hour = |text: &str| text.parse::<Hour>().unwrap();
    let users = world.aggregator.windows.users(hour("2026-11-24T09"), hour("2026-11-24T11")).await.unwrap().0;
    let mut all = metering::sketch::Sketch::default();
    users.iter().for_each(|part| all.merge(part));
    assert_eq!((users.len(), all.users()), (2, 3));
}
