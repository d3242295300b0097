//! Other processes: Jupyter, whose end is the kernel's, and those that the kernel started.

use rustix::process::{Pid, getppid, test_kill_process};
use std::collections::HashMap;

/// Whether the process that started the kernel is still there.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    named: Option<Pid>,
    first: Option<Pid>,
}

impl Parent {
    /// The process that Jupyter names in `JPY_PARENT_PID`, and the one that started this one.
    pub fn of_this_process() -> Self {
        let named = std::env::var("JPY_PARENT_PID").ok().and_then(|it| it.parse().ok());
        Self { named: named.and_then(Pid::from_raw), first: getppid() }
    }

    /// Whether it has ended. Without `JPY_PARENT_PID` nobody asked to be watched.
    pub fn has_ended(self) -> bool {
        let Some(named) = self.named else { return false };
        // A process that has ended stays there until its own parent asks about it, but its
        // children have another parent at once.
        (self.first == Some(named) && getppid() != self.first) || test_kill_process(named).is_err()
    }
}

/// All processes that come from this one, and from which other each.
pub fn descendants() -> Vec<(Pid, Pid)> {
    let mut parents = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|it| it.parse::<i32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name, in brackets, may hold anything; the state and the parent follow the last one.
        let after = stat.rsplit_once(") ").map_or("", |it| it.1);
        if let Some(parent) = after.split(' ').nth(1).and_then(|it| it.parse::<i32>().ok()) {
            parents.insert(process, parent);
        }
    }
    let own = std::process::id() as i32;
    let comes_from_here = |process: i32| {
        let mut at = process;
        while let Some(&parent) = parents.get(&at) {
            if parent == own {
                return true;
            }
            at = parent;
        }
        false
    };
    let mut found: Vec<(i32, i32)> = parents
        .iter()
        .filter(|(process, _)| comes_from_here(**process))
        .map(|(process, parent)| (*process, *parent))
        .collect();
    found.sort_unstable();
    let pid = |it| Pid::from_raw(it);
    found.into_iter().filter_map(|(process, parent)| Some((pid(process)?, pid(parent)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_child_is_found() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep runs");
        let found = descendants()
            .into_iter()
            .any(|(process, _)| process.as_raw_nonzero().get() == child.id() as i32);
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(found);
    }
}
