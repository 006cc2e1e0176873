use super::*;

fn minute(n: i64) -> Minute {
    "2026-11-24T10:00".parse::<Minute>().unwrap().plus(n)
}

/// Calls by id and minute, each made once.
fn calls(of: &[(&str, i64)]) -> Calls {
    let mut calls = Calls::default();
    of.iter().for_each(|(id, n)| calls.add(id, *id, minute(*n)));
    calls
}

/// Sources in which blocks and windows hold what is counted.
fn sources(gateway: &[(&str, i64)], stream: &[(&str, i64)], counted: &[(&str, i64)]) -> Sources {
    let mut blocks = BTreeMap::new();
    counted.iter().for_each(|(_, n)| *blocks.entry(minute(*n)).or_default() += 1);
    Sources {
        unreadable: Vec::new(),
        gateway: Some(calls(gateway)),
        stream: Some(calls(stream)),
        counted: calls(counted),
        windows: blocks.clone(),
        blocks,
    }
}

fn differing(sources: &Sources) -> Vec<Row> {
    compare(sources, minute(0), minute(9)).into_iter().filter(Row::differs).collect()
}

#[test]
fn records_that_agree_differ_in_no_minute_and_every_minute_has_a_row() {
    let all = [("a", 0), ("b", 0), ("c", 9)];
    let sources = sources(&all, &all, &all);
    assert_eq!(differing(&sources), []);
    let rows = compare(&sources, minute(0), minute(9));
    assert_eq!(rows.len(), 10);
    assert_eq!((rows[0].gateway, rows[0].stream, rows[0].counted), (Some(2), Some(2), 2));
}

#[test]
fn a_call_that_is_not_counted_is_lost_wherever_else_it_is() {
    for (gateway, stream) in [(vec![("a", 3)], vec![("a", 3)]), (vec![("a", 3)], vec![]), (vec![], vec![("a", 3)])] {
        let rows = differing(&sources(&gateway, &stream, &[]));
        assert_eq!((rows.len(), rows[0].minute, &rows[0].lost[..]), (1, minute(3), &["a".to_owned()][..]));
        assert!(rows[0].text().ends_with("0 counted; 1 not counted: a"), "{}", rows[0].text());
    }
}

#[test]
fn a_call_that_the_stream_did_not_take_came_by_the_journal() {
    let rows = compare(&sources(&[("a", 1)], &[], &[("a", 1)]), minute(1), minute(1));
    assert!(!rows[0].differs());
    assert_eq!(rows[0].text(), "1 at the gateway, 0 on the stream, 1 by the journal, 1 counted");
}

#[test]
fn a_call_counted_in_two_minutes_is_doubled() {
    let mut sources = sources(&[("a", 1)], &[("a", 1)], &[("a", 1)]);
    sources.counted.add("a", "a again", minute(2));
    assert_eq!(differing(&sources)[0].doubled, ["a"]);
    sources.gateway = None;
    assert_eq!(differing(&sources)[0].doubled, ["a"], "the stream's own ids suffice");
}

#[test]
fn a_call_of_which_the_gateway_knows_nothing_is_a_difference_only_where_it_keeps_a_record() {
    let mut sources = sources(&[], &[("a", 1)], &[("a", 1)]);
    assert_eq!(differing(&sources)[0].unknown, ["a"]);
    sources.gateway = None;
    assert_eq!(differing(&sources), []);
}

#[test]
fn a_call_at_a_boundary_is_compared_by_its_id_and_belongs_to_its_events_minute() {
    let one = sources(&[("a", 2)], &[("a", 3)], &[("a", 3)]);
    assert_eq!(differing(&one), []);
    let rows = compare(&one, minute(0), minute(9));
    assert_eq!((rows[2].gateway, rows[3].gateway), (Some(0), Some(1)));
    // At the ends of what is compared the neighbours are read too, and not judged.
    assert_eq!(differing(&sources(&[("a", 9)], &[("a", 10)], &[("a", 10)])), []);
    assert_eq!(differing(&sources(&[("a", -1)], &[("a", -1)], &[])), []);
}

#[test]
fn a_window_that_does_not_hold_what_its_blocks_do_is_a_difference() {
    let mut sources = sources(&[("a", 1)], &[("a", 1)], &[("a", 1)]);
    sources.windows.insert(minute(1), 2);
    assert_eq!(differing(&sources)[0].window, Some((2, 1)));
    sources.windows.clear();
    assert_eq!(differing(&sources), [], "a minute that is not set yet is read from its blocks");
}

#[test]
fn calls_under_an_id_that_a_caller_chose_are_as_many_as_they_are() {
    let random = "0123456789abcdef0123456789abcdef";
    assert_eq!(gateway_id(&format!("mine.{random}")), "mine");
    for own in ["3f0c0a51-0d3c-4f0e-8b7e-1c2d3e4f5a6b", "a.b", random] {
        assert_eq!(gateway_id(own), own);
    }
    let mut sources = sources(&[], &[], &[]);
    for n in 0..2 {
        let id = format!("mine.{n}");
        sources.gateway.as_mut().unwrap().add("mine", format!("line {n}"), minute(4));
        sources.stream.as_mut().unwrap().add("mine", &id, minute(4));
        sources.counted.add("mine", &id, minute(4));
    }
    sources.blocks.insert(minute(4), 2);
    assert_eq!(differing(&sources), []);
    sources.gateway.as_mut().unwrap().add("mine", "line 3", minute(4));
    assert_eq!(differing(&sources)[0].lost, ["mine"]);
}

#[test]
fn without_a_stream_the_gateway_and_the_count_are_compared() {
    let mut sources = sources(&[("a", 1), ("b", 1)], &[], &[("a", 1)]);
    sources.stream = None;
    let rows = differing(&sources);
    assert_eq!(rows[0].lost, ["b"]);
    assert_eq!(rows[0].text(), "2 at the gateway, 1 counted; 1 not counted: b");
}
