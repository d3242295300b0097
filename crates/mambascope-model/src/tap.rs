//! Taps: code that sees, and may replace, an activation on its way.

use candle_core::Tensor;

use crate::ops::Operations;
use crate::{Error, Site};

/// A place in a run: a site of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Which activation of the block.
    pub site: Site,
    /// Which layer, counted from 0.
    pub layer: usize,
}

/// Code that sees, and may replace, activations while a prompt runs.
///
/// # Shapes
/// An activation is `[L, width]` with `width` as [`Site::width`] says.
///
/// # Example
/// ```
/// use candle_core::Tensor;
/// use mambascope_model::{Error, Model, Site, Spot, Tap};
///
/// /// Switches the gate of one layer off.
/// struct Closed(usize);
/// impl Tap for Closed {
///     fn wants(&self, spot: Spot) -> bool {
///         spot == Spot { site: Site::Gate, layer: self.0 }
///     }
///     fn visit(&mut self, _: Spot, activation: Tensor) -> Result<Tensor, Error> {
///         Ok(activation.zeros_like()?)
///     }
/// }
///
/// let model = Model::tiny();
/// let closed = model.run_with(&[1, 2, 3], &mut Closed(1))?;
/// assert_ne!(closed.to_vec2::<f32>()?, model.logits(&[1, 2, 3])?.to_vec2::<f32>()?);
/// # Ok::<(), Error>(())
/// ```
pub trait Tap {
    /// Whether `visit` is to be called at this spot; a spot that nobody wants costs nothing.
    fn wants(&self, spot: Spot) -> bool;

    /// Sees an activation and returns what the run goes on with, of the same shape.
    ///
    /// # Errors
    /// Whatever goes wrong inside; the run stops with that error.
    fn visit(&mut self, spot: Spot, activation: Tensor) -> Result<Tensor, Error>;
}

/// A tap on packed rows of one layer, on the device.
pub trait RowTap<O: Operations> {
    /// Whether `visit` is to be called at this site.
    fn wants(&self, site: Site) -> bool;

    /// Sees the rows of a site, and may change them.
    ///
    /// # Errors
    /// Whatever goes wrong inside.
    fn visit(&mut self, site: Site, operations: &O, rows: &mut O::Rows) -> Result<(), Error>;
}

/// Nobody looks.
#[derive(Debug, Clone, Copy)]
pub struct Untapped;

impl<O: Operations> RowTap<O> for Untapped {
    fn wants(&self, _: Site) -> bool {
        false
    }

    fn visit(&mut self, _: Site, _: &O, _: &mut O::Rows) -> Result<(), Error> {
        Ok(())
    }
}

/// A tensor tap at one layer.
pub(crate) struct AtLayer<'a> {
    pub(crate) tap: &'a mut dyn Tap,
    pub(crate) layer: usize,
}

impl<O: Operations> RowTap<O> for AtLayer<'_> {
    fn wants(&self, site: Site) -> bool {
        self.tap.wants(Spot { site, layer: self.layer })
    }

    fn visit(&mut self, site: Site, operations: &O, rows: &mut O::Rows) -> Result<(), Error> {
        let before = operations.download(rows)?;
        let shape = before.dims().to_vec();
        let after = self.tap.visit(Spot { site, layer: self.layer }, before)?;
        if after.dims() != shape {
            let found = after.dims().to_vec();
            return Err(Error::TapShape { site, layer: self.layer, expected: shape, found });
        }
        *rows = operations.upload(&after)?;
        Ok(())
    }
}
