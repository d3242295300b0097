//! What is put in place where it is not the other run's: prepared before the walk, by site and layer.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use mambascope_model::{
    Config, Error as ModelError, Model, NotFinite, Operations, Origin, Site, Spot,
};

use super::mean;
use crate::Error;
use crate::check::{Filling, Resolved};
use crate::fill::Fill;
use crate::random::RandomState;
use crate::tapped::Tapped;
use crate::watch::Watch;

/// What is put in place, ready to be put.
#[derive(Debug, Clone)]
pub(crate) enum Fills {
    /// What the other run has.
    OtherRun,
    /// What another place of a run has.
    Elsewhere,
    /// What a tap makes of what is there.
    Tapped(Tapped, Box<Config>),
    /// What is there, times a number.
    Scaled(f64),
    /// Gaussian draws, those of each sample, site, layer and token its own.
    Drawn(Draws),
    /// One row for each site and layer.
    Rows(BTreeMap<(Site, usize), Vec<f64>>),
}

/// Whose value something goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    /// Number of the sample, counted over all that are drawn.
    pub(crate) sample: usize,
    pub(crate) token: usize,
}

/// Gaussian draws that depend on their place alone: the same whatever else is asked for, and in whatever order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    deviation: f64,
    seed: u32,
    /// Whether they are added to what is there, or put in its place.
    is_added: bool,
}

impl Draws {
    /// The draws of a place: `deviation * RandomState([seed, sample, layer, token, *site]).randn(width)`, where `site` are
    /// the bytes of the site's name.
    pub(crate) fn of(self, (site, layer): (Site, usize), whose: Whose, width: usize) -> Vec<f64> {
        let Whose { sample, token } = whose;
        let mut words = vec![self.seed, sample as u32, layer as u32, token as u32];
        words.extend(site.name().bytes().map(u32::from));
        let normals = RandomState::of_words(&words).normals(width);
        normals.into_iter().map(|draw| draw * self.deviation).collect()
    }

    /// What becomes of rows `now` of a site.
    pub(crate) fn over(
        self,
        spot: (Site, usize),
        whose: &[Whose],
        now: &Tensor,
    ) -> Result<Tensor, Error> {
        let (count, width) = now.dims2()?;
        let draws: Vec<f64> = whose.iter().flat_map(|&whose| self.of(spot, whose, width)).collect();
        let draws = Tensor::from_vec(draws, (count, width), now.device())?;
        Ok(if self.is_added { (now + draws)? } else { draws })
    }
}

/// Makes ready what a plan puts in place.
///
/// # Errors
/// When the prompts of a mean cannot be run, or the watcher stops them.
pub(crate) fn prepare(model: &Model, plan: &Resolved, watch: &dyn Watch) -> Result<Fills, Error> {
    let Some(grid) = &plan.grid else { return Ok(Fills::OtherRun) };
    let config = model.config();
    let fill = match &grid.filling {
        Filling::Plain(fill) => fill,
        Filling::Elsewhere(_) => return Ok(Fills::Elsewhere),
        Filling::Tap(tap) => return Ok(Fills::Tapped(tap.clone(), Box::new(config.clone()))),
        Filling::Mean(file, count) => {
            let spots = mean::spots(grid, config);
            return Ok(Fills::Rows(mean::over_file(
                model,
                &spots,
                (file, *count),
                plan.bos,
                watch,
            )?));
        }
    };
    let rows = |row: &dyn Fn(usize) -> Vec<f64>| {
        let spots = grid.sites().into_iter().flat_map(|site| {
            (0..site.layers(config)).map(move |layer| ((site, layer), site.width(config)))
        });
        spots.map(|(spot, width)| (spot, row(width))).collect()
    };
    Ok(match fill {
        Fill::Scaled(factor) => Fills::Scaled(*factor),
        Fill::Zero => Fills::Rows(rows(&|width| vec![0.0; width])),
        Fill::Constant(values) => Fills::Rows(rows(&|_| values.clone())),
        &Fill::Noised { deviation, seed } => {
            Fills::Drawn(Draws { deviation, seed, is_added: true })
        }
        &Fill::Noise { deviation, seed } => {
            Fills::Drawn(Draws { deviation, seed, is_added: false })
        }
        Fill::Mean(prompts) => {
            let spots = mean::spots(grid, config);
            Fills::Rows(mean::means(model, &spots, (prompts, plan.bos), watch)?)
        }
        // The others have come as fillings of their own.
        Fill::OtherRun | Fill::MeanOver(_) | Fill::Elsewhere(_) | Fill::Tap(_) => Fills::OtherRun,
    })
}

impl Fills {
    /// What goes over rows `now` of a site, each of a sample's token, where the other run or place has `other`.
    ///
    /// # Errors
    /// When an operation fails, or what goes there is not finite; that error's token is the number of the row.
    pub(super) fn values<O: Operations>(
        &self,
        operations: &O,
        spot: (Site, usize),
        whose: &[Whose],
        now: impl FnOnce() -> Result<O::Rows, Error>,
        other: impl FnOnce() -> Result<O::Rows, Error>,
    ) -> Result<O::Rows, Error> {
        if matches!(self, Self::OtherRun | Self::Elsewhere) {
            return other();
        }
        let (site, layer) = spot;
        let not_finite = |rows: &O::Rows, row: usize, origin: Origin| -> Error {
            match NotFinite::of(operations, rows, row, Spot { site, layer }) {
                Ok(found) => ModelError::from(found.from(origin)).into(),
                Err(error) => error.into(),
            }
        };
        let now = now()?;
        if let Some(row) = operations.unsound(&now) {
            return Err(not_finite(&now, row, Origin::Model));
        }
        let made = self.made(operations, spot, whose, &now)?;
        let rows = operations.upload(&made.contiguous()?)?;
        match operations.unsound(&rows) {
            Some(row) => Err(not_finite(&rows, row, self.origin())),
            None => Ok(rows),
        }
    }

    /// Where numbers come from.
    const fn origin(&self) -> Origin {
        if matches!(self, Self::Tapped(..)) { Origin::Tap } else { Origin::Fill }
    }

    /// What is made of rows `now` of a site, in whatever arithmetic.
    fn made<O: Operations>(
        &self,
        operations: &O,
        spot: (Site, usize),
        whose: &[Whose],
        now: &O::Rows,
    ) -> Result<Tensor, Error> {
        let now = operations.download(now)?;
        let rows = match self {
            Self::OtherRun | Self::Elsewhere => return Ok(now),
            Self::Tapped(tap, config) => {
                let spot = Spot { site: spot.0, layer: spot.1 };
                let tokens: Vec<usize> = whose.iter().map(|whose| whose.token).collect();
                return Ok(tap.rows(spot, &tokens, &now, config)?);
            }
            Self::Scaled(factor) => return Ok((now.to_dtype(DType::F64)? * *factor)?),
            Self::Drawn(draws) => return draws.over(spot, whose, &now.to_dtype(DType::F64)?),
            Self::Rows(rows) => rows,
        };
        let now = now.to_dtype(DType::F64)?;
        let row = rows.get(&spot).ok_or(Error::NotKept { site: spot.0, layer: spot.1 })?;
        let row = Tensor::from_slice(row, (1, row.len()), now.device())?;
        Ok(row.broadcast_as(now.shape())?)
    }
}
