//! The pieces of a script, and what its words are.
//!
//! Invariant: put together, the pieces are the script.

/// A piece of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// How many brackets are open where it begins.
    pub(super) depth: usize,
    /// Whether the innermost of them is that of an object, or of names taken out of one.
    is_in_object: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// A text in quotes, or a part of one before or after a value.
    Quoted,
    Sign,
    Space,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Name,
    Property,
    /// A property and the name of its value at once.
    Both,
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    Object,
    /// A value in a text.
    Value,
    Other,
}

/// The pieces of a script without comments.
pub(super) fn pieces(script: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut open, mut rest) = (Vec::<Piece<'_>>::new(), Vec::new(), script);
    while let Some(first) = rest.chars().next() {
        let closed = if matches!(first, ')' | ']' | '}') { open.pop() } else { None };
        let kind = match first {
            '"' | '\'' | '`' => Kind::Quoted,
            '}' if closed == Some(Bracket::Value) => Kind::Quoted,
            c if is_word(c) => Kind::Word,
            c if c.is_whitespace() => Kind::Space,
            _ => Kind::Sign,
        };
        let length = match kind {
            Kind::Quoted => quoted(first, rest),
            Kind::Word => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            Kind::Sign | Kind::Space => first.len_utf8(),
        };
        let (text, after) = rest.split_at(length);
        let (depth, is_in_object) = (open.len(), open.last() == Some(&Bracket::Object));
        match text {
            "{" if begins_object(&pieces) => open.push(Bracket::Object),
            "{" | "(" | "[" => open.push(Bracket::Other),
            text if kind == Kind::Quoted && text.ends_with("${") => open.push(Bracket::Value),
            _ => {}
        }
        pieces.push(Piece { kind, text, depth, is_in_object });
        rest = after;
    }
    pieces
}

/// How long the text is that begins with a quote, or goes on after a value: to its end, or to the next value.
fn quoted(first: char, text: &str) -> usize {
    let (close, has_values) = if first == '}' { ('`', true) } else { (first, first == '`') };
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' {
            is_escaped = true;
        } else if c == close {
            return at + 1;
        } else if has_values && text[at..].starts_with("${") {
            return at + 2;
        }
    }
    text.len()
}

/// Whether a brace after those pieces begins no statements.
fn begins_object(pieces: &[Piece<'_>]) -> bool {
    let Some(last) = previous(pieces, pieces.len()) else { return false };
    let is_arrow = pieces[last].text == ">" && previous(pieces, last).is_some_and(|before| pieces[before].text == "=");
    let begins_statements = matches!(pieces[last].text, ")" | ";" | "{" | "}" | "else" | "try" | "catch" | "finally");
    !is_arrow && !begins_statements
}

/// The place of the piece before one that is no space.
pub(super) fn previous(pieces: &[Piece<'_>], at: usize) -> Option<usize> {
    pieces[..at].iter().rposition(|piece| piece.kind != Kind::Space)
}

/// The place of the piece after one that is no space.
pub(super) fn next(pieces: &[Piece<'_>], at: usize) -> Option<usize> {
    pieces[at + 1..].iter().position(|piece| piece.kind != Kind::Space).map(|further| at + 1 + further)
}

/// What the word is at a place, if it is one.
pub(super) fn role(pieces: &[Piece<'_>], at: usize) -> Option<Role> {
    let piece = pieces.get(at).filter(|piece| piece.kind == Kind::Word)?;
    let text = |place: Option<usize>| place.map_or("", |place| pieces[place].text);
    let before = previous(pieces, at);
    if text(before) == "." && !pieces[..at].iter().rev().take(3).all(|piece| piece.text == ".") {
        return Some(Role::Property);
    }
    let is_entry = piece.is_in_object && matches!(text(before), "{" | ",");
    Some(match text(next(pieces, at)) {
        ":" if is_entry => Role::Property,
        "," | "}" | "=" if is_entry => Role::Both,
        _ => Role::Name,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_its_pieces_whatever_is_quoted_in_it() {
        let script = "a=`b ${c({d:`${e}}`})} \\` ${'}'} f`;g(\"\\\"{\", h)";
        let pieces = pieces(script);
        assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), script);
        let words: Vec<_> = pieces.iter().filter(|piece| piece.kind == Kind::Word).map(|piece| piece.text).collect();
        assert_eq!(words, ["a", "c", "d", "e", "g", "h"]);
    }

    #[test]
    fn a_word_is_a_name_a_property_or_both() {
        let roles = |script: &str| {
            let pieces = pieces(script);
            (0..pieces.len()).filter_map(|at| role(&pieces, at)).collect::<Vec<_>>()
        };
        use Role::{Both, Name, Property};
        assert_eq!(roles("f(a.b, ...c, d?.e)"), [Name, Name, Property, Name, Name, Property]);
        assert_eq!(roles("f({a, b: c, d = e})"), [Name, Both, Property, Name, Both, Name]);
        assert_eq!(roles("x=>{a=b?c:d}"), [Name, Name, Name, Name, Name]);
        assert_eq!(roles("if(a){b=1}else{c=2}"), [Name, Name, Name, Name, Name, Name, Name]);
    }
}
