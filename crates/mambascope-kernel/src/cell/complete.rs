//! Whether a cell is finished, so that a console knows what Enter means.

use super::without_commands;

/// What a console should do at the end of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// Run the cell.
    Complete,
    /// Ask for another line, which starts with this.
    Incomplete {
        /// Spaces.
        indent: String,
    },
    /// Run the cell, so that the user sees what is wrong with it.
    Invalid,
}

/// Whether a cell is finished.
pub fn completeness(cell: &str) -> Completeness {
    let code = without_commands(cell);
    let scan = Scan::of(&code);
    if scan.mismatched {
        return Completeness::Invalid;
    }
    let more = Completeness::Incomplete { indent: "    ".repeat(scan.open.len()) };
    if scan.unfinished || !scan.open.is_empty() {
        return more;
    }
    match parse(&code) {
        Ok(()) => Completeness::Complete,
        Err(said) if said.starts_with("unexpected end of input") => more,
        // Only the end of a `let` is missing.
        Err(_) if parse(&format!("{code}\n;")).is_ok() => more,
        Err(_) => Completeness::Invalid,
    }
}

/// Whether a piece of code is statements; if not, what is wrong.
fn parse(code: &str) -> Result<(), String> {
    let tokens: proc_macro2::TokenStream = code.parse().map_err(|error| format!("{error}"))?;
    let parsed = syn::parse::Parser::parse2(syn::Block::parse_within, tokens);
    parsed.map(|_| ()).map_err(|error| error.to_string())
}

/// Brackets and literals of a piece of code.
#[derive(Debug, Default)]
struct Scan {
    /// Closing brackets that are still to come.
    open: Vec<char>,
    /// A closing bracket stood where another was to come.
    mismatched: bool,
    /// The end is inside a string or a comment.
    unfinished: bool,
}

impl Scan {
    fn of(code: &str) -> Self {
        let mut scan = Self::default();
        let mut rest = code;
        while let Some(first) = rest.chars().next() {
            let used = match first {
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => scan.ended(block_comment(rest), rest),
                '"' => scan.ended(string(rest), rest),
                'r' | 'b' | 'c' if RawString::of(rest).is_some() => {
                    scan.ended(RawString::of(rest).and_then(|raw| raw.end(rest)), rest)
                }
                '\'' => character(rest),
                _ if first.is_alphanumeric() || first == '_' => {
                    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
                }
                _ => {
                    scan.bracket(first);
                    first.len_utf8()
                }
            };
            rest = &rest[used..];
        }
        scan
    }

    fn ended(&mut self, end: Option<usize>, rest: &str) -> usize {
        self.unfinished |= end.is_none();
        end.unwrap_or(rest.len())
    }

    fn bracket(&mut self, found: char) {
        match found {
            '(' => self.open.push(')'),
            '[' => self.open.push(']'),
            '{' => self.open.push('}'),
            ')' | ']' | '}' => self.mismatched |= self.open.pop() != Some(found),
            _ => {}
        }
    }
}

/// The length of a comment that may hold others.
fn block_comment(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

fn string(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '"' {
            return Some(at + 1);
        }
    }
    None
}

/// The start of a raw string.
struct RawString {
    /// Where its text begins.
    start: usize,
    hashes: usize,
}

impl RawString {
    fn of(rest: &str) -> Option<Self> {
        let after = rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        let text = after[hashes..].strip_prefix('"')?;
        Some(Self { start: rest.len() - text.len(), hashes })
    }

    /// The length of all of it, where it ends.
    fn end(&self, rest: &str) -> Option<usize> {
        let close = format!("\"{}", "#".repeat(self.hashes));
        rest[self.start..].find(&close).map(|at| self.start + at + close.len())
    }
}

/// The length of a character, or of the quote of a lifetime or label.
fn character(rest: &str) -> usize {
    let body = &rest[1..];
    if let Some(escaped) = body.strip_prefix('\\') {
        let past = escaped.chars().next().map_or(0, char::len_utf8);
        return escaped[past..].find('\'').map_or(1, |at| 2 + past + at + 1);
    }
    match body.chars().next() {
        Some(c) if body[c.len_utf8()..].starts_with('\'') => c.len_utf8() + 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indent(cell: &str) -> Option<usize> {
        match completeness(cell) {
            Completeness::Incomplete { indent } => Some(indent.len()),
            _ => None,
        }
    }

    #[test]
    fn finished_cells() {
        for cell in [
            "",
            "1 + 1",
            "let x = 1;",
            "fn f() -> u8 { b'}' }",
            ":dep regex\nlet a = \"(\";",
            "let c = '('; // (",
            "/* ( /* [ */ */ 1",
            "let s = r#\"a\"( \"#;",
            "fn f<'a>(x: &'a str) -> &'a str { x }",
            "'outer: loop { break 'outer; }",
            "let q = '\\''; let b = \"\\\"(\";",
        ] {
            assert_eq!(completeness(cell), Completeness::Complete, "{cell}");
        }
    }

    #[test]
    fn unfinished_cells() {
        for (cell, spaces) in [
            ("fn f() {", 4),
            ("foo(1,\n  [2,", 8),
            ("let x =", 0),
            ("let s = \"abc", 0),
            ("let s = r#\"abc\"", 0),
            ("/* a", 0),
            ("let x = 1", 0),
        ] {
            assert_eq!(indent(cell), Some(spaces), "{cell}");
        }
    }

    #[test]
    fn wrong_cells() {
        for cell in ["let 1x = ;", "f(]", "}", "fn 3() {}"] {
            assert_eq!(completeness(cell), Completeness::Invalid, "{cell}");
        }
    }
}
