//! A style and a script without what only their readers need.
//!
//! Invariant: what a browser makes of them is the same; what stands in quotes stays as it is.

use super::piece::{Kind, next, pieces, previous};

/// Between these and what follows, or what precedes, a script needs no end of line to know where a statement ends.
const GOES_ON_AFTER: &str = "{([,;:?=&|<>+-*/!";
const GOES_ON_BEFORE: &str = "}]),;:?=&|<>*/.";

/// A text without indentation, empty lines and lines of comment.
pub(super) fn style(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same of a script whose statements end with semicolons, and without spaces that part nothing.
pub(super) fn script(text: &str) -> String {
    let text = style(text);
    let pieces = pieces(&text);
    let mut dense = String::with_capacity(text.len());
    for (at, piece) in pieces.iter().enumerate() {
        let ends_list = piece.kind == Kind::Sign && matches!(piece.text, ")" | "]" | "}");
        match piece.kind {
            Kind::Space => {
                let after = next(&pieces, at).and_then(|next| pieces[next].text.chars().next());
                dense.extend(space(dense.chars().next_back(), piece.text.chars().next(), after));
                continue;
            }
            // What ends a list, or the last statement of a block, needs no other sign before it.
            _ if ends_list && dense.ends_with(',') || ends_list && piece.text == "}" && dense.ends_with(';') => {
                dense.pop();
            }
            _ => {}
        }
        dense.push_str(piece.text);
    }
    dense
}

/// A dense script with declarations that follow each other made one, all by the shorter word for them: what is written
/// to nowhere is as constant under either.
pub(super) fn merged(script: &str) -> String {
    let mut merged = String::with_capacity(script.len());
    // The first piece of the statement that is under way, by how many brackets are open there.
    let mut begun: Vec<&str> = Vec::new();
    let pieces = pieces(script);
    let declares = |text: &str| matches!(text, "const" | "let");
    let mut rest = pieces.iter().enumerate();
    while let Some((at, piece)) = rest.next() {
        begun.resize(piece.depth + 1, "");
        let is_declared = declares(begun[piece.depth]);
        match piece.text {
            ";" if is_declared && pieces.get(at + 1).is_some_and(|next| declares(next.text)) => {
                merged.push(',');
                let is_apart = pieces.get(at + 2).is_some_and(|piece| piece.kind == Kind::Space);
                rest.nth(usize::from(is_apart));
                continue;
            }
            ";" | "\n" => begun[piece.depth] = "",
            first if begun[piece.depth].is_empty() => begun[piece.depth] = first,
            _ => {}
        }
        merged.push_str(if piece.text == "const" { "let" } else { piece.text });
    }
    merged
}

/// A script whose texts all stand in the quotes of those that have values in them, which packs better; the names of
/// properties can only stand in others.
pub(super) fn alike(script: &str) -> String {
    let pieces = pieces(script);
    let text = |place: Option<usize>| place.map_or("", |place| pieces[place].text);
    let is_name = |at| matches!(text(previous(&pieces, at)), "{" | ",") && text(next(&pieces, at)) == ":";
    let mut alike = String::with_capacity(script.len());
    for (at, piece) in pieces.iter().enumerate() {
        let inside = piece.text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match inside.filter(|inside| !inside.contains(['`', '$']) && !is_name(at)) {
            Some(inside) => alike.extend(["`", inside, "`"]),
            None => alike.push_str(piece.text),
        }
    }
    alike
}

/// What is left of a space between two characters.
fn space(before: Option<char>, space: Option<char>, after: Option<char>) -> Option<char> {
    let (before, space, after) = (before?, space?, after?);
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let parts_words = is_word(before) && is_word(after);
    let parts_signs = before == after && matches!(before, '+' | '-');
    let ends_statement = space == '\n' && !GOES_ON_AFTER.contains(before) && !GOES_ON_BEFORE.contains(after);
    (parts_words || parts_signs || ends_statement).then_some(space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_readers_need_is_gone() {
        let text = "// why\n\nconst a = (b, c) => {\n  return b + c;\n};\nlet d = [\n  1,\n];\n";
        assert_eq!(script(text), "const a=(b,c)=>{return b+c};let d=[1];");
        assert_eq!(style("  a > .b { c: d; }\n\n  // e\n"), "a > .b { c: d; }");
    }

    #[test]
    fn words_signs_statements_and_quotes_keep_apart() {
        assert_eq!(script("a + +b - -c;"), "a+ +b- -c;");
        assert_eq!(script("x = y\nz()\n"), "x=y\nz()");
        for quoted in ["\"a  =  \\\" b\"", "`a  = \\` e`", "'  '"] {
            assert_eq!(script(&format!("f = {quoted};")), format!("f={quoted};"));
        }
        assert_eq!(script("f = `a  ${b ? `c  ${ d }` : \"\"}  e`;"), "f=`a  ${b?`c  ${d}`:\"\"}  e`;");
    }

    #[test]
    fn declarations_that_follow_each_other_are_one() {
        let text = "const a=()=>{const b=1;const{c}=d;e();const f=2;let g};const h=a;if(h){const i=1}\nconst j=1;let k=`;const `";
        let one = "let a=()=>{let b=1,{c}=d;e();let f=2,g},h=a;if(h){let i=1}\nlet j=1,k=`;const `";
        assert_eq!(merged(text), one);
    }

    #[test]
    fn texts_are_in_the_same_quotes_but_for_names_of_properties_and_what_means_another_thing_there() {
        let text = r#"f({"a-b":c?"d":"",e:"\"f"},`g ${h("i")}`,"`","${j}",'k')"#;
        assert_eq!(alike(text), r#"f({"a-b":c?`d`:``,e:`\"f`},`g ${h(`i`)}`,"`","${j}",'k')"#);
    }
}
