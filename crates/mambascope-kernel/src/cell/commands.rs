//! The commands of a cell that the kernel itself has an answer to.

use super::is_command;

/// What the kernel makes of the commands in a cell.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The cell as the engine gets it, with the same lines.
    pub cell: String,
    /// The commands that the kernel answers itself, in order.
    pub own: Vec<Own>,
    /// A command that would harm the session, and what to do instead.
    pub refused: Option<(String, &'static str)>,
}

/// A command that the kernel answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// The table of commands.
    Help,
    /// Everything is forgotten before the cell runs.
    Clear,
}

/// What the library brings, by the names that `:dep` knows.
const THERE: [&str; 7] = [
    "anyhow",
    "candle-core",
    "candle-nn",
    "mambascope",
    "mambascope-facade",
    "plotters",
    "tokenizers",
];

/// Sorts out the commands of a cell.
pub fn plan(cell: &str) -> Plan {
    let mut plan = Plan::default();
    for line in cell.split_inclusive('\n') {
        if !is_command(line) || plan.leaves(line.trim_end()) {
            plan.cell.push_str(line);
        } else if line.ends_with('\n') {
            plan.cell.push('\n');
        }
    }
    plan
}

impl Plan {
    /// Whether a command is the engine's; others are taken note of here.
    fn leaves(&mut self, command: &str) -> bool {
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let help = match name {
            ":help" => {
                self.own.push(Own::Help);
                return false;
            }
            ":clear" => {
                self.own.push(Own::Clear);
                return false;
            }
            ":dep" => {
                let wanted = rest.trim().split(['=', ' ']).next().unwrap_or_default();
                let wanted = wanted.replace('_', "-");
                return !THERE.contains(&wanted.as_str());
            }
            ":quit" => "close the notebook, or restart the kernel",
            ":toolchain" => {
                "start Jupyter where `rustc` is the compiler that you want; the library is then built for it"
            }
            ":allow_static_linking" | ":sccache" => {
                "leave it as it is: cells are linked to one shared library already"
            }
            ":load_config" => "write `:dep` and `use` into a cell",
            _ => return true,
        };
        self.refused.get_or_insert_with(|| (command.to_owned(), help));
        false
    }
}

/// The commands, for `:help`.
pub const COMMANDS: [(&str, &str); 11] = [
    (":help", "this table"),
    (":vars", "the variables and their types"),
    (":type NAME", "the type of a variable"),
    (":doc NAME", "the documentation of a type, function, macro or module"),
    (":dep NAME = \"VERSION\"", "adds a crate; takes what a dependency in Cargo.toml takes"),
    (":show_deps", "the crates that were added"),
    (":offline 1", "adds crates without asking the registry; 0 asks again"),
    (":opt LEVEL", "optimises the cells' own code: 0 to 3, at first 2; the library always is"),
    (":clear", "forgets all variables, items and crates, and starts the process again"),
    (":restart", "starts the process again: variables are lost, items stay"),
    (":timing", "tells how long each cell took; a second time stops that"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_needs_no_dep() {
        let cell =
            ":dep mambascope = { path = \"..\" }\n:dep candle_core\n:dep regex = \"1\"\nlet x = 1;";
        let plan = plan(cell);
        assert_eq!(plan.cell, "\n\n:dep regex = \"1\"\nlet x = 1;");
        assert!(plan.own.is_empty() && plan.refused.is_none());
    }

    #[test]
    fn what_would_end_the_kernel_is_refused() {
        let plan = plan("let a = 1;\n:quit");
        assert_eq!(plan.refused.map(|it| it.0), Some(":quit".to_owned()));
        assert_eq!(plan.cell, "let a = 1;\n");
    }

    #[test]
    fn others_are_the_engine_s() {
        let plan = plan(":vars\n:help\n:clear\n:type x");
        assert_eq!(plan.cell, ":vars\n\n\n:type x");
        assert_eq!(plan.own, [Own::Help, Own::Clear]);
    }
}
