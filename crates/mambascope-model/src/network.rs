//! A model's weights on a device, and the walk from embeddings to logits.

use candle_core::Tensor;

use crate::block::{Pass, Past, Reach};
use crate::mamba1::Block;
use crate::ops::{Keep, Linear, Operations};
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
    epsilon: f64,
}

impl<O: Operations> Network<O> {
    /// Packs a checkpoint's tensors for a device.
    pub(crate) fn new(operations: O, tensors: &Tensors, config: &Config) -> Result<Self, Error> {
        let embedding = tensors.tensor("backbone.embedding.weight")?.clone(); // [V, D]
        let head = if config.tied_head { &embedding } else { tensors.tensor("lm_head.weight")? };
        let blocks =
            (0..config.layers).map(|layer| Block::new(&operations, tensors, config, layer));
        Ok(Self {
            blocks: blocks.collect::<Result<_, _>>()?,
            norm: operations.vector(tensors.tensor("backbone.norm_f.weight")?)?,
            head: operations.matrix(&Linear { weight: head.clone(), bias: None })?,
            embedding: embedding.to_dtype(operations.dtype())?,
            epsilon: config.epsilon,
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
        self.blocks[layer].read_out(&self.operations, residual, scan_out, gate, tap)
    }

    /// Logits of residual rows: final norm and head, `[rows, V]`.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn logits(&self, residual: &O::Rows) -> Result<O::Rows, Error> {
        let normed = self.operations.norm(residual, &self.norm, self.epsilon)?;
        self.operations.project(&normed, &self.head)
    }

    /// One whole prompt from its embeddings `[L, D]` to logits `[L, V]`, under a tap.
    ///
    /// # Errors
    /// When an operation or the tap fails.
    pub fn run(&self, embeddings: &Tensor, tap: &mut dyn Tap) -> Result<Tensor, Error> {
        let mut residual = self.operations.upload(embeddings)?;
        let ragged = Ragged::prompts(&[embeddings.dim(0)?]);
        let mut first = AtLayer { tap, layer: 0 };
        if RowTap::<O>::wants(&first, Site::Embed) {
            first.visit(Site::Embed, &self.operations, &mut residual)?;
        }
        let pass = Pass { ragged: &ragged, past: None, keep: Keep::Nothing, reach: Reach::Every };
        for layer in 0..self.layers() {
            residual = self.block(layer, &residual, &pass, &mut AtLayer { tap, layer })?.0;
        }
        self.operations.download(&self.logits(&residual)?)
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
