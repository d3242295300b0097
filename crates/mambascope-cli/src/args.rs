//! What can be typed.

mod attention;
mod bench;
mod ids;
mod intervene;
mod knock_out;
mod which;

use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mambascope::{
    Compute, Convention, Direction, Extent, Metric, Noise, Normalisation, Original, Site, Source,
    Timing, TokenSet,
};

pub(crate) use self::attention::AttentionArguments;
pub(crate) use self::bench::BenchArguments;
pub(crate) use self::ids::Ids;
pub(crate) use self::intervene::{Filled, InterveneArguments};
pub(crate) use self::knock_out::KnockOutArguments;
pub(crate) use self::which::{Rule, Which};

/// Where and how Mamba language models store and recall facts
#[derive(Debug, Parser)]
#[command(name = "mambascope", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Trace where a fact is: corrupt the subject, restore one place at a time, see what brings the answer back
    Trace(Box<TraceArguments>),
    /// Knock tokens out: let some not see some others through scan and convolution, see what the answer loses
    KnockOut(Box<KnockOutArguments>),
    /// Record activations and logits of a prompt
    Record(Box<RecordArguments>),
    /// Draw how much each token reads of each earlier one through a layer's scan
    Attention(Box<AttentionArguments>),
    /// List the models that are bundled and cached
    Models,
    /// Measure how fast the engine is here, beside the machine's limits and the reference
    Bench(BenchArguments),
    /// Open JupyterLab on the quickstart, with a kernel in which mambascope is already there
    Lab(LabArguments),
    /// The Jupyter kernel
    #[command(subcommand)]
    Kernel(KernelCommand),
}

#[derive(Debug, Args)]
pub(crate) struct LabArguments {
    /// Open no browser; the address is printed
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// The port; else the first free one from 8888 on
    #[arg(long, value_name = "N", conflicts_with = "check")]
    pub(crate) port: Option<u16>,
    /// Run the quickstart without a browser, print its first map, and stop
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KernelCommand {
    /// Build the kernel and its library, and tell Jupyter of it
    Install(InstallArguments),
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct InstallArguments {
    /// For the user's Jupyter, which is the default
    #[arg(long)]
    pub(crate) user: bool,
    /// For the active Python environment
    #[arg(long)]
    pub(crate) sys_prefix: bool,
    /// For the Jupyter of some folder: DIR/share/jupyter/kernels
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: Option<PathBuf>,
}

/// Which model reads which prompt
#[derive(Debug, Args)]
pub(crate) struct PromptArguments {
    /// The prompt, up to where the answer would come; none for a fact of the bundled model
    pub(crate) prompt: Option<String>,
    /// Token ids in place of a text, such as 510,444,1648 or "[510, 444, 1648]"
    #[arg(long, allow_hyphen_values = true, conflicts_with = "prompt")]
    pub(crate) ids: Vec<Ids>,
    /// Put the tokens with which the tokenizer's template begins a text, such as `<s>`, before the prompt
    #[arg(long, conflicts_with = "ids")]
    pub(crate) bos: bool,
    /// `bundled`, a folder, or a hub id such as state-spaces/mamba-130m
    #[arg(long, default_value = "bundled")]
    pub(crate) model: Source,
    /// How numbers are computed
    #[arg(long, value_enum, default_value_t = Arithmetic::Fast)]
    pub(crate) compute: Arithmetic,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Arithmetic {
    /// In f32, vectorised and threaded
    Fast,
    /// In f32, each operation as its equation
    Reference32,
    /// In f64, each operation as its equation
    Reference64,
}

impl From<Arithmetic> for Compute {
    fn from(arithmetic: Arithmetic) -> Self {
        match arithmetic {
            Arithmetic::Fast => Self::Fast,
            Arithmetic::Reference32 => Self::Reference32,
            Arithmetic::Reference64 => Self::Reference64,
        }
    }
}

/// Which fact a prompt asks for
#[derive(Debug, Args)]
pub(crate) struct FactArguments {
    /// The subject, as it stands in the prompt; else it is guessed, and the guess printed
    #[arg(long, conflicts_with = "subject_tokens")]
    pub(crate) subject: Option<String>,
    /// The subject's tokens, such as 1..3
    #[arg(long, value_name = "I..J")]
    pub(crate) subject_tokens: Option<Tokens>,
    /// Which occurrence of a subject that stands in the prompt several times: 1 for the first, 2, or all; else the first
    #[arg(long, value_name = "N", conflicts_with = "subject_tokens")]
    pub(crate) occurrence: Option<Which>,
    /// How a subject is guessed: names, the longest run of capitalised words; or rome, the first one
    #[arg(long, value_name = "RULE", value_enum, conflicts_with_all = ["subject", "subject_tokens"])]
    pub(crate) guess: Option<Rule>,
    /// The answer, one token; else what the model says
    #[arg(long, conflicts_with = "answer_id")]
    pub(crate) answer: Option<String>,
    /// The answer's token id
    #[arg(long, value_name = "N")]
    pub(crate) answer_id: Option<u32>,
    /// What is drawn of the answer: p, log_p, logit_difference, kl, rank; may be given several times, all from the same runs;
    /// files of numbers hold p as well
    #[arg(long = "metric", value_name = "METRIC", default_value = "p")]
    pub(crate) metrics: Vec<Metric>,
    /// What the answer is told from, one token: the logit difference is measured
    #[arg(long, conflicts_with = "foil_id")]
    pub(crate) foil: Option<String>,
    /// The foil's token id
    #[arg(long, value_name = "N")]
    pub(crate) foil_id: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct TraceArguments {
    #[command(flatten)]
    pub(crate) prompt: PromptArguments,
    #[command(flatten)]
    pub(crate) fact: FactArguments,
    /// What maps show of the metric: raw, the recovered share (x - low) / (high - low), or the published x / (high - low);
    /// npz and json hold it raw
    #[arg(long, value_enum, default_value_t = Share::Raw)]
    pub(crate) normalise: Share,
    /// What is restored: resid, mixer_out, scan_out, gate, state, conv_state, delta, or any other site of the README;
    /// may be given several times, all in one walk up the layers
    #[arg(long = "site", value_name = "SITE", default_value = "resid")]
    pub(crate) sites: Vec<Site>,
    /// A site restored together with each --site; may be given several times
    #[arg(long, value_name = "SITE")]
    pub(crate) and: Vec<Site>,
    /// When a restored state is read: read-through, carry-only, read-only, seed-compat
    #[arg(long, value_name = "TIMING", default_value = "read-through")]
    pub(crate) timing: Timing,
    /// Channels to restore, such as 0..64
    #[arg(long, value_name = "I..J", default_value = "..")]
    pub(crate) channels: Run,
    /// State dimensions to restore, such as 3
    #[arg(long, value_name = "I..J", default_value = "..")]
    pub(crate) dims: Run,
    /// Inputs in the convolution's window to restore, the token's own last, such as 2
    #[arg(long, value_name = "I..J", default_value = "..")]
    pub(crate) taps: Run,
    /// Restore as the original project does: None, ssm_state or conv_state
    #[arg(long, value_name = "KIND", conflicts_with_all = ["timing", "and", "sites"])]
    pub(crate) original: Option<Original>,
    /// A site held as it is in the patched run where another is restored; may be given several times
    #[arg(long, value_name = "SITE")]
    pub(crate) sever: Vec<Site>,
    #[command(flatten)]
    pub(crate) intervene: InterveneArguments,
    /// Another subject in the subject's place, instead of noise
    #[arg(long, value_name = "SUBJECT", conflicts_with_all = ["swap_ids", "swap_drawn", "noise"])]
    pub(crate) swap: Option<String>,
    /// The tokens of another subject, such as 12,7
    #[arg(long, value_name = "IDS", allow_hyphen_values = true, conflicts_with_all = ["swap_drawn", "noise"])]
    pub(crate) swap_ids: Vec<Ids>,
    /// Another subject, drawn by this seed from the bundled facts: of the same relation, with another object
    #[arg(long, value_name = "SEED", conflicts_with = "noise")]
    pub(crate) swap_drawn: Option<u32>,
    /// Which run is patched: the corrupted one with clean values, or the clean one with corrupted values
    #[arg(long, value_enum, default_value_t = Patch::Denoise)]
    pub(crate) direction: Patch,
    /// How many layers are restored together; else 1 for resid, resid_in, embed and the states, 10 for others
    #[arg(long, value_name = "N")]
    pub(crate) window: Option<usize>,
    /// Which way an even window leans: l-5..l+4 as ROME's code, l-4..l+5 as its paper
    #[arg(long, value_enum, default_value_t = Lean::Code)]
    pub(crate) convention: Lean,
    /// Noise, ROME's rules: 3s (or s3; s for one) for three sigma, 0.13 for a standard deviation, u0.2 for uniform; with the mean and covariance of the
    /// embedding table, m for multivariate normal, t3 for Student's of 3 degrees
    #[arg(long, default_value = "3s")]
    pub(crate) noise: Noise,
    /// Put noise in the place of the subject's embeddings, instead of adding it
    #[arg(long, conflicts_with_all = ["swap", "swap_ids", "swap_drawn", "other", "other_ids", "uncorrupted"])]
    pub(crate) replace: bool,
    /// How many noise samples
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) samples: usize,
    /// Draw more samples until every 95 % interval of p is narrower than this, beginning with --samples
    #[arg(long, value_name = "WIDTH")]
    pub(crate) until: Option<f64>,
    /// Most samples that --until may draw
    #[arg(long, value_name = "N", default_value_t = 200, requires = "until")]
    pub(crate) at_most: usize,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u32,
    /// A facts file over whose subjects sigma, or mean and covariance, are taken; else the bundled facts, or the
    /// embedding table
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// Where is restored: all, subject, subject-first, subject-last, relation, last, or I..J
    #[arg(long, default_value = "all")]
    pub(crate) tokens: Place,
    /// Layers to restore at, such as 3..9
    #[arg(long, value_name = "I..J", default_value = "..")]
    pub(crate) layers: Run,
    /// Where the result goes, by ending: svg, png, pdf, txt, npz, json; may be given several times [default: trace.svg]
    #[arg(long = "out", short, value_name = "FILE")]
    pub(crate) out: Vec<PathBuf>,
    /// Print the plan in words, with its cost, and stop
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    #[command(flatten)]
    pub(crate) prompt: PromptArguments,
    /// What is recorded: resid, mixer_out, scan_out, state, or any other site of the README; may be given several times
    #[arg(long = "site", value_name = "SITE", default_value = "resid")]
    pub(crate) sites: Vec<Site>,
    /// Layers to record, such as 3..9
    #[arg(long, value_name = "I..J", default_value = "..")]
    pub(crate) layers: Run,
    /// Where it goes, npz or safetensors; may be given several times [default: record.npz]
    #[arg(long = "out", short, value_name = "FILE")]
    pub(crate) out: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Patch {
    /// The corrupted run with clean values, as ROME
    Denoise,
    /// The clean run with corrupted values
    Noise,
}

impl From<Patch> for Direction {
    fn from(patch: Patch) -> Self {
        match patch {
            Patch::Denoise => Self::Denoise,
            Patch::Noise => Self::Noise,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Share {
    /// As it was measured
    Raw,
    /// (x - low) / (high - low)
    Recovered,
    /// x / (high - low)
    Published,
}

impl From<Share> for Normalisation {
    fn from(share: Share) -> Self {
        match share {
            Share::Raw => Self::Raw,
            Share::Recovered => Self::Recovered,
            Share::Published => Self::Published,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Lean {
    Code,
    Paper,
}

impl From<Lean> for Convention {
    fn from(lean: Lean) -> Self {
        match lean {
            Lean::Code => Self::Code,
            Lean::Paper => Self::Paper,
        }
    }
}

/// A run of layers: `3..9`, `3..`, `..9`, `..`, `3..=8` or `3`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run(pub(crate) Extent);

impl FromStr for Run {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is no range; write 3..9, 3.., ..9, .. or 3");
        let number = |part: &str| part.parse::<usize>().map_err(|_| refused());
        let open = |part: &str| if part.is_empty() { Ok(None) } else { number(part).map(Some) };
        let extent = match text.split_once("..") {
            None => Extent::from(number(text)?),
            Some((first, end)) => match end.strip_prefix('=') {
                Some(last) => {
                    Extent { first: open(first)?, end: Some(number(last)?.saturating_add(1)) }
                }
                None => Extent { first: open(first)?, end: open(end)? },
            },
        };
        Ok(Self(extent))
    }
}

/// The subject's tokens, both ends given.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(pub(crate) Range<usize>);

impl FromStr for Tokens {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Run::from_str(text)?.0 {
            Extent { first: Some(first), end: Some(end) } => Ok(Self(first..end)),
            Extent { first: None, end: Some(end) } => Ok(Self(0..end)),
            Extent { .. } => Err(format!("`{text}` has no end; write both, such as 1..3")),
        }
    }
}

/// Tokens by the part they play, or by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(pub(crate) TokenSet);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "all" => TokenSet::All,
            "subject" => TokenSet::Subject,
            "subject-first" => TokenSet::SubjectFirst,
            "subject-last" => TokenSet::SubjectLast,
            "relation" => TokenSet::Relation,
            "last" => TokenSet::Last,
            _ => TokenSet::Range(
                Run::from_str(text)
                    .map_err(|_| {
                        format!(
                            "`{text}`: write all, subject, subject-first, subject-last, relation, last or I..J"
                        )
                    })?
                    .0,
            ),
        }))
    }
}
