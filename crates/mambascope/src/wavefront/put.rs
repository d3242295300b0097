//! What goes over the rows of cells: values of the base rows, whole or in part.

use mambascope_model::{Error as ModelError, Network, Operations, RowTap, Site, Timing};

use super::base::Base;
use super::fill::{Fills, Whose};
use crate::Error;

/// What goes over some rows at one site.
#[derive(Debug)]
pub(super) struct Put<'a> {
    pub(super) site: Site,
    /// When a state is put in place.
    pub(super) timing: Timing,
    /// What is put in place; rows of the base themselves where nothing else is said.
    pub(super) fills: Option<&'a Fills>,
    /// The columns that are replaced; all of them where none are named.
    pub(super) columns: Option<&'a [usize]>,
    /// Each row of the base, and the row of the pack that it goes over, ascending.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Whose value each of the pairs goes over, where something is filled in.
    pub(super) whose: Vec<Whose>,
}

impl<'a> Put<'a> {
    /// A whole site, read as soon as it is in place.
    pub(super) const fn of(
        site: Site,
        fills: Option<&'a Fills>,
        pairs: Vec<(usize, usize)>,
    ) -> Self {
        Self { site, timing: Timing::ReadThrough, fills, columns: None, pairs, whose: Vec::new() }
    }
}

/// A tap that puts rows of the base over rows of a pack, in one layer.
pub(super) struct Putter<'a, O: Operations> {
    network: &'a Network<O>,
    base: &'a Base<'a, O>,
    layer: usize,
    puts: Vec<Put<'a>>,
    /// The base rows behind another layer, where values come from there.
    elsewhere: Option<&'a Behind<'a, O>>,
}

/// Base rows that have gone through a layer and stay there.
pub(super) struct Behind<'a, O: Operations> {
    pub(super) base: Base<'a, O>,
    pub(super) layer: usize,
}

impl<'a, O: Operations> Putter<'a, O> {
    pub(super) fn new(
        network: &'a Network<O>,
        base: &'a Base<'a, O>,
        layer: usize,
        mut puts: Vec<Put<'a>>,
    ) -> Self {
        puts.retain(|put| !put.pairs.is_empty());
        Self { network, base, layer, puts, elsewhere: None }
    }

    /// Takes what comes from another place from behind that layer.
    pub(super) fn elsewhere(self, elsewhere: Option<&'a Behind<'a, O>>) -> Self {
        Self { elsewhere, ..self }
    }

    /// What base rows of a put are: those of this layer, or of the one that the fill names.
    fn given(&self, put: &Put<'_>, rows: &[usize]) -> Result<O::Rows, Error> {
        match (put.fills, self.elsewhere) {
            (Some(Fills::Elsewhere), Some(Behind { base, layer })) => {
                base.at(self.network, *layer, put.site, rows)
            }
            _ => self.base.at(self.network, self.layer, put.site, rows),
        }
    }

    fn put(&self, put: &Put<'_>, rows: &mut O::Rows, at: &[usize]) -> Result<(), Error> {
        let operations = self.network.operations();
        let here = |&(source, target): &(usize, usize)| {
            at.binary_search(&target).ok().map(|place| (source, place))
        };
        let (sources, places): (Vec<usize>, Vec<usize>) = put.pairs.iter().filter_map(here).unzip();
        let whose: Vec<Whose> = put
            .pairs
            .iter()
            .zip(&put.whose)
            .filter_map(|(pair, &whose)| here(pair).map(|_| whose))
            .collect();
        if places.is_empty() {
            return Ok(());
        }
        let other = || self.given(put, &sources);
        let mut values = match put.fills {
            None => other()?,
            Some(fills) => {
                let now = || Ok(operations.gather(rows, &places)?);
                let values = fills.values(operations, (put.site, self.layer), &whose, now, other);
                values.map_err(|error| on_pack(error, |row| at[places[row]]))?
            }
        };
        if let Some(columns) = put.columns {
            let now = operations.gather(rows, &places)?;
            values = blend(operations, &now, &values, columns)?;
        }
        let pairs: Vec<_> = places.into_iter().enumerate().collect();
        Ok(operations.scatter(&values, rows, &pairs)?)
    }
}

/// An error of a row of some, as one of the pack that they are in.
fn on_pack(error: Error, row_of: impl FnOnce(usize) -> usize) -> Error {
    match error {
        Error::Model(ModelError::NotFinite(found)) => {
            let row = row_of(found.token);
            ModelError::from(found.at(row, None)).into()
        }
        other => other,
    }
}

/// The rows of `now` with some columns of `then`.
fn blend<O: Operations>(
    operations: &O,
    now: &O::Rows,
    then: &O::Rows,
    columns: &[usize],
) -> Result<O::Rows, Error> {
    let (now, then) = (operations.download(now)?, operations.download(then)?);
    let mut chosen = vec![0_u8; now.dim(1)?];
    for &column in columns {
        chosen[column] = 1;
    }
    let chosen = candle_core::Tensor::new(chosen, now.device())?.broadcast_as(now.shape())?;
    Ok(operations.upload(&chosen.where_cond(&then, &now)?)?)
}

impl<O: Operations> RowTap<O> for Putter<'_, O> {
    fn wants(&self, site: Site) -> bool {
        self.puts.iter().any(|put| put.site == site)
    }

    fn timing(&self, site: Site) -> Timing {
        let put = self.puts.iter().find(|put| put.site == site);
        put.map_or(Timing::ReadThrough, |put| put.timing)
    }

    fn visit(
        &mut self,
        site: Site,
        _: &O,
        rows: &mut O::Rows,
        at: &[usize],
    ) -> Result<(), ModelError> {
        for put in self.puts.iter().filter(|put| put.site == site) {
            self.put(put, rows, at).map_err(|error| match error {
                Error::Model(error) => error,
                other => ModelError::Tap { source: Box::new(other) },
            })?;
        }
        Ok(())
    }
}
