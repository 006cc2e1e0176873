//! The names that a script declares.
//!
//! Invariant: each is declared without doubt: after `const` or `let`, or as a parameter of an arrow function.

use std::collections::BTreeSet;

use super::super::piece::{Kind, Piece, next, previous};

/// Names that all of a script has: those that it declares outside of all brackets.
pub(super) fn everywhere<'a>(pieces: &[Piece<'a>]) -> BTreeSet<&'a str> {
    values(pieces).filter(|(depth, _)| *depth == 0).flat_map(|(_, names)| names).collect()
}

/// Names that a statement declares, parameters included.
pub(super) fn within<'a>(statement: &[Piece<'a>]) -> BTreeSet<&'a str> {
    let is_arrow = |at: &usize| statement[*at].text == ">" && *at > 0 && statement[at - 1].text == "=";
    let parameters = (0..statement.len()).filter(is_arrow).flat_map(|at| parameters(statement, at - 1));
    values(statement).filter(|(depth, _)| *depth > 0).flat_map(|(_, names)| names).chain(parameters).collect()
}

/// The names after each `const` and `let`, and how many brackets are open there.
fn values<'a>(pieces: &[Piece<'a>]) -> impl Iterator<Item = (usize, Vec<&'a str>)> {
    let declares = |piece: &Piece<'_>| piece.kind == Kind::Word && matches!(piece.text, "const" | "let");
    let places = pieces.iter().enumerate().filter(move |(_, piece)| declares(piece));
    places.filter_map(|(at, piece)| {
        let first = next(pieces, at)?;
        let is_pattern = matches!(pieces[first].text, "[" | "{");
        Some((piece.depth, if is_pattern { pattern(pieces, first) } else { vec![pieces[first].text] }))
    })
}

/// The names before an arrow: one alone, or those of a list.
fn parameters<'a>(pieces: &[Piece<'a>], arrow: usize) -> Vec<&'a str> {
    let Some(last) = previous(pieces, arrow) else { return Vec::new() };
    if pieces[last].kind == Kind::Word {
        return vec![pieces[last].text];
    }
    let depth = pieces[arrow].depth;
    let open = pieces[..last].iter().rposition(|piece| piece.text == "(" && piece.depth == depth);
    open.map_or_else(Vec::new, |open| pattern(pieces, open))
}

/// The names of a pattern whose bracket opens there: its items, what it takes out of an object, and those of patterns in
/// it. What stands for a value that is missing declares nothing.
fn pattern<'a>(pieces: &[Piece<'a>], open: usize) -> Vec<&'a str> {
    let mut found = Vec::new();
    let text = |place: Option<usize>| place.map_or("", |place| pieces[place].text);
    let depth = pieces[open].depth + 1;
    for (at, piece) in pieces.iter().enumerate().skip(open + 1).take_while(|(_, piece)| piece.depth >= depth) {
        let is_item = piece.depth == depth && matches!(text(previous(pieces, at)), "(" | "[" | "{" | "," | "." | ":");
        match piece.kind {
            Kind::Word if is_item && matches!(text(next(pieces, at)), ")" | "]" | "}" | "," | "=") => {
                found.push(piece.text)
            }
            _ if is_item && matches!(piece.text, "[" | "{") => found.extend(pattern(pieces, at)),
            _ => {}
        }
    }
    found
}
