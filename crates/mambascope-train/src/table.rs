//! Tables of columns separated by tabs, named in the first line.

use crate::error::Problem;

/// A table's lines that have all columns, and the problems of the others.
pub(crate) struct Table<'a, const COLUMNS: usize> {
    /// Line number, from 1, and columns.
    pub(crate) rows: Vec<(usize, [&'a str; COLUMNS])>,
    pub(crate) problems: Vec<Problem>,
}

impl<'a, const COLUMNS: usize> Table<'a, COLUMNS> {
    /// Reads `text`; empty lines are passed over.
    pub(crate) fn parse(text: &'a str, columns: [&str; COLUMNS]) -> Self {
        let mut table = Self { rows: vec![], problems: vec![] };
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, header)| header.split('\t').ne(columns)) {
            table.problems.push(Problem::Header { expected: columns.join(", ") });
        }
        for (index, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            table.read_line(index + 1, text, columns);
        }
        table
    }

    fn read_line(&mut self, line: usize, text: &'a str, columns: [&str; COLUMNS]) {
        let values: Vec<&str> = text.split('\t').map(str::trim).collect();
        let Ok(values) = <[&str; COLUMNS]>::try_from(values) else {
            let found = text.split('\t').count();
            self.problems.push(Problem::Columns { line, found, expected: COLUMNS });
            return;
        };
        let empty = columns.iter().zip(values).filter(|(_, value)| value.is_empty());
        let empty: Vec<Problem> = empty
            .map(|(column, _)| Problem::Empty { line, column: (*column).to_owned() })
            .collect();
        if empty.is_empty() {
            self.rows.push((line, values));
        }
        self.problems.extend(empty);
    }
}
