//! What is put in place of an activation.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::elsewhere::Elsewhere;
use crate::plan::Prompt;

/// What is put in place of an activation.
///
/// # Draws
/// `Noise` and `Noised` draw for each sample, layer, token and site of its own. The draws of a place are those of numpy's
/// `deviation * RandomState([seed, sample, layer, token, *site]).randn(width)`, where `site` are the bytes of the site's name
/// (`*b"mixer_out"`), and samples, layers and tokens count from 0 (the embedding is layer 0; with nothing corrupted there is
/// sample 0 alone). So they depend on the place alone: cells whose windows overlap have the same draws where they do, and
/// a part of a grid has those of the whole. A state has the draws of its E x N numbers in order, even where a part of them is
/// replaced.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Corruption::Nothing);
/// let effects = trace.restore(Site::Gate).window(1).fill(Fill::Zero).run()?;
/// assert_ne!(effects.score(3, 3), Some(effects.high()), "without its gate the last token says something else");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fill {
    /// What the other run has there: the clean one when denoising, the corrupted one when noising.
    #[default]
    OtherRun,
    /// Zero.
    Zero,
    /// What it is, times a number.
    Scaled(f64),
    /// These numbers, as many as the site has for a token.
    Constant(Vec<f64>),
    /// What it is on average over all tokens of these prompts.
    Mean(Vec<Prompt>),
    /// What it is on average over all tokens of the prompts of a file.
    MeanOver(PathBuf),
    /// What the same site is at another token or in another layer.
    Elsewhere(Elsewhere),
    /// What the trace's own tap makes of it; the name of that ([`Trace::tap`](crate::Trace::tap)).
    Tap(String),
    /// What it is, and gaussian noise of this deviation, drawn by the rule of [`Fill`].
    Noised {
        /// The deviation.
        deviation: f64,
        /// The seed of the draws.
        seed: u32,
    },
    /// Gaussian noise of this deviation, drawn by the rule of [`Fill`].
    Noise {
        /// The deviation.
        deviation: f64,
        /// The seed of the draws.
        seed: u32,
    },
}

impl Fill {
    /// The mean over these prompts.
    pub fn mean<P: Into<Prompt>>(prompts: impl IntoIterator<Item = P>) -> Self {
        Self::Mean(prompts.into_iter().map(Into::into).collect())
    }

    /// The mean over the prompts of a file: facts as a JSON array or JSON lines (a text, or an object with `prompt`, in
    /// which `{}` stands for its `subject`), a table with tabs and a column `prompt`, or texts, one a line, in a file that
    /// ends in `.txt`.
    ///
    /// # Errors
    /// None here; a trace is refused where the file cannot be read or a line is no prompt, with the lines that are wrong.
    ///
    /// # Cost
    /// The file is read and tokenised when the trace is checked, and once more for the mean, one forward pass a prompt;
    /// of the activations only sums are kept.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let file = std::env::temp_dir().join(format!("{}.txt", std::process::id()));
    /// std::fs::write(&file, "Rome is in\nThe Rhine flows through\n").expect("written");
    /// let trace = Model::bundled()?.trace("The capital of Fiji is").corrupt(Corruption::Nothing);
    /// let effects = trace.restore(Site::MixerOut).window(1).fill(Fill::mean_over(&file)).run()?;
    /// assert!(effects.best().is_some());
    /// # std::fs::remove_file(&file).expect("removed");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn mean_over(file: impl Into<PathBuf>) -> Self {
        Self::MeanOver(file.into())
    }

    /// Whether the plan's default is meant.
    pub(crate) fn is_other_run(&self) -> bool {
        *self == Self::OtherRun
    }
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRun => write!(f, "the other run"),
            Self::Zero => write!(f, "zero"),
            Self::Scaled(factor) => write!(f, "itself times {factor}"),
            Self::Constant(values) => write!(f, "a constant of {} numbers", values.len()),
            Self::Mean(prompts) => write!(f, "the mean over {} prompts", prompts.len()),
            Self::MeanOver(file) => write!(f, "the mean over the prompts of {}", file.display()),
            Self::Elsewhere(elsewhere) => elsewhere.fmt(f),
            Self::Tap(name) => write!(f, "what the tap `{name}` makes of it"),
            Self::Noised { deviation, seed } => {
                write!(f, "itself and noise of deviation {deviation}, seed {seed}")
            }
            Self::Noise { deviation, seed } => {
                write!(f, "noise of deviation {deviation}, seed {seed}")
            }
        }
    }
}
