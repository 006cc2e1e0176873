//! A script with short names for its own values.
//!
//! Invariant: a name that all of the script has becomes the same other one wherever it stands, one that a statement has
//! the same throughout that, and no two of a statement become one, so that each still means what it meant; names that
//! somebody else gave, of properties and of what a browser has, stay.

mod declared;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use self::declared::{everywhere, within};
use super::piece::{Piece, Role, pieces, role};

/// Those letters first that words have most: names that are made of them pack better.
const LETTERS: &str = "etaoinsrlcdupmhgfbvywkxjqz";
/// Words of the language that are as short as names.
const RESERVED: [&str; 6] = ["as", "async", "do", "if", "in", "of"];

/// What names become.
type Names<'a> = BTreeMap<&'a str, String>;

/// The script with a short name for each value that it declares.
///
/// The script has no comments and no word of its own in a regular expression, and no statement of it uses what a browser
/// has under a name that it declares.
pub(super) fn short(script: &str) -> String {
    let pieces = pieces(script);
    let all = everywhere(&pieces);
    let everywhere = names(&pieces, &all, 'A'..='Z', &BTreeSet::new());
    let taken = everywhere.values().map(String::as_str).collect();
    let mut short = String::with_capacity(script.len());
    for statement in pieces.split_inclusive(|piece| piece.depth == 0 && matches!(piece.text, ";" | "\n")) {
        let own = names(statement, &(&within(statement) - &all), LETTERS.chars(), &taken);
        for (at, piece) in statement.iter().enumerate() {
            match (role(statement, at), own.get(piece.text).or_else(|| everywhere.get(piece.text))) {
                (Some(Role::Name), Some(name)) => short.push_str(name),
                (Some(Role::Both), Some(name)) => short.extend([piece.text, ":", name]),
                _ => short.push_str(piece.text),
            }
        }
    }
    short
}

/// What declared names become in a part of a script: names of those letters and then of two, in the order in which it has
/// them, so that one statement looks like another and is packed well. Those that all of the script has are more than there
/// are letters, and the most used ones have these.
fn names<'a>(
    part: &[Piece<'a>],
    declared: &BTreeSet<&'a str>,
    letters: impl Iterator<Item = char> + Clone,
    taken: &BTreeSet<&str>,
) -> Names<'a> {
    let (mut own, mut others) = (Vec::new(), BTreeSet::from(RESERVED));
    for (at, piece) in part.iter().enumerate() {
        match role(part, at) {
            Some(Role::Property) | None => {}
            Some(_) if RESERVED.contains(&piece.text) || own.contains(&piece.text) => {}
            Some(_) if declared.contains(piece.text) => own.push(piece.text),
            Some(_) => drop(others.insert(piece.text)),
        }
    }
    let in_part = |name: &&str| part.iter().filter(|piece| piece.text == *name).count();
    if taken.is_empty() {
        let mut most_used = own.clone();
        most_used.sort_by_cached_key(|name| Reverse(in_part(name)));
        most_used.truncate(letters.clone().count());
        own.sort_by_key(|name| most_used.iter().position(|other| other == name).unwrap_or(usize::MAX));
    }
    let of_two = LETTERS.chars().flat_map(|one| LETTERS.chars().map(move |other| format!("{one}{other}")));
    let free = letters.map(String::from).chain(of_two);
    let free = free.filter(|name| !others.contains(name.as_str()) && !taken.contains(name.as_str()));
    own.into_iter().zip(free).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{SCRIPT, dense};
    use super::*;

    #[test]
    fn what_a_script_declares_has_short_names_and_nothing_else_has() {
        for (script, expected) in [
            ("const count=1;let more=count+a;", "const A=1;let B=A+a;"),
            ("const f=(point,[x,y],other=point)=>point.other+other+y;", "const A=(e,[t,a],o=e)=>e.other+o+a;"),
            ("const make=(one)=>({one:one,two:[one]});make(name);", "const A=(e)=>({one:e,two:[e]});A(name);"),
            ("const kept=1;g({kept,other});h({kept:kept});", "const A=1;g({kept:A,other});h({kept:A});"),
            ("const at=({from=1,to:[end]})=>{end=from};", "const A=({from:e=1,to:[t]})=>{t=e};"),
            ("const {one,two:three}=f();three(one);", "const {one:A,two:B}=f();B(A);"),
            (
                "const says=who=>`${who.says} who ${f({who:`${who}`})}`;",
                "const A=e=>`${e.says} who ${f({who:`${e}`})}`;",
            ),
            ("const one=(a=[other])=>{for(const of of a)g(of)};", "const A=(e=[other])=>{for(const of of e)g(of)};"),
        ] {
            assert_eq!(short(script), expected);
        }
    }

    #[test]
    fn a_name_of_one_statement_may_be_that_of_another() {
        let script = "const f=(first)=>first;const g=(second)=>{const f=second;return f};";
        assert_eq!(short(script), "const A=(e)=>e;const B=(e)=>{const A=e;return A};");
    }

    #[test]
    fn no_two_names_of_a_statement_of_the_page_become_one_and_all_else_is_as_it_was() {
        let script = dense::script(SCRIPT);
        let shortened = short(&script);
        let (before, mut after) = (pieces(&script), pieces(&shortened).into_iter());
        let (mut one, mut other, mut renamed) = (BTreeMap::new(), BTreeMap::new(), 0);
        for (at, piece) in before.iter().enumerate() {
            let (from, mut to) = (piece.text, after.next().unwrap().text);
            if piece.depth == 0 && matches!(from, ";" | "\n") {
                (one, other) = (BTreeMap::new(), BTreeMap::new());
            }
            let role = role(&before, at);
            if role == Some(Role::Both) && after.as_slice()[0].text == ":" {
                assert_eq!(from, to);
                to = after.nth(1).unwrap().text;
            }
            match role {
                Some(Role::Name | Role::Both) => {
                    assert_eq!((*one.entry(from).or_insert(to), *other.entry(to).or_insert(from)), (to, from));
                    renamed += usize::from(from != to);
                }
                Some(Role::Property) | None => assert_eq!(from, to),
            }
        }
        assert!(after.next().is_none() && renamed > 1000, "{renamed}");
    }
}
