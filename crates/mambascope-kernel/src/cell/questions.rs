//! The `?` of a cell that leave the cell when they fail.

use super::without_commands;
use syn::visit::{self, Visit};

/// The cell with a note of its line in front of every `?` that leaves the cell.
///
/// The code that evcxr makes of a cell drops the error of a failed `?` and where it was; the
/// facade's `Question::mambascope_at` reports both. Lines stay lines; `?` within functions,
/// closures and async blocks leave only those, and stay as they are.
pub fn mark(cell: &str) -> String {
    let code = without_commands(cell);
    let Ok(tokens) = code.parse::<proc_macro2::TokenStream>() else { return cell.to_owned() };
    let Ok(statements) = syn::parse::Parser::parse2(syn::Block::parse_within, tokens) else {
        return cell.to_owned();
    };
    let mut found = Questions::default();
    for statement in &statements {
        found.visit_stmt(statement);
    }
    found.places.sort_unstable();
    let mut marked = String::with_capacity(cell.len());
    let mut done = 0;
    for (at, line) in found.places {
        marked.push_str(&cell[done..at]);
        marked.extend([".mambascope_at(", &line.to_string(), ")"]);
        done = at;
    }
    marked.push_str(&cell[done..]);
    if statements.last().is_some_and(shows_nothing) {
        marked.push_str(FLUSH);
    }
    marked
}

/// Hands over what the cell printed without an end of line; on a line of its own, because the last
/// one may end in a comment.
const FLUSH: &str = "\nmambascope_facade::flush();";

/// Whether something can follow a statement without hiding a value that the cell would show.
fn shows_nothing(last: &syn::Stmt) -> bool {
    match last {
        syn::Stmt::Local(_) | syn::Stmt::Expr(_, Some(_)) => true,
        syn::Stmt::Expr(it, None) => matches!(it, syn::Expr::ForLoop(_) | syn::Expr::While(_)),
        syn::Stmt::Macro(it) => it.semi_token.is_some(),
        syn::Stmt::Item(_) => false,
    }
}

#[derive(Default)]
struct Questions {
    /// Where a `?` is, in bytes, and its line.
    places: Vec<(usize, usize)>,
}

impl<'ast> Visit<'ast> for Questions {
    fn visit_expr_try(&mut self, question: &'ast syn::ExprTry) {
        let span = question.question_token.spans[0];
        self.places.push((span.byte_range().start, span.start().line));
        visit::visit_expr_try(self, question);
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}

    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_says_its_line() {
        assert_eq!(
            mark("let é = a()?;\nfor x in b()? {\n    c(d(x)?)?;\n}"),
            format!(
                "let é = a().mambascope_at(1)?;\nfor x in b().mambascope_at(2)? {{\n    c(d(x).mambascope_at(3)?).mambascope_at(3)?;\n}}{FLUSH}"
            )
        );
    }

    #[test]
    fn what_does_not_leave_the_cell_stays() {
        for cell in [
            "fn f() -> Option<u8> { g()? }",
            "(|| -> Option<u8> { g()?; None })()",
            "run(async { g()?; })",
            "println!(\"{}\", g()?)",
            "f(\"a?\") // b?",
            "let broken = (",
        ] {
            assert_eq!(mark(cell), cell);
        }
    }

    #[test]
    fn what_is_printed_is_handed_over_at_the_end() {
        for cell in ["print!(\"1\");", "let x = f(); // g", "for x in y {}"] {
            assert_eq!(mark(cell), format!("{cell}{FLUSH}"));
        }
        for cell in ["1 + 1", "print!(\"1\")", "fn f() {}", "use std::fs;", "if a { b } else { c }"]
        {
            assert_eq!(mark(cell), cell);
        }
    }

    #[test]
    fn commands_do_not_shift_lines() {
        assert_eq!(mark(":dep x\ng()?"), ":dep x\ng().mambascope_at(2)?");
    }
}
