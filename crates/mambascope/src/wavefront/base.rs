//! The base rows: the clean run and the corrupted samples, whole prompts, one layer at a time.

use std::collections::BTreeMap;

use candle_core::Tensor;
use mambascope_model::{
    Keep, Network, Operations, Pass, Past, Ragged, Reach, RowTap, Site, Stepping,
};

use crate::Error;

/// The base rows between two layers, and all that the layer below remembers.
///
/// Row `run L + t` is token t of a run; run 0 is the clean one.
pub(super) struct Base<O: Operations> {
    ragged: Ragged,
    tokens: usize,
    /// The residual stream before the layer.
    pub(super) before: O::Rows,
    /// The residual stream after the layer.
    pub(super) after: O::Rows,
    /// Where cells may start in the layer.
    pub(super) past: Option<Past<O>>,
    /// The sites of the layer that cells restore or start from.
    pub(super) sites: Sites<O>,
}

/// Activations of one layer, by site.
pub(super) type Sites<O> = BTreeMap<Site, <O as Operations>::Rows>;

/// What the ends of the base rows say.
pub(super) struct Ends {
    pub(super) predicted: u32,
    pub(super) answer: u32,
    pub(super) high: f64,
    pub(super) low: Vec<f64>,
}

impl<O: Operations> Base<O> {
    /// Base rows before the first layer.
    pub(super) fn begin(
        network: &Network<O>,
        clean: &Tensor,
        samples: &[Tensor],
    ) -> Result<Self, Error> {
        let tokens = clean.dim(0)?;
        let runs: Vec<&Tensor> = std::iter::once(clean).chain(samples).collect();
        let rows = network.operations().upload(&Tensor::cat(&runs, 0)?)?;
        Ok(Self {
            ragged: Ragged::prompts(&vec![tokens; runs.len()]),
            tokens,
            before: rows.clone(),
            after: rows,
            past: None,
            sites: Sites::<O>::new(),
        })
    }

    /// Number of rows.
    pub(super) const fn rows(&self) -> usize {
        self.ragged.rows()
    }

    /// Number of corrupted samples.
    pub(super) fn samples(&self) -> usize {
        self.ragged.spans().len() - 1
    }

    /// Number of tokens of the prompt.
    pub(super) const fn tokens(&self) -> usize {
        self.tokens
    }

    /// The row of a token in the clean run.
    pub(super) const fn clean(token: usize) -> usize {
        token
    }

    /// The row of a token in a corrupted sample.
    pub(super) const fn corrupted(&self, sample: usize, token: usize) -> usize {
        (1 + sample) * self.tokens + token
    }

    /// Goes through one layer; keeps what restores of this site need of it.
    pub(super) fn climb(
        &mut self,
        network: &Network<O>,
        layer: usize,
        site: Option<Site>,
    ) -> Result<(), Error> {
        let pass = Pass {
            ragged: &self.ragged,
            past: None,
            keep: Keep::States,
            reach: Reach::Every,
            stepping: Stepping::Every,
        };
        let wanted = match site {
            None | Some(Site::Embed) => vec![],
            Some(Site::Resid) => vec![Site::Resid],
            Some(site) => vec![Site::ScanOut, Site::Gate, site],
        };
        let mut keeper = Keeper { wanted, kept: Sites::<O>::new() };
        let (after, past) = network.block(layer, &self.after, &pass, &mut keeper)?;
        self.before = std::mem::replace(&mut self.after, after);
        self.past = past;
        self.sites = keeper.kept;
        Ok(())
    }

    /// The clean run's prediction, and the answer's probability at the end of every run.
    pub(super) fn ends(
        &self,
        network: &Network<O>,
        answer: Option<u32>,
        known: usize,
    ) -> Result<Ends, Error> {
        let operations = network.operations();
        let last = operations.gather(&self.after, &self.ragged.last_rows())?;
        let logits = network.logits(&last)?;
        let clean: Vec<f64> = operations
            .download(&operations.gather(&logits, &[0])?)?
            .to_dtype(candle_core::DType::F64)?
            .flatten_all()?
            .to_vec1()?;
        let predicted = largest(&clean[..known.min(clean.len())]);
        let answer = answer.unwrap_or(predicted);
        let p = operations.probability(&logits, answer as usize)?;
        Ok(Ends { predicted, answer, high: p[0], low: p[1..].to_vec() })
    }
}

/// The first of the largest.
fn largest(values: &[f64]) -> u32 {
    let better = |best: usize, (index, &value): (usize, &f64)| {
        if value > values[best] { index } else { best }
    };
    values.iter().enumerate().fold(0, better) as u32
}

/// A tap that keeps rows.
struct Keeper<O: Operations> {
    wanted: Vec<Site>,
    kept: Sites<O>,
}

impl<O: Operations> RowTap<O> for Keeper<O> {
    fn wants(&self, site: Site) -> bool {
        self.wanted.contains(&site)
    }

    fn visit(
        &mut self,
        site: Site,
        _: &O,
        rows: &mut O::Rows,
        _: &[usize],
    ) -> Result<(), mambascope_model::Error> {
        self.kept.insert(site, rows.clone());
        Ok(())
    }
}
