//! A model's weights on a device, and the walk from embeddings to logits.

use std::sync::Arc;

use candle_core::Tensor;
use rayon::prelude::*;

use crate::blind::{LaneInputs, Unseen};
use crate::block::{Pass, Past, Reach};
use crate::mamba1::Block;
use crate::ops::{Linear, Normed, Operations};
use crate::reading::Meter;
use crate::tap::{AtLayer, RowTap, Spot, Tap, Untapped};
use crate::{Config, Error, NotFinite, Ragged, Site, Tensors, Threads};

/// A model's weights on a device.
#[derive(Debug, Clone)]
pub struct Network<O: Operations> {
    operations: O,
    threads: Threads,
    weights: Arc<Weights<O>>,
}

/// A model's weights as a device likes them.
#[derive(Debug)]
struct Weights<O: Operations> {
    /// `[V, D]`, where it is not the head.
    embedding: Option<O::Rows>,
    blocks: Vec<Block<O>>,
    norm: O::Vector,
    head: O::Matrix,
    config: Config,
}

impl<O: Operations> Network<O> {
    /// Packs a checkpoint's tensors for a device, one after the other, the largest first.
    pub(crate) fn new(
        operations: O,
        threads: Threads,
        tensors: &Tensors,
        config: &Config,
        meter: &Meter,
    ) -> Result<Self, Error> {
        let named = |name: &str| tensors.tensor_for(name, operations.dtype());
        let parts = config.layers + 1;
        let head = Linear { weight: named("lm_head.weight")?, bias: None }; // [V, D]
        let head = operations.matrix(&head)?;
        let embedding = (!config.tied_head)
            .then(|| operations.upload(&named("backbone.embedding.weight")?))
            .transpose()?;
        meter.packed(parts);
        let block = |layer: usize| {
            meter.check()?;
            let block = Block::new(&operations, tensors, config, layer)?;
            meter.packed(parts);
            Ok(block)
        };
        let blocks: Vec<_> =
            threads.run(|| (0..config.layers).into_par_iter().map(block).collect());
        let weights = Weights {
            embedding,
            blocks: blocks.into_iter().collect::<Result<_, Error>>()?,
            norm: operations.vector(&named("backbone.norm_f.weight")?)?,
            head,
            config: config.clone(),
        };
        Ok(Self { operations, threads, weights: Arc::new(weights) })
    }

    /// The same weights, worked on by other threads.
    pub(crate) fn on(&self, operations: O, threads: Threads) -> Self {
        Self { operations, threads, weights: Arc::clone(&self.weights) }
    }

    /// The device.
    pub const fn operations(&self) -> &O {
        &self.operations
    }

    /// The threads that work is spread over.
    pub const fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.weights.blocks.len()
    }

    /// The embeddings of these tokens, `[L, D]`; each must be one of the model's.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn embed(&self, ids: &[u32]) -> Result<O::Rows, Error> {
        let rows: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
        match &self.weights.embedding {
            Some(embedding) => self.operations.gather(embedding, &rows),
            None => self.operations.outputs(&self.weights.head, &rows),
        }
    }

    /// Runs one layer's block: residual stream in, residual stream out.
    ///
    /// # Errors
    /// When an operation or the tap fails.
    pub fn block(
        &self,
        layer: usize,
        residual: &O::Rows,
        pass: &Pass<'_, O>,
        tap: &mut dyn RowTap<O>,
    ) -> Result<(O::Rows, Option<Past<O>>), Error> {
        self.weights.blocks[layer].run(&self.operations, residual, pass, tap)
    }

    /// Runs the end of one layer's block, from the scan's output and the gate on.
    ///
    /// # Errors
    /// When an operation or the tap fails.
    pub fn read_out(
        &self,
        layer: usize,
        residual: &O::Rows,
        scan_out: O::Rows,
        gate: O::Rows,
        tap: &mut dyn RowTap<O>,
    ) -> Result<O::Rows, Error> {
        let at: Vec<usize> = (0..self.operations.count(residual)).collect();
        self.weights.blocks[layer].read_out(&self.operations, residual, scan_out, gate, tap, &at)
    }

    /// What a layer kept of the scan at some rows, `[rows, E N]`.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn states(&self, layer: usize, past: &Past<O>, rows: &[usize]) -> Result<O::Rows, Error> {
        self.weights.blocks[layer].states(&self.operations, past, rows)
    }

    /// What a layer kept of the convolution at some rows, each its last K inputs, `[rows, E K]`; `tokens` are the rows'
    /// positions in their prompts.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn windows(
        &self,
        layer: usize,
        past: &Past<O>,
        rows: &[usize],
        tokens: &[usize],
    ) -> Result<O::Rows, Error> {
        self.weights.blocks[layer].windows(&self.operations, past, rows, tokens)
    }

    /// What a layer remembers at one row, so that its prompt can be read on from there.
    pub(crate) fn end_of(
        &self,
        layer: usize,
        past: &Past<O>,
        row: usize,
    ) -> Result<Past<O>, Error> {
        self.weights.blocks[layer].end_of(&self.operations, past, row)
    }

    /// What a layer remembers one token after a past of one row.
    pub(crate) fn follow(
        &self,
        layer: usize,
        past: &Past<O>,
        next: Past<O>,
    ) -> Result<Past<O>, Error> {
        self.weights.blocks[layer].follow(&self.operations, past, next)
    }

    /// The residual stream behind the last token of a prompt, `[1, D]`, from its embeddings.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn end(&self, embeddings: O::Rows) -> Result<O::Rows, Error> {
        self.threads.lead(|| self.climb(embeddings))
    }

    fn climb(&self, embeddings: O::Rows) -> Result<O::Rows, Error> {
        let ragged = Ragged::prompts(&[self.operations.count(&embeddings)]);
        let mut residual = embeddings;
        for layer in 0..self.layers() {
            let reach = self.reach(layer);
            let pass = Pass { reach, ..Pass::over(&ragged) };
            residual = self.block(layer, &residual, &pass, &mut Untapped)?.0;
        }
        Ok(residual)
    }

    /// How far tokens go in a layer whose last token alone is asked for.
    pub(crate) fn reach(&self, layer: usize) -> Reach {
        if layer + 1 == self.layers() { Reach::Last } else { Reach::Every }
    }

    /// How many rows are best asked for their logits together, where those are written down.
    pub fn rows_at_head(&self) -> usize {
        self.operations.rows_at_head(self.weights.config.vocabulary)
    }

    /// What a layer remembers of whole prompts where some of their rows never entered convolution and scan.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn past_without(
        &self,
        layer: usize,
        of: LaneInputs<O>,
        ragged: &Ragged,
        sources: &[usize],
        unseen: &Unseen,
    ) -> Result<Option<Past<O>>, Error> {
        self.weights.blocks[layer].past_without(&self.operations, of, ragged, sources, unseen)
    }

    /// Logits of residual rows: final norm and head, `[rows, V]`.
    ///
    /// # Errors
    /// When an operation fails; [`Error::NotFinite`] where the residual stream or a logit is not finite.
    pub fn logits(&self, residual: &O::Rows) -> Result<O::Rows, Error> {
        let logits = self.operations.project(&self.normed(residual)?, &self.weights.head)?;
        self.sound_logits(&logits)?;
        Ok(logits)
    }

    /// Residual rows behind the final norm.
    fn normed(&self, residual: &O::Rows) -> Result<O::Rows, Error> {
        let Weights { norm, config, .. } = &*self.weights;
        let Normed { rows, unsound } = self.operations.norm(residual, norm, config.epsilon)?;
        let Some(row) = unsound else { return Ok(rows) };
        let spot = Spot { site: Site::Resid, layer: config.layers.saturating_sub(1) };
        Err(NotFinite::of(&self.operations, residual, row, spot)?.into())
    }

    /// Refuses logits that are not finite.
    fn sound_logits(&self, logits: &O::Rows) -> Result<(), Error> {
        let Some(row) = self.operations.unsound(logits) else { return Ok(()) };
        let spot = Spot { site: Site::Logits, layer: 0 };
        Err(NotFinite::of(&self.operations, logits, row, spot)?.into())
    }

    /// The probability of a token behind residual rows, in the softmax of their logits; those are not written down.
    ///
    /// # Errors
    /// When an operation fails; [`Error::NotFinite`] where the residual stream or a logit is not finite.
    pub fn probability(&self, residual: &O::Rows, token: usize) -> Result<Vec<f64>, Error> {
        let head = &self.weights.head;
        let normed = self.normed(residual)?;
        let p = self.operations.probability_of(&normed, head, token)?;
        if let Some(row) = p.iter().position(|p| !p.is_finite()) {
            // Written down to say what is wrong with them.
            let logits =
                self.operations.project(&self.operations.gather(&normed, &[row])?, head)?;
            let spot = Spot { site: Site::Logits, layer: 0 };
            return Err(NotFinite::of(&self.operations, &logits, 0, spot)?.at(row, None).into());
        }
        Ok(p)
    }

    /// One whole prompt from its embeddings `[L, D]` to logits `[L, V]`, under a tap.
    ///
    /// # Errors
    /// When an operation or the tap fails.
    pub fn run(&self, embeddings: &Tensor, tap: &mut dyn Tap) -> Result<Tensor, Error> {
        let mut residual = self.operations.upload(embeddings)?;
        let ragged = Ragged::prompts(&[embeddings.dim(0)?]);
        let (operations, config) = (&self.operations, &self.weights.config);
        let at: Vec<usize> = (0..ragged.rows()).collect();
        let end = |tap: &mut dyn Tap, site, rows: &mut O::Rows| {
            let mut end = AtLayer { tap, layer: 0, config };
            RowTap::<O>::reaches(&mut end, site)?;
            let wanted = RowTap::<O>::wants(&end, site);
            if wanted { end.visit(site, operations, rows, &at) } else { Ok(()) }
        };
        end(tap, Site::Embed, &mut residual)?;
        let pass = Pass::over(&ragged);
        for layer in 0..self.layers() {
            residual = self.block(layer, &residual, &pass, &mut AtLayer { tap, layer, config })?.0;
        }
        let mut normed = self.normed(&residual)?;
        end(tap, Site::FinalNorm, &mut normed)?;
        let mut logits = operations.project(&normed, &self.weights.head)?;
        self.sound_logits(&logits)?;
        end(tap, Site::Logits, &mut logits)?;
        operations.download(&logits)
    }
}

/// Wants nothing.
pub(crate) struct Silent;

impl Tap for Silent {
    fn wants(&self, _: Spot) -> bool {
        false
    }

    fn visit(&mut self, _: Spot, activation: Tensor) -> Result<Tensor, Error> {
        Ok(activation)
    }
}
