//! Every way a plan can be wrong, all problems at once, before anything is run.

mod answer;
mod bos;
mod corruption;
mod fill;
mod grid;
mod prompt;
mod stream;
mod subject;
mod void;

use std::fmt;
use std::ops::Range;

use mambascope_model::{Model, Site};

use crate::Error;
use crate::at::{At, Window};
use crate::corrupt::Corruption;
use crate::plan::{Bos, Direction, Plan};
use crate::sever::Stream;
use crate::swap::Roles;
use crate::tapped::Tapped;
use crate::until::Until;

pub(crate) use answer::Asked;
pub(crate) use bos::{bos_problem, bos_warning};
pub(crate) use corruption::Corrupted;
pub(crate) use fill::{Filling, OtherPlace, check_numbers};
pub(crate) use grid::{Grid, Place, Severed, layers_of, tokens_in};
pub(crate) use prompt::prompt_ids;
pub(crate) use void::{outcome_warnings, whole_window};

/// One thing that is wrong with a plan, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

/// A numbered list of problems, or the one there is.
pub(crate) struct Problems<'a>(pub(crate) &'a [Problem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural}", self.0.len())?;
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "\n  {}. {}\n     help: {}", index + 1, problem.what, problem.help)?;
        }
        Ok(())
    }
}

/// A prompt as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spoken {
    pub(crate) ids: Vec<u32>,
    pub(crate) pieces: Vec<String>,
    /// The subject's tokens; of one that stands in several places the first.
    pub(crate) subject: Range<usize>,
    /// Its other places, in order.
    pub(crate) more: Vec<Range<usize>>,
}

impl Spoken {
    pub(crate) fn roles(&self) -> Roles {
        Roles { length: self.ids.len(), subjects: self.subjects() }
    }

    /// Every place of the subject, in order.
    pub(crate) fn subjects(&self) -> Vec<Range<usize>> {
        std::iter::once(self.subject.clone()).chain(self.more.iter().cloned()).collect()
    }

    /// The end of the subject's last place.
    pub(crate) fn subject_end(&self) -> usize {
        self.more.last().map_or(self.subject.end, |last| last.end)
    }
}

/// What is said of the subject: on the command's output and in `explain`, and shorter under a picture.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) notes: Vec<String>,
    pub(crate) captions: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Said {
    /// Adds what is said of the prompt that is patched in.
    fn of_other_prompt(&mut self, other: Self) {
        let of_other = |text: String| format!("of the other prompt: {text}");
        self.notes.extend(other.notes.into_iter().map(of_other));
        self.warnings.extend(other.warnings.into_iter().map(of_other));
        self.captions
            .extend(other.captions.into_iter().map(|text| format!("Other prompt: {text}")));
    }
}

/// A plan that fits its model, with all that was left open filled in.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) prompt: Spoken,
    pub(crate) asked: Asked,
    pub(crate) corrupted: Corrupted,
    pub(crate) direction: Direction,
    /// The giving token for each token of the patched prompt.
    pub(crate) align: Vec<usize>,
    /// The first token at which a patch can change anything.
    pub(crate) first_difference: usize,
    pub(crate) grid: Option<Grid>,
    pub(crate) until: Option<Until>,
    /// How texts of the plan begin.
    pub(crate) bos: Bos,
    pub(crate) stream: Stream,
    pub(crate) warnings: Vec<String>,
    /// What was chosen where the plan left it open, and what of that stands under a picture.
    pub(crate) said: Said,
}

impl Resolved {
    /// The corrupted prompt; the clean one where noise makes the difference.
    fn corrupted_prompt(&self) -> &Spoken {
        match &self.corrupted {
            Corrupted::Other(other) => other,
            Corrupted::Noise { .. } | Corrupted::Nothing => &self.prompt,
        }
    }

    /// Whether both have the same clean and corrupted runs, drawn at once, and take values from them alike.
    pub(crate) fn shares_runs(&self, other: &Self) -> bool {
        let at_once = |plan: &Self| plan.until.is_none() && plan.stream == Stream::Same;
        at_once(self)
            && at_once(other)
            && self.prompt == other.prompt
            && self.corrupted == other.corrupted
            && self.direction == other.direction
            && self.align == other.align
    }

    /// The prompt that is patched.
    pub(crate) fn patched(&self) -> &Spoken {
        match self.direction {
            Direction::Denoise => self.corrupted_prompt(),
            Direction::Noise => &self.prompt,
        }
    }

    /// How many corrupted runs there are.
    pub(crate) const fn corrupted_runs(&self) -> usize {
        match &self.corrupted {
            Corrupted::Noise { noise, .. } => noise.samples,
            Corrupted::Other(_) => 1,
            Corrupted::Nothing => 0,
        }
    }

    /// How many cells the grid has.
    pub(crate) fn cells(&self) -> usize {
        self.grid.as_ref().map_or(0, |grid| grid.tokens.len() * grid.layers.len())
    }

    /// How many samples each cell has.
    pub(crate) fn samples(&self) -> usize {
        self.corrupted_runs().max(1)
    }

    /// How many layers the clean and the corrupted runs go through: some twice where a fill is of another layer.
    pub(crate) fn base_layers(&self, layers: usize) -> usize {
        let again = self.grid.as_ref().and_then(|grid| grid.filling.layer());
        layers + again.map_or(0, |layer| layer + 1)
    }

    /// How many corrupted runs each sample has.
    pub(crate) const fn passes(&self) -> usize {
        match self.stream {
            Stream::Same => 1,
            Stream::Rome => 2,
        }
    }

    /// Tokens of the clean and of the corrupted runs of so many samples.
    pub(crate) fn base_tokens(&self, samples: usize) -> usize {
        self.prompt.ids.len() + self.passes() * samples * self.corrupted_prompt().ids.len()
    }
}

/// Fills in a plan, or says all that is wrong with it.
pub(crate) fn resolve(model: &Model, plan: &Plan, tap: Option<&Tapped>) -> Result<Resolved, Error> {
    let mut problems = Vec::new();
    let mut said = Said::default();
    let prompt = prompt::resolve(model, plan, &mut problems, &mut said);
    let asked = answer::resolve(model, plan, &mut problems);
    corruption::check_until(plan, &mut problems);
    let corrupted = corruption::resolve(model, plan, prompt.as_ref(), &mut problems, &mut said);
    let spoken = prompt.and_then(prompt::Tokenised::spoken);
    let patched = match (plan.direction, &corrupted) {
        (Direction::Denoise, Some(Corrupted::Other(other))) => Some(other),
        // Where the corrupted prompt is not sound, neither are its tokens.
        (Direction::Denoise, None) if !matches!(plan.corrupt, Corruption::Noise(_)) => None,
        _ => spoken.as_ref(),
    };
    let runs = fill::Runs { clean: spoken.as_ref(), patched, tap };
    let grid = plan
        .restore
        .as_ref()
        .and_then(|restore| grid::resolve(model, plan, restore, &runs, &mut problems));
    if plan.restore.is_none() && !plan.sever.is_empty() {
        problems.push(Problem::new(
            "something is severed, and nothing restored",
            "add `.restore(..)`: severing holds a lane while something else is restored",
        ));
    }
    stream::check(plan, &mut problems);
    let (Some(prompt), Some(corrupted)) = (spoken, corrupted) else {
        return Err(Error::Plan { problems });
    };
    let mut resolved = Resolved {
        first_difference: corruption::first_difference(plan, &prompt, &corrupted),
        align: Vec::new(),
        prompt,
        asked,
        corrupted,
        direction: plan.direction,
        grid,
        until: plan.until,
        bos: plan.bos,
        stream: plan.stream,
        warnings: std::mem::take(&mut said.warnings),
        said,
    };
    resolved.align = corruption::alignment(plan, &resolved, &mut problems);
    void::check(model, plan, &mut resolved, &mut problems);
    if problems.is_empty() { Ok(resolved) } else { Err(Error::Plan { problems }) }
}

/// The window that holds where none is asked for: ROME's.
pub(crate) fn default_window(site: Site) -> Window {
    Window::from(match site {
        Site::Resid | Site::ResidIn | Site::Embed | Site::State | Site::ConvState => 1,
        _ => 10,
    })
}

/// The first and last layers a site has in a model: the embedding stands before the first layer only.
pub(crate) fn site_layers(model: &Model, at: &At) -> usize {
    at.site.layers(model.config())
}
