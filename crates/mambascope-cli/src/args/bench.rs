//! What `mambascope bench` is told.

use clap::{Args, ValueEnum};
use mambascope::Source;
use mambascope::bench::Kind;

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The model whose shapes are measured; else random weights of mamba-130m's shape
    #[arg(long)]
    pub(crate) model: Option<Source>,
    /// What is measured, may be given several times; else all of it
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<Measured>,
    /// How many threads work; else MAMBASCOPE_THREADS says, or all cores do
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Print the numbers as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Measured {
    /// Products of the model's shapes
    Products,
    /// Convolution, curves and scan
    Between,
    /// A prompt that is read
    Prompt,
    /// Tokens one after the other
    Tokens,
    /// One map
    Map,
    /// Maps of three sites together
    Maps,
}

impl BenchArguments {
    /// The kinds that are measured.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let kind = |measured: &Measured| match measured {
            Measured::Products => Kind::Products,
            Measured::Between => Kind::Between,
            Measured::Prompt => Kind::Prompt,
            Measured::Tokens => Kind::Tokens,
            Measured::Map => Kind::Map,
            Measured::Maps => Kind::Maps,
        };
        if self.kind.is_empty() { Kind::ALL.to_vec() } else { self.kind.iter().map(kind).collect() }
    }
}
