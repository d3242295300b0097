//! What is put in place where it is not the other run's: prepared before the walk, by site and layer.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use mambascope_model::{Model, Operations, Site, Spot};

use crate::Error;
use crate::check::{Resolved, prompt_ids};
use crate::fill::Fill;
use crate::plan::Prompt;
use crate::random::RandomState;

/// What is put in place, ready to be put.
#[derive(Debug, Clone)]
pub(crate) enum Fills {
    /// What the other run has.
    OtherRun,
    /// What is there, times a number.
    Scaled(f64),
    /// One row for each site and layer, added to what is there.
    Added(BTreeMap<(Site, usize), Vec<f64>>),
    /// One row for each site and layer.
    Rows(BTreeMap<(Site, usize), Vec<f64>>),
}

/// Makes ready what a plan puts in place.
pub(crate) fn prepare(model: &Model, plan: &Resolved) -> Result<Fills, Error> {
    let Some(grid) = &plan.grid else { return Ok(Fills::OtherRun) };
    let config = model.config();
    let rows = |row: &dyn Fn(usize) -> Vec<f64>| {
        let spots = grid.sites().into_iter().flat_map(|site| {
            (0..site.layers(config)).map(move |layer| ((site, layer), site.width(config)))
        });
        spots.map(|(spot, width)| (spot, row(width))).collect()
    };
    let draws = |deviation: f64, seed: u32| {
        move |width: usize| -> Vec<f64> {
            let normals = RandomState::new(seed).normals(width);
            normals.into_iter().map(|draw| draw * deviation).collect()
        }
    };
    Ok(match &grid.fill {
        Fill::OtherRun => Fills::OtherRun,
        Fill::Scaled(factor) => Fills::Scaled(*factor),
        Fill::Zero => Fills::Rows(rows(&|width| vec![0.0; width])),
        Fill::Constant(values) => Fills::Rows(rows(&|_| values.clone())),
        Fill::Noised { deviation, seed } => Fills::Added(rows(&draws(*deviation, *seed))),
        Fill::Noise { deviation, seed } => Fills::Rows(rows(&draws(*deviation, *seed))),
        Fill::Mean(prompts) => Fills::Rows(means(model, &grid.sites(), prompts)?),
    })
}

/// The mean of each site and layer over all tokens of some prompts.
pub(crate) fn means(
    model: &Model,
    sites: &[Site],
    prompts: &[Prompt],
) -> Result<BTreeMap<(Site, usize), Vec<f64>>, Error> {
    let config = model.config();
    let spots: Vec<Spot> = sites
        .iter()
        .flat_map(|&site| (0..site.layers(config)).map(move |layer| Spot { site, layer }))
        .collect();
    let mut sums: BTreeMap<(Site, usize), Vec<f64>> = BTreeMap::new();
    let mut tokens = 0;
    for prompt in prompts {
        let ids = prompt_ids(model, prompt)?;
        tokens += ids.len();
        for (Spot { site, layer }, tensor) in model.activations(&ids, &spots)?.iter() {
            let sum = sums.entry((site, layer)).or_insert_with(|| vec![0.0; site.width(config)]);
            let rows: Vec<f64> = tensor.to_dtype(DType::F64)?.sum(0)?.flatten_all()?.to_vec1()?;
            sum.iter_mut().zip(rows).for_each(|(sum, row)| *sum += row);
        }
    }
    sums.values_mut().flatten().for_each(|sum| *sum /= tokens as f64);
    Ok(sums)
}

impl Fills {
    /// What goes over rows `now` of a site, where the other run has `other` there.
    pub(super) fn values<O: Operations>(
        &self,
        operations: &O,
        spot: (Site, usize),
        now: impl FnOnce() -> Result<O::Rows, Error>,
        other: impl FnOnce() -> Result<O::Rows, Error>,
    ) -> Result<O::Rows, Error> {
        let (rows, added) = match self {
            Self::OtherRun => return other(),
            Self::Scaled(factor) => {
                let scaled = (operations.download(&now()?)?.to_dtype(DType::F64)? * *factor)?;
                return Ok(operations.upload(&scaled)?);
            }
            Self::Added(rows) => (rows, true),
            Self::Rows(rows) => (rows, false),
        };
        let now = operations.download(&now()?)?.to_dtype(DType::F64)?;
        let row = rows.get(&spot).ok_or(Error::NotKept { site: spot.0, layer: spot.1 })?;
        let row = Tensor::from_slice(row, (1, row.len()), now.device())?;
        let values = if added { now.broadcast_add(&row)? } else { row.broadcast_as(now.shape())? };
        Ok(operations.upload(&values.contiguous()?)?)
    }
}
