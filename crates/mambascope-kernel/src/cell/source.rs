//! Lines of a cell, marked, and found again in what was made of the cell.

/// A line of a cell with a mark under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters are marked; at least one.
    pub width: usize,
    /// What is said beside the mark.
    pub label: &'a str,
}

const BLUE: &str = "\u{1b}[1;34m";
const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";

/// Shows a line of a cell as rustc shows it.
pub fn show(cell: &str, mark: Mark<'_>) -> Vec<String> {
    let Mark { line, column, width, label } = mark;
    let Some(text) = line.checked_sub(1).and_then(|at| cell.lines().nth(at)) else {
        return Vec::new();
    };
    let room = " ".repeat(line.to_string().len());
    // Tabs stay tabs under tabs, so that the mark stands right.
    let lead: String = text
        .chars()
        .take(column.saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let longest = text.chars().count().saturating_sub(column.saturating_sub(1)).max(1);
    let carets = "^".repeat(width.clamp(1, longest));
    let beside = if label.is_empty() { String::new() } else { format!(" {label}") };
    vec![
        format!("{room}{BLUE}-->{PLAIN} cell, line {line}"),
        format!("{room} {BLUE}|{PLAIN}"),
        format!("{BLUE}{line} |{PLAIN} {text}"),
        format!("{room} {BLUE}|{PLAIN} {lead}{RED}{carets}{beside}{PLAIN}"),
    ]
}

/// Shows a whole line of a cell, from its first character on.
pub fn show_line(cell: &str, line: usize) -> Vec<String> {
    let text = line.checked_sub(1).and_then(|at| cell.lines().nth(at)).unwrap_or_default();
    let body = text.trim_start();
    let column = text.chars().count() - body.chars().count() + 1;
    show(cell, Mark { line, column, width: body.trim_end().chars().count(), label: "" })
}

/// The first line of an error, in red.
pub fn headline(text: &str) -> String {
    format!("{RED}{text}{PLAIN}")
}

/// Which line of a cell became this line of the generated source, both from 1.
///
/// evcxr keeps every line of a cell as it is but moves statements and items about, so the line is
/// looked for by its text; where a cell says the same more than once, the lines around decide.
pub fn line_of(cell: &str, generated: &str, line: usize) -> Option<usize> {
    let made: Vec<&str> = generated.lines().map(str::trim).collect();
    let at = line.checked_sub(1)?;
    let wanted = *made.get(at)?;
    if !wanted.contains(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let written: Vec<&str> = cell.lines().map(str::trim).collect();
    let around = |candidate: usize| {
        let same = |offset: &isize| {
            let one = candidate.checked_add_signed(*offset).and_then(|it| written.get(it));
            let other = at.checked_add_signed(*offset).and_then(|it| made.get(it));
            one.is_some() && one == other
        };
        let before = [-1, -2, -3].iter().take_while(|offset| same(offset)).count();
        before + [1, 2, 3].iter().take_while(|offset| same(offset)).count()
    };
    let best = |matches: &dyn Fn(&str) -> bool| {
        let places = (0..written.len()).filter(|&place| matches(written[place]));
        // Of equals the last is taken, so the search goes backwards to find the first.
        places.rev().max_by_key(|&place| around(place)).map(|place| place + 1)
    };
    let core = wanted.trim_end_matches([';', ',']);
    best(&|text| text == wanted).or_else(|| best(&|text| text.contains(core)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_with_its_mark() {
        let mark = Mark { line: 2, column: 10, width: 1, label: "what" };
        let shown = show("let a = 1;\n\tlet b = é + a;", mark);
        let strip =
            |line: &String| [BLUE, RED, PLAIN].iter().fold(line.clone(), |it, c| it.replace(c, ""));
        let plain: Vec<String> = shown.iter().map(strip).collect();
        assert_eq!(
            plain,
            [" --> cell, line 2", "  |", "2 | \tlet b = é + a;", "  | \t        ^ what"]
        );
        assert!(show("a", Mark { line: 3, column: 1, width: 1, label: "" }).is_empty());
        assert!(show("a", Mark { line: 0, column: 1, width: 1, label: "" }).is_empty());
    }

    #[test]
    fn lines_are_found_again() {
        let cell = "let v = vec![1];\nv[0];\nv[1];\n\nlet w = 2; v[9]";
        let generated =
            "mod x {\n}\nlet v = vec![1];\nv[0];\nv[1];\nlet w = 2;\n(\nv[9]\n).evcxr_display();";
        assert_eq!(line_of(cell, generated, 5), Some(3));
        assert_eq!(line_of(cell, generated, 8), Some(5));
        for nothing in [0, 2, 7, 99] {
            assert_eq!(line_of(cell, generated, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_lines_around_decide() {
        let cell = "a();\nfail();\nb();\nfail();\nc();";
        let generated = "x\na();\nfail();\nb();\nfail();\nc();";
        assert_eq!(line_of(cell, generated, 3), Some(2));
        assert_eq!(line_of(cell, generated, 5), Some(4));
    }
}
