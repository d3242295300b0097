//! Whether the standard output wants colour.

use std::ffi::OsString;
use std::io::IsTerminal;

/// What is known of the place that a picture is printed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    is_terminal: bool,
    no_color: OsString,
    term: OsString,
}

impl Output {
    /// The standard output of this process.
    pub(crate) fn standard() -> Self {
        Output {
            is_terminal: std::io::stdout().is_terminal(),
            no_color: std::env::var_os("NO_COLOR").unwrap_or_default(),
            term: std::env::var_os("TERM").unwrap_or_default(),
        }
    }

    /// Whether it is a terminal that shows colour, whose owner has not asked for none.
    ///
    /// # Source
    /// no-color.org: the variable counts when it is set to something.
    pub(crate) fn wants_color(&self) -> bool {
        self.is_terminal && self.no_color.is_empty() && self.term != "dumb"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_is_for_terminals_that_want_it() {
        let terminal = Output { is_terminal: true, ..Output::default() };
        assert!(terminal.wants_color());
        assert!(!Output { no_color: "1".into(), ..terminal.clone() }.wants_color());
        assert!(!Output { term: "dumb".into(), ..terminal }.wants_color());
        assert!(!Output::default().wants_color());
    }
}
