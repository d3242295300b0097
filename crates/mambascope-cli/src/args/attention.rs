//! Arguments of `mambascope attention`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mambascope::Through;

use super::PromptArguments;

#[derive(Debug, Args)]
pub(crate) struct AttentionArguments {
    #[command(flatten)]
    pub(crate) prompt: PromptArguments,
    /// The layer whose scan is looked at
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) layer: usize,
    /// One channel; else the mean over all of them
    #[arg(long, value_name = "N")]
    pub(crate) channel: Option<usize>,
    /// The part of the block that lies between the two tokens
    #[arg(long, value_enum, default_value_t = Between::Scan)]
    pub(crate) through: Between,
    /// Where the result goes, by ending: svg, png, pdf, txt, npz; may be given several times [default: attention.svg]
    #[arg(long = "out", short, value_name = "FILE")]
    pub(crate) out: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Between {
    /// From the scan's input to its read
    Scan,
    /// From the scan's input to what is gated
    Gate,
    /// From the convolution's input to what is gated
    Block,
}

impl From<Between> for Through {
    fn from(between: Between) -> Self {
        match between {
            Between::Scan => Self::Scan,
            Between::Gate => Self::Gate,
            Between::Block => Self::Block,
        }
    }
}
