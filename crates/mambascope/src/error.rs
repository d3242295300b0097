//! What can go wrong with a trace.

use std::fmt;
use std::path::{Path, PathBuf};

use mambascope_model::{Site, nearest};

use crate::check::{Problem, Problems};
use crate::metrics::Metric;
use crate::npz::NpzError;

/// What can go wrong in this crate.
///
/// `Debug` says the same as `Display`, so that `fn main() -> Result<(), Error>` ends with words.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A plan does not fit its model or is not sound.
    #[error("the trace cannot run: {}", Problems(problems))]
    Plan {
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },

    /// A model could not be loaded or run.
    #[error(transparent)]
    Model(#[from] mambascope_model::Error),

    /// A picture could not be made.
    #[error(transparent)]
    Figure(#[from] mambascope_figure::Error),

    /// An npz file could not be read or written.
    #[error(transparent)]
    Npz(#[from] NpzError),

    /// A tensor operation of candle failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),

    /// The watcher stopped the run.
    #[error("the run was stopped\nhelp: nothing was written; run it again")]
    Stopped,

    /// A restore met a layer whose clean values were not kept.
    #[error(
        "the clean {site} of layer {layer} was not kept\nhelp: this is a defect of mambascope; report the plan"
    )]
    NotKept {
        /// Which site.
        site: Site,
        /// Which layer.
        layer: usize,
    },

    /// A metric of a run is not finite.
    #[error(
        "{metric} of {run} is {value}\nhelp: its logits lie too far apart for f64; check the checkpoint's weights, or measure `p` alone"
    )]
    MetricNotFinite {
        /// The metric.
        metric: Metric,
        /// What it came to.
        value: f64,
        /// The run, in words.
        run: String,
    },

    /// A result is not finite, though all that it was made from is.
    #[error(
        "{what} is not finite\nhelp: its numbers lie too far apart for f64; check the checkpoint's weights"
    )]
    Overflow {
        /// What was to be computed.
        what: String,
    },

    /// A heatmap was asked of a trace that restores nothing.
    #[error(
        "nothing is restored, so there is no map\nhelp: `.restore(..)` restores the residual, layer by layer"
    )]
    NothingRestored,

    /// A text is no noise.
    #[error(
        "`{text}` is no noise\nhelp: write `3s` for three sigma, `0.13` for a standard deviation, `u0.2` for uniform noise, `m` for multivariate normal noise, or `t3` for Student's of 3 degrees"
    )]
    NoiseText {
        /// The text.
        text: String,
    },

    /// A channel that the model does not have.
    #[error("there is no channel {channel}\nhelp: this layer's channels are 0 to {}", channels - 1)]
    ChannelOutside {
        /// The channel asked for.
        channel: usize,
        /// How many there are.
        channels: usize,
    },

    /// A text is no metric.
    #[error(
        "`{name}` is no metric\nhelp: {}write `p`, `log_p`, `logit_difference`, `kl` or `rank`",
        meant(name, &Metric::ALL.map(Metric::name))
    )]
    UnknownMetric {
        /// The text.
        name: String,
    },

    /// A metric was not measured.
    #[error(
        "{metric} was not measured, but {}\nhelp: `.metrics([Metric::{metric:?}])` before the run measures it too",
        listed(measured)
    )]
    NotMeasured {
        /// The metric asked for.
        metric: Metric,
        /// Those that were.
        measured: Vec<Metric>,
    },

    /// Results of two metrics, or normalised in two ways, do not compare.
    #[error("{first} less {second}\nhelp: take one metric, normalised alike, of both")]
    NotComparable {
        /// What the first measures.
        first: String,
        /// What the second measures.
        second: String,
    },

    /// The corrupted run is as good as the clean one, so nothing can be a share of what lies between.
    #[error(
        "{metric} is {low} in the corrupted run and {high} in the clean one, so nothing is a share of the way between\nhelp: \
         read it raw, or corrupt more strongly"
    )]
    NoWay {
        /// The metric.
        metric: Metric,
        /// Of the corrupted run.
        low: f64,
        /// Of the clean run.
        high: f64,
    },

    /// Results are normalised already.
    #[error("the results are normalised already\nhelp: normalise what the run gave: `.run()?`")]
    NormalisedTwice,

    /// A text is none of the original project's kinds.
    #[error(
        "`{name}` is no kind of the original project\nhelp: {}write `None`, `ssm_state` or `conv_state`",
        meant(name, &["None", "ssm_state", "conv_state"])
    )]
    UnknownKind {
        /// The text.
        name: String,
    },

    /// A text is no plan, or no result.
    #[error("the {what} cannot be read: {}", Problems(problems))]
    Form {
        /// What it should be.
        what: &'static str,
        /// All that was found wrong with it.
        problems: Vec<Problem>,
    },

    /// A value cannot be written as JSON.
    #[error(
        "the {what} cannot be written as JSON: {source}\nhelp: take what is no number, such as NaN, out of it"
    )]
    Json {
        /// What it should be.
        what: &'static str,
        /// Where it goes wrong.
        source: serde_json::Error,
    },

    /// A plan is of another version.
    #[error(
        "the plan is of version {found}\nhelp: this library reads version {expected}; make the plan again"
    )]
    PlanVersion {
        /// Its version.
        found: u32,
        /// The version read here.
        expected: u32,
    },

    /// A facts file cannot be read.
    #[error("{}: {message}\nhelp: facts are known_1000.json, JSON lines with `subject`, or a table with a column `subject`", file.display())]
    Facts {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        message: String,
    },

    /// A file cannot be written under this ending.
    #[error("{} cannot be written\nhelp: {}end the name in {known}", file.display(), meant_ending(file, known))]
    Ending {
        /// The file.
        file: PathBuf,
        /// The endings that can be written.
        known: &'static str,
    },

    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] mambascope_files::Error),

    /// A file cannot be read.
    #[error("{}: {source}\nhelp: check the name and the rights", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A file says that nothing was traced.
    #[error(
        "nothing was traced: the file says that the model's answer was not the expected one\nhelp: leave such files out, as ROME's program does: `effects.correct_prediction()` is false"
    )]
    Stub,

    /// A file is not a trace's results.
    #[error("{} holds no results of a trace: {message}\nhelp: name a file that `trace` or ROME wrote", file.display())]
    NotEffects {
        /// The file.
        file: PathBuf,
        /// What is missing or odd.
        message: String,
    },

    /// A file is not a knock-out's result.
    #[error("{} holds no knock-out: {message}\nhelp: name an npz that `knock-out` wrote", file.display())]
    NotKnocked {
        /// The file.
        file: PathBuf,
        /// What is missing or odd.
        message: String,
    },
}

impl Error {
    /// Whether a file cannot be written for its name or its place: another name would do.
    pub const fn is_file_name(&self) -> bool {
        matches!(self, Self::Write(error) if error.is_name())
    }
}

/// The name that a misspelt one may have meant, in front of all names.
pub(crate) fn meant(name: &str, known: &[&str]) -> String {
    nearest(name, known).first().map_or_else(String::new, |near| format!("did you mean `{near}`? "))
}

/// The ending that a misspelt one may have meant, in front of all endings.
fn meant_ending(file: &Path, known: &str) -> String {
    let known: Vec<&str> =
        known.split('`').skip(1).step_by(2).map(|ending| ending.trim_start_matches('.')).collect();
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    nearest(ending, &known).first().map_or_else(String::new, |near| {
        format!("did you mean `{}`? ", file.with_extension(near).display())
    })
}

/// Metrics with commas between them.
fn listed(metrics: &[Metric]) -> String {
    metrics.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
