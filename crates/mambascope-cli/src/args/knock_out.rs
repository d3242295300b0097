//! What can be typed after `mambascope knock-out`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use mambascope::{Channels, Ends, Lanes, Removal, Rest};

use super::{FactArguments, Lean, Place, PromptArguments, Run};

#[derive(Debug, Args)]
pub(crate) struct KnockOutArguments {
    #[command(flatten)]
    pub(crate) prompt: PromptArguments,
    #[command(flatten)]
    pub(crate) fact: FactArguments,
    /// Who is not seen: all, subject, subject-first, subject-last, relation, last, or I..J; several times for several rows
    #[arg(long, value_name = "TOKENS", default_value = "subject")]
    pub(crate) from: Vec<Place>,
    /// Who does not see them, likewise; each with each --from
    #[arg(long, value_name = "TOKENS", default_value = "last")]
    pub(crate) to: Vec<Place>,
    /// Knock out each token of --from alone, a row each, instead of all of them together
    #[arg(long)]
    pub(crate) each: bool,
    /// Layers to cut, or the centres of windows, such as 3..9
    #[arg(long, value_name = "I..J", default_value = "..")]
    pub(crate) layers: Run,
    /// How many layers are cut together around each centre; 9 as published for information flow
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub(crate) window: usize,
    /// Which way an even window leans: l-5..l+4 as ROME's code, l-4..l+5 as its paper
    #[arg(long, value_enum, default_value_t = Lean::Code)]
    pub(crate) convention: Lean,
    /// Which windows there are at the ends of the model
    #[arg(long, value_enum, default_value_t = AtEnds::Clipped)]
    pub(crate) ends: AtEnds,
    /// Cut all of --layers at once, without windows
    #[arg(long, conflicts_with_all = ["window", "convention", "ends"])]
    pub(crate) together: bool,
    /// What of a source the scan of a target does not see
    #[arg(long, value_enum, default_value_t = Mode::Invisible)]
    pub(crate) mode: Mode,
    /// Which lanes are cut
    #[arg(long, value_enum, default_value_t = Lane::Both)]
    pub(crate) lane: Lane,
    /// In which channels the scan is cut, ranked by decay: all, slow:25% or fast:25%
    #[arg(long, value_name = "CHANNELS", default_value = "all")]
    pub(crate) channels: Share,
    /// What an invisible source does in the channels that are not cut
    #[arg(long, value_enum, default_value_t = Others::Whole)]
    pub(crate) rest: Others,
    /// Retention knock-out: put the mean over this text in place of the sources; several times for a mean over several
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["mode", "lane", "channels", "rest"])]
    pub(crate) mean: Vec<String>,
    /// Where the result goes, by ending: svg, png, pdf, txt, npz, json, csv; may be given several times [default: knock-out.svg]
    #[arg(long = "out", short, value_name = "FILE")]
    pub(crate) out: Vec<PathBuf>,
    /// Print the knock-out in words, with its cost, and stop
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum AtEnds {
    /// One around every layer, cut off at the ends, as in ROME's program and in arXiv 2404.03646
    Clipped,
    /// Only those that fit, as published by mamba-knockout
    Fitting,
}

impl From<AtEnds> for Ends {
    fn from(ends: AtEnds) -> Self {
        match ends {
            AtEnds::Clipped => Self::Clipped,
            AtEnds::Fitting => Self::Fitting,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    /// Neither its write nor its decay
    Invisible,
    /// Its write; the state still decays by its time step
    Write,
}

impl From<Mode> for Removal {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Invisible => Self::Invisible,
            Mode::Write => Self::Write,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Lane {
    /// Scan and convolution
    Both,
    /// The scan; the convolution still shows the source to the K-1 tokens after it
    Scan,
    /// The convolution
    Conv,
}

impl From<Lane> for Lanes {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Both => Self::Both,
            Lane::Scan => Self::Scan,
            Lane::Conv => Self::Convolution,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Others {
    /// All that it does where nothing is cut
    Whole,
    /// It writes but does not decay, as published
    Undecayed,
}

impl From<Others> for Rest {
    fn from(others: Others) -> Self {
        match others {
            Others::Whole => Self::Whole,
            Others::Undecayed => Self::Undecayed,
        }
    }
}

/// A share of the channels: `all`, `slow:25%`, `fast:0.25`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share(pub(crate) Channels);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}`: write all, slow:25% or fast:25%");
        let number = |share: &str| -> Result<f64, String> {
            match share.strip_suffix('%') {
                Some(percent) => percent.parse().map(|percent: f64| percent / 100.0),
                None => share.parse(),
            }
            .map_err(|_| refused())
        };
        Ok(Self(match text.split_once(':') {
            None if text == "all" => Channels::All,
            Some(("slow", share)) => Channels::Slowest(number(share)?),
            Some(("fast", share)) => Channels::Fastest(number(share)?),
            _ => return Err(refused()),
        }))
    }
}
