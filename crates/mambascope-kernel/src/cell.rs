//! A cell as text: its commands, whether it is finished, and where its `?` are.

pub mod commands;
pub mod complete;
pub mod questions;
pub mod source;

/// A line of a cell that is a command, such as `:dep regex`.
pub(crate) fn is_command(line: &str) -> bool {
    line.starts_with(':') && line[1..].starts_with(|first: char| first.is_ascii_lowercase())
}

/// The cell with its commands as spaces, so that places in the rest stay the same.
pub(crate) fn without_commands(cell: &str) -> String {
    let blank = |line: &str| {
        let keep = |byte: u8| if byte == b'\n' { '\n' } else { ' ' };
        line.bytes().map(keep).collect::<String>()
    };
    let lines = cell.split_inclusive('\n');
    lines.map(|line| if is_command(line) { blank(line) } else { line.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_spaces() {
        let cell = ":dep regex = \"1\"\nlet x = 1;\n:vars";
        assert_eq!(without_commands(cell), format!("{}\nlet x = 1;\n     ", " ".repeat(16)));
        assert!(!is_command("::std::mem::swap(a, b)"));
        assert!(!is_command(" :dep x"));
    }
}
