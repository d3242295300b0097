//! A model's weights on a device, and the walk from embeddings to logits.

use candle_core::Tensor;

use crate::blind::{LaneInputs, Unseen};
use crate::block::{Pass, Past, Reach, Stepping};
use crate::mamba1::Block;
use crate::ops::{Keep, Linear, Operations};
use crate::reading::Meter;
use crate::tap::{AtLayer, RowTap, Spot, Tap};
use crate::{Config, Error, Ragged, Site, Tensors};

/// A model's weights on a device.
#[derive(Debug)]
pub struct Network<O: Operations> {
    operations: O,
    embedding: Tensor,
    blocks: Vec<Block<O>>,
    norm: O::Vector,
    head: O::Matrix,
    config: Config,
}

impl<O: Operations> Network<O> {
    /// Packs a checkpoint's tensors for a device.
    pub(crate) fn new(
        operations: O,
        tensors: &Tensors,
        config: &Config,
        meter: &Meter,
    ) -> Result<Self, Error> {
        let embedding = tensors.tensor("backbone.embedding.weight")?.clone(); // [V, D]
        let head = if config.tied_head { &embedding } else { tensors.tensor("lm_head.weight")? };
        let blocks = (0..config.layers).map(|layer| {
            meter.check()?;
            Block::new(&operations, tensors, config, layer)
        });
        Ok(Self {
            blocks: blocks.collect::<Result<_, _>>()?,
            norm: operations.vector(tensors.tensor("backbone.norm_f.weight")?)?,
            head: operations.matrix(&Linear { weight: head.clone(), bias: None })?,
            embedding: embedding.to_dtype(operations.dtype())?,
            config: config.clone(),
            operations,
        })
    }

    /// The device.
    pub const fn operations(&self) -> &O {
        &self.operations
    }

    /// Number of layers.
    pub const fn layers(&self) -> usize {
        self.blocks.len()
    }

    /// The embedding matrix, `[V, D]`.
    pub const fn embedding(&self) -> &Tensor {
        &self.embedding
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
        self.blocks[layer].run(&self.operations, residual, pass, tap)
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
        self.blocks[layer].read_out(&self.operations, residual, scan_out, gate, tap, &at)
    }

    /// What a layer kept of the scan at some rows, `[rows, E N]`.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn states(&self, layer: usize, past: &Past<O>, rows: &[usize]) -> Result<O::Rows, Error> {
        self.blocks[layer].states(&self.operations, past, rows)
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
        self.blocks[layer].windows(&self.operations, past, rows, tokens)
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
        self.blocks[layer].past_without(&self.operations, of, ragged, sources, unseen)
    }

    /// Logits of residual rows: final norm and head, `[rows, V]`.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn logits(&self, residual: &O::Rows) -> Result<O::Rows, Error> {
        let normed = self.operations.norm(residual, &self.norm, self.config.epsilon)?;
        self.operations.project(&normed, &self.head)
    }

    /// One whole prompt from its embeddings `[L, D]` to logits `[L, V]`, under a tap.
    ///
    /// # Errors
    /// When an operation or the tap fails.
    pub fn run(&self, embeddings: &Tensor, tap: &mut dyn Tap) -> Result<Tensor, Error> {
        let mut residual = self.operations.upload(embeddings)?;
        let ragged = Ragged::prompts(&[embeddings.dim(0)?]);
        let (operations, config) = (&self.operations, &self.config);
        let at: Vec<usize> = (0..ragged.rows()).collect();
        let end = |tap: &mut dyn Tap, site, rows: &mut O::Rows| {
            let mut end = AtLayer { tap, layer: 0, config };
            let wanted = RowTap::<O>::wants(&end, site);
            if wanted { end.visit(site, operations, rows, &at) } else { Ok(()) }
        };
        end(tap, Site::Embed, &mut residual)?;
        let pass = Pass {
            ragged: &ragged,
            past: None,
            keep: Keep::Nothing,
            reach: Reach::Every,
            stepping: Stepping::Every,
            blind: None,
        };
        for layer in 0..self.layers() {
            tap.begins(layer)?;
            residual = self.block(layer, &residual, &pass, &mut AtLayer { tap, layer, config })?.0;
        }
        let mut normed = operations.norm(&residual, &self.norm, config.epsilon)?;
        end(tap, Site::FinalNorm, &mut normed)?;
        let mut logits = operations.project(&normed, &self.head)?;
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
