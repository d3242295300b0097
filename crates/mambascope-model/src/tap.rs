//! Taps: code that sees, and may replace, an activation on its way.

use candle_core::Tensor;

use crate::ops::Operations;
use crate::site::Timing;
use crate::{Config, Error, NotFinite, Origin, Site};

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
/// An activation is `[L, ...]`, each token as [`Site::token_shape`] says. `State` and `ConvState` come token by token,
/// `[1, ...]`, since what replaces one decides the next.
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
    /// Whatever goes wrong inside; the run stops with that error. It also stops with [`Error::NotFinite`] where a number of
    /// what is returned is NaN or infinite.
    fn visit(&mut self, spot: Spot, activation: Tensor) -> Result<Tensor, Error>;

    /// Hears that the run is at a spot, wanted or not; an error ends the run.
    ///
    /// # Errors
    /// Where the run is not to go on.
    fn reaches(&mut self, spot: Spot) -> Result<(), Error> {
        let _ = spot;
        Ok(())
    }

    /// Sees `State` or `ConvState` of one token, `[1, ...]`, and returns what the run goes on with.
    ///
    /// # Errors
    /// As [`Tap::visit`], which is called where this is not written.
    fn step(&mut self, spot: Spot, token: usize, activation: Tensor) -> Result<Tensor, Error> {
        let _ = token;
        self.visit(spot, activation)
    }

    /// When a replaced `State` or `ConvState` is read.
    fn timing(&self, spot: Spot) -> Timing {
        let _ = spot;
        Timing::ReadThrough
    }
}

/// A tap on packed rows of one layer, on the device.
pub trait RowTap<O: Operations> {
    /// Whether `visit` is to be called at this site.
    fn wants(&self, site: Site) -> bool;

    /// Sees some rows of a site, and may change them; `at` are their places in the pack, ascending.
    ///
    /// # Errors
    /// Whatever goes wrong inside.
    fn visit(
        &mut self,
        site: Site,
        operations: &O,
        rows: &mut O::Rows,
        at: &[usize],
    ) -> Result<(), Error>;

    /// Hears that the rows are at a site, wanted or not; an error ends the run.
    ///
    /// # Errors
    /// Where the run is not to go on.
    fn reaches(&mut self, site: Site) -> Result<(), Error> {
        let _ = site;
        Ok(())
    }

    /// When a replaced `State` or `ConvState` is read.
    fn timing(&self, site: Site) -> Timing {
        let _ = site;
        Timing::ReadThrough
    }

    /// Whether it changes nothing: rows then go on with the bits that they have where nobody looks.
    fn only_looks(&self) -> bool {
        false
    }
}

/// Nobody looks.
#[derive(Debug, Clone, Copy)]
pub struct Untapped;

impl<O: Operations> RowTap<O> for Untapped {
    fn wants(&self, _: Site) -> bool {
        false
    }

    fn visit(&mut self, _: Site, _: &O, _: &mut O::Rows, _: &[usize]) -> Result<(), Error> {
        Ok(())
    }
}

/// A tensor tap at one layer of a run of one prompt.
pub(crate) struct AtLayer<'a> {
    pub(crate) tap: &'a mut dyn Tap,
    pub(crate) layer: usize,
    pub(crate) config: &'a Config,
}

impl<O: Operations> RowTap<O> for AtLayer<'_> {
    fn wants(&self, site: Site) -> bool {
        self.tap.wants(Spot { site, layer: self.layer })
    }

    fn reaches(&mut self, site: Site) -> Result<(), Error> {
        self.tap.reaches(Spot { site, layer: self.layer })
    }

    fn timing(&self, site: Site) -> Timing {
        self.tap.timing(Spot { site, layer: self.layer })
    }

    fn visit(
        &mut self,
        site: Site,
        operations: &O,
        rows: &mut O::Rows,
        at: &[usize],
    ) -> Result<(), Error> {
        let spot = Spot { site, layer: self.layer };
        if let Some(row) = operations.unsound(rows) {
            return Err(NotFinite::of(operations, rows, row, spot)?.at(at[row], None).into());
        }
        let flat = operations.download(rows)?;
        let (count, width) = flat.dims2()?;
        let shape = [vec![count], site.token_shape(self.config)].concat();
        let before = flat.reshape(shape.as_slice())?;
        let after = match (site, at) {
            (Site::State | Site::ConvState, &[token]) => self.tap.step(spot, token, before)?,
            _ => self.tap.visit(spot, before)?,
        };
        if after.dims() != shape {
            let found = after.dims().to_vec();
            return Err(Error::TapShape { site, layer: self.layer, expected: shape, found });
        }
        *rows = operations.upload(&after.reshape((count, width))?)?;
        if let Some(row) = operations.unsound(rows) {
            let found = NotFinite::of(operations, rows, row, spot)?.from(Origin::Tap);
            return Err(found.at(at[row], None).into());
        }
        Ok(())
    }
}
