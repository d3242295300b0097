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
        marked.push_str(&format!(".mambascope_at({line})"));
        done = at;
    }
    marked.push_str(&cell[done..]);
    marked
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
            "let é = a().mambascope_at(1)?;\nfor x in b().mambascope_at(2)? {\n    c(d(x).mambascope_at(3)?).mambascope_at(3)?;\n}"
        );
    }

    #[test]
    fn what_does_not_leave_the_cell_stays() {
        for cell in [
            "fn f() -> Option<u8> { g()? }",
            "let f = || -> Option<u8> { g()?; None };",
            "let f = async { g()?; };",
            "println!(\"{}\", g()?)",
            "let x = \"a?\"; // b?",
            "let broken = (",
        ] {
            assert_eq!(mark(cell), cell);
        }
    }

    #[test]
    fn commands_do_not_shift_lines() {
        assert_eq!(mark(":dep x\ng()?;"), ":dep x\ng().mambascope_at(2)?;");
    }
}
