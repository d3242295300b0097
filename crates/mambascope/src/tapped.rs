//! A trace's own tap: code that makes what is put in place.

use std::fmt;
use std::sync::Arc;

use candle_core::Tensor;
use mambascope_model::{Config, Error as ModelError, Site, Spot, Tap};

use crate::check::Problem;
use crate::fill::Fill;
use crate::trace::Trace;

/// A tap that can be asked from many threads: every value gets a copy of it as it was given.
trait Maker: Send + Sync {
    fn looks(&self, spot: Spot) -> bool;

    fn make(&self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError>;
}

impl<T: Tap + Clone + Send + Sync> Maker for T {
    fn looks(&self, spot: Spot) -> bool {
        self.wants(spot)
    }

    fn make(&self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        self.clone().step(spot, token, now)
    }
}

/// A tap whose type is forgotten.
#[derive(Clone)]
pub(crate) struct Tapped(Arc<dyn Maker>);

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tapped")
    }
}

impl Tapped {
    /// What becomes of rows of a site, each of a token.
    ///
    /// # Shapes
    /// takes and returns `[rows, width]`.
    pub(crate) fn rows(
        &self,
        spot: Spot,
        tokens: &[usize],
        now: &Tensor,
        config: &Config,
    ) -> Result<Tensor, ModelError> {
        if !self.0.looks(spot) {
            return Ok(now.clone());
        }
        let shape = [vec![1], spot.site.token_shape(config)].concat();
        let made = tokens.iter().enumerate().map(|(row, &token)| {
            let before = now.narrow(0, row, 1)?.reshape(shape.as_slice())?;
            let after = self.0.make(spot, token, before)?;
            if after.dims() == shape {
                return Ok(after.reshape((1, now.dim(1)?))?.to_dtype(now.dtype())?);
            }
            let (Spot { site, layer }, found) = (spot, after.dims().to_vec());
            Err(ModelError::TapShape { site, layer, expected: shape.clone(), found })
        });
        Ok(Tensor::cat(&made.collect::<Result<Vec<_>, ModelError>>()?, 0)?)
    }

    /// Whether it looks at any of these places.
    fn looks_at_any(&self, mut spots: impl Iterator<Item = Spot>) -> bool {
        spots.any(|spot| self.0.looks(spot))
    }
}

impl Trace {
    /// Puts in place what a tap makes of each value that is there.
    ///
    /// A plan holds the name alone, so that two plans with the same name are taken for the same. The tap sees one token
    /// of one cell at a time, `[1, ...]`, by [`Tap::step`], of states and of all other sites; that is [`Tap::visit`]
    /// where it has no `step` of its own. Every value gets a fresh copy of the tap, so cells know nothing of each other.
    /// What it does not want stays as it is.
    ///
    /// # Example
    /// ```
    /// use candle_core::Tensor;
    /// use mambascope::model::{self, Spot, Tap};
    /// use mambascope::prelude::*;
    ///
    /// /// Keeps what is positive.
    /// #[derive(Clone)]
    /// struct Positive;
    /// impl Tap for Positive {
    ///     fn wants(&self, _: Spot) -> bool {
    ///         true
    ///     }
    ///     fn visit(&mut self, _: Spot, value: Tensor) -> Result<Tensor, model::Error> {
    ///         Ok(value.relu()?)
    ///     }
    /// }
    ///
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Corruption::Nothing);
    /// let effects = trace.restore(Site::ScanOut).window(1).tap("positive", Positive).run()?;
    /// assert_ne!(effects.score(3, 3), Some(effects.high()));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn tap<T>(&self, name: impl Into<String>, tap: T) -> Self
    where
        T: Tap + Clone + Send + Sync + 'static,
    {
        self.fill(Fill::Tap(name.into())).tapped(Tapped(Arc::new(tap)))
    }
}

/// What is wrong with the tap of a plan, if anything; `sites` and `layers` are those of its grid.
pub(crate) fn problem(
    name: &str,
    tap: Option<&Tapped>,
    sites: &[Site],
    layers: &[usize],
) -> Option<Problem> {
    let Some(tap) = tap else {
        return Some(Problem::new(
            format!("the tap `{name}` is put in place, and a plan holds only its name"),
            format!("give the code: `.tap(\"{name}\", ..)`"),
        ));
    };
    let spots =
        sites.iter().flat_map(|&site| layers.iter().map(move |&layer| Spot { site, layer }));
    let nowhere = !layers.is_empty() && !tap.looks_at_any(spots);
    nowhere.then(|| {
        let sites: Vec<String> = sites.iter().map(ToString::to_string).collect();
        Problem::new(
            format!("the tap `{name}` wants none of the places that are patched"),
            format!(
                "let its `wants` say true for {}, or `.restore(..)` what it wants",
                sites.join(" or ")
            ),
        )
    })
}
