//! A style and a script without what only their readers need.
//!
//! Invariant: what a browser makes of them is the same; what stands in quotes stays as it is.

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
    let (mut dense, mut quote) = (String::with_capacity(text.len()), None);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if quote.is_none() && c.is_whitespace() {
            dense.extend(space(dense.chars().next_back(), c, rest.peek().copied()));
            continue;
        }
        // What ends a list, or the last statement of a block, needs no other sign before it.
        if quote.is_none() && (matches!(c, ')' | ']' | '}') && dense.ends_with(',') || c == '}' && dense.ends_with(';'))
        {
            dense.pop();
        }
        dense.push(c);
        match quote {
            Some(_) if c == '\\' => dense.extend(rest.next()),
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            _ => {}
        }
    }
    dense
}

/// What is left of a space between two characters.
fn space(before: Option<char>, space: char, after: Option<char>) -> Option<char> {
    let (before, after) = (before?, after?);
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
        for quoted in ["\"a  =  \\\" b\"", "`a ${b ? c : d} = \\` e`", "'  '"] {
            assert_eq!(script(&format!("f = {quoted};")), format!("f={quoted};"));
        }
    }
}
