//! A bar on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use mambascope::{Progress, Sampling, Stage, Watch};

use crate::interrupt;

/// Draws how far a run is, and stops it at Ctrl-C.
pub(crate) struct Bar {
    bar: ProgressBar,
    name: String,
}

impl Bar {
    /// A bar with a name; hidden where standard error is no terminal.
    pub(crate) fn new(name: &str) -> Self {
        let bar = ProgressBar::new(0);
        let template = "{msg} {wide_bar:.magenta/dim} {pos}/{len} {prefix}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        bar.set_prefix("cells");
        Self { bar, name: name.to_owned() }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn counts(&self, noun: &'static str, done: usize, all: usize) {
        self.bar.set_prefix(noun);
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
    }
}

impl Watch for Bar {
    fn progress(&self, progress: Progress) {
        self.counts("cells", progress.cells_done, progress.cells);
    }

    fn sampled(&self, sampling: Sampling) {
        self.bar.set_message(format!("{}, {sampling}", self.name));
    }

    fn stage(&self, stage: Stage, done: usize, all: usize) {
        self.counts(stage.noun(), done, all);
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}
