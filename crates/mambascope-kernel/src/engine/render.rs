//! What went wrong in a cell, as a notebook shows it.

use super::Failure;
use crate::cell::source::{Mark, headline, line_of, show, show_line};
use crate::child::collect::{Report, Said};
use evcxr::CompilationError;

/// The compiler's errors.
pub fn not_compiled(errors: &[CompilationError], cell: &str) -> Failure {
    let mut traceback = Vec::new();
    for error in errors {
        let code = error.code().map(|code| format!("[{code}]")).unwrap_or_default();
        traceback.push(headline(&format!("error{code}: {}", error.message())));
        let mut shown = false;
        for said in error.spanned_messages() {
            let Some(span) = &said.span else { continue };
            let width = if span.end_line == span.start_line {
                span.end_column.saturating_sub(span.start_column)
            } else {
                usize::MAX
            };
            let (line, column) = (span.start_line, span.start_column);
            let label = said.label.lines().next().unwrap_or_default();
            traceback.extend(show(cell, Mark { line, column, width: width.max(1), label }));
            shown = true;
        }
        if !shown {
            // The error is in what evcxr made of the cell; the compiler's own words are all there is.
            traceback.extend(error.rendered().lines().skip(1).map(str::to_owned));
        }
        for help in error.help() {
            traceback.push(format!("  = help: {}", help.replace('\n', "\n    ")));
        }
        traceback.extend(error.evcxr_extra_hint().map(|hint| format!("  = note: {hint}")));
    }
    let first = errors.first();
    let name = first.and_then(CompilationError::code).unwrap_or("error");
    let value = first.map_or_else(|| "not compiled".to_owned(), CompilationError::message);
    Failure { name: name.to_owned(), value, traceback }
}

/// How the cell's code ended, where it did not end well.
///
/// `generated` is what was compiled, in which a panic has its place.
pub fn ended_badly(report: &Report, cell: &str, generated: &str) -> Option<Failure> {
    if !report.panicked && !report.question {
        return None;
    }
    let said = report.failure.clone().unwrap_or_else(|| {
        if report.panicked { panic_of(&report.error_text) } else { question_of(&report.error_text) }
    });
    let mut traceback = vec![headline(&format!("{}: {}", said.name, said.value))];
    if said.line.is_none() && said.location.is_none() {
        traceback.extend(said.traceback.iter().skip(1).cloned());
    }
    traceback.extend(place(&said, cell, generated));
    Some(Failure { name: said.name, value: said.value, traceback })
}

/// The line of the cell, marked; or where else it was.
fn place(said: &Said, cell: &str, generated: &str) -> Vec<String> {
    if let Some(line) = said.line {
        return show_line(cell, line);
    }
    let Some((file, line, column)) = &said.location else { return Vec::new() };
    if file != "src/lib.rs" {
        return vec![format!("  at {file}:{line}:{column}")];
    }
    let Some(found) = line_of(cell, generated, *line) else {
        let text = generated.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
        return vec![format!("  in code of an earlier cell: {text}")];
    };
    // evcxr may have moved the line to the left or right; the panic's column is of what it made.
    let indent = |text: &str| text.chars().take_while(|c| c.is_whitespace()).count();
    let made = generated.lines().nth(line.saturating_sub(1)).map_or(0, indent);
    let written = cell.lines().nth(found - 1).map_or(0, indent);
    let column = (column + written).saturating_sub(made).max(1);
    show(cell, Mark { line: found, column, width: 1, label: "" })
}

/// What the standard library says of a panic, on standard error.
fn panic_of(text: &str) -> Said {
    let mut said = Said { name: "panic".to_owned(), ..Said::default() };
    let Some((_, after)) = text.rsplit_once("panicked at ") else {
        "the cell panicked".clone_into(&mut said.value);
        return said;
    };
    let (place, rest) = after.split_once('\n').unwrap_or((after, ""));
    let ends = ["\nnote: run with", "\nstack backtrace:"];
    let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    rest[..end].trim_end().clone_into(&mut said.value);
    let mut parts = place.trim_end_matches(':').rsplitn(3, ':');
    let column = parts.next().and_then(|it| it.parse().ok());
    let line = parts.next().and_then(|it| it.parse().ok());
    said.location = parts.next().and_then(|file| Some((file.to_owned(), line?, column?)));
    said
}

/// What evcxr's code says of a failed `?` that the kernel could not mark, such as one in a macro. The
/// message is the end of standard error, and where it begins is not known.
fn question_of(text: &str) -> Said {
    let text = text.trim();
    let value = if text.is_empty() { "`?` failed" } else { text }.to_owned();
    Said { name: "error".to_owned(), value, ..Said::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: &[String]) -> String {
        let mut text = lines.join("\n");
        for code in ["\u{1b}[1;31m", "\u{1b}[1;34m", "\u{1b}[0m"] {
            text = text.replace(code, "");
        }
        text
    }

    #[test]
    fn a_panic_is_told_from_standard_error() {
        let report = Report {
            panicked: true,
            error_text: "before\n\nthread '<unnamed>' panicked at src/lib.rs:3:7:\nindex out\nof bounds\nnote: run with `RUST_BACKTRACE=1`\n".into(),
            ..Report::default()
        };
        let failure =
            ended_badly(&report, "let v = f();\n  v[7]", "use x;\nlet v = f();\n  v[7]\n");
        let failure = failure.expect("a failure");
        assert_eq!(
            (failure.name.as_str(), failure.value.as_str()),
            ("panic", "index out\nof bounds")
        );
        assert_eq!(
            plain(&failure.traceback),
            "panic: index out\nof bounds\n --> cell, line 2\n  |\n2 |   v[7]\n  |       ^"
        );
    }

    #[test]
    fn a_panic_elsewhere_says_where() {
        let said = |file: &str, line| Said {
            name: "panic".into(),
            location: Some((file.into(), line, 5)),
            ..Said::default()
        };
        let lines = place(&said("/registry/x-1/src/lib.rs", 9), "a", "b");
        assert_eq!(lines, ["  at /registry/x-1/src/lib.rs:9:5"]);
        let lines = place(&said("src/lib.rs", 2), "f()", "fn f() {\n  panic!(\"no\")\n}");
        assert_eq!(lines, ["  in code of an earlier cell: panic!(\"no\")"]);
    }

    #[test]
    fn a_question_without_a_message_of_its_own() {
        let report = Report {
            question: true,
            error_text: "no such file\nhelp: make it\n".into(),
            ..Report::default()
        };
        let failure = ended_badly(&report, "", "").expect("a failure");
        assert_eq!(failure.value, "no such file\nhelp: make it");
        assert!(ended_badly(&Report::default(), "", "").is_none());
    }
}
