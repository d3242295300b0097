//! What a trace did to each cell, in words for pictures and tables.

use crate::corrupt::Corruption;
use crate::effects::Effects;
use crate::plan::{Direction, Restore};

/// What is done to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// The clean run's value in the corrupted run.
    Restored,
    /// The corrupted run's value in the clean run.
    Corrupted,
    /// Another value in the corrupted run.
    Replaced,
    /// Another value in the clean run.
    ReplacedInClean,
}

impl Done {
    fn of(effects: &Effects) -> Self {
        let plan = effects.plan();
        let is_clean =
            plan.direction == Direction::Noise || matches!(plan.corrupt, Corruption::Nothing);
        let own = |restore: &Restore| !restore.fill.is_other_run();
        match (plan.restore.as_ref().is_some_and(own), is_clean) {
            (false, false) => Self::Restored,
            (false, true) => Self::Corrupted,
            (true, false) => Self::Replaced,
            (true, true) => Self::ReplacedInClean,
        }
    }

    const fn participle(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Corrupted => "corrupted",
            Self::Replaced | Self::ReplacedInClean => "replaced",
        }
    }
}

impl Effects {
    /// The title of a map or of curves.
    pub(crate) fn title(&self) -> String {
        let site = self.words();
        match Done::of(self) {
            Done::Restored => format!("Impact of restoring {site} after corrupted input"),
            Done::Corrupted => format!("Impact of corrupting {site} in the clean run"),
            Done::Replaced => format!("Impact of replacing {site} after corrupted input"),
            Done::ReplacedInClean => format!("Impact of replacing {site} in the clean run"),
        }
    }

    /// The small print of a map: the precision of its samples, the meaning of hatched cells, and what a reader should know of the
    /// subject.
    pub(crate) fn map_caption(&self, hatched: &[(usize, usize)]) -> String {
        let precision = self.precision().map(|precision| format!("{precision}."));
        let meaning = "Hatched: the 95 % interval of the effect holds 0.".to_owned();
        let meaning = (!hatched.is_empty()).then_some(meaning);
        self.caption(&precision.into_iter().chain(meaning).collect::<Vec<_>>().join(" "))
    }

    /// The restored site or module in words.
    pub(crate) fn words(&self) -> String {
        self.module().map_or_else(|| self.site().words().to_owned(), |module| module.to_string())
    }

    /// The small print of a picture: its own sentences, then what a reader should know of the subject.
    pub(crate) fn caption(&self, own: &str) -> String {
        let own = std::iter::once(own).filter(|text| !text.is_empty());
        own.chain(self.captions.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }

    /// What was done to each cell: `restored`.
    pub(crate) fn participle(&self) -> &'static str {
        Done::of(self).participle()
    }
}

#[cfg(test)]
mod tests {
    use mambascope_model::{Model, Site};

    use super::*;
    use crate::corrupt::Noise;
    use crate::fill::Fill;
    use crate::trace::Scope as _;

    #[test]
    fn titles_say_what_was_done() {
        let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
        let gate = noisy.restore(Site::Gate).window(1);
        let titles = [
            (gate.clone(), "Impact of restoring gate after corrupted input"),
            (gate.direction(Direction::Noise), "Impact of corrupting gate in the clean run"),
            (gate.fill(Fill::Zero), "Impact of replacing gate after corrupted input"),
            (
                gate.corrupt(Corruption::Nothing).fill(Fill::Zero),
                "Impact of replacing gate in the clean run",
            ),
        ];
        for (trace, title) in titles {
            let effects = trace.run().expect("a run");
            let words = effects.heatmap().expect("a map").text();
            assert!(words.starts_with(title), "{words}");
            let label = format!("single {} layer", effects.participle());
            assert!(words.contains(&label), "{words}");
            assert!(effects.lines().expect("curves").svg().contains(&label));
        }
    }
}
