//! What holds of every day, however its load goes.

use proptest::prelude::*;

use super::super::decision::Bounds;
use super::player::{Offer, Player, offered};

/// Minutes of about the same load: how many, and at how many records a second; and whether CloudWatch has them.
fn stretch() -> impl Strategy<Value = Vec<Offer>> {
    let load = prop_oneof![4 => 0.0..3_000.0_f64, 1 => 3_000.0..30_000.0];
    let known = prop::bool::weighted(0.8);
    (1..90_usize, load, 100.0..5_000.0_f64, 0.0..1.0_f64, known).prop_map(|(minutes, load, bytes, swing, known)| {
        let minute =
            |n: usize| Offer { load: offered(if n.is_multiple_of(2) { load } else { load * swing }, bytes), known };
        (0..minutes).map(minute).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_day_leads_out_of_bounds_beyond_double_or_half_into_the_cool_down_or_to_shards_too_full(
        stretches in prop::collection::vec(stretch(), 1..40),
        min in 1..5_u32,
        more in 0..12_u32,
        shards in 1..20_u32,
    ) {
        let bounds = Bounds { min, max: min + more };
        let mut player = Player::new(shards, bounds);
        player.play(&stretches.concat());
    }

    #[test]
    fn a_load_that_stays_is_answered_and_then_left_alone(records in 0.0..7_000.0_f64, shards in 2..=10_u32) {
        let mut player = Player::new(shards, Bounds { min: 2, max: 10 });
        let offer = Offer { load: offered(records, 500.0), known: true };
        player.play(&[offer; 240]);
        let settled = (player.shards, player.story.len());
        prop_assert!(records / 1_000.0 / f64::from(player.shards) <= 0.701 || player.shards == 10);
        player.play(&[offer; 600]);
        prop_assert_eq!((player.shards, player.story.len()), settled);
    }
}
