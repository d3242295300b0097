//! A bar on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use mambascope::{Progress, Stage, Watch};

use crate::interrupt;

/// Draws how far a run is, and stops it at Ctrl-C.
pub(crate) struct Bar(ProgressBar);

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
        Self(bar)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Watch for Bar {
    fn progress(&self, progress: Progress) {
        self.0.set_prefix("cells");
        self.0.set_length(progress.cells as u64);
        self.0.set_position(progress.cells_done as u64);
    }

    fn stage(&self, stage: Stage, done: usize, all: usize) {
        self.0.set_prefix(stage.noun());
        self.0.set_length(all as u64);
        self.0.set_position(done as u64);
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}
