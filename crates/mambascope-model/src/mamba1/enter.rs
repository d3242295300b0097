//! The way into a block: norm and input projections, of the rows for which a past does not have them.

use super::{Block, Seer};
use crate::block::Known;
use crate::ops::{Normed, Operations};
use crate::{Error, NotFinite, Site, Spot};

/// Rows between the norm and the input projections.
pub(super) struct Entering<'a, O: Operations> {
    /// The rows that are to be projected, ascending.
    fresh: Vec<usize>,
    /// The normed residual stream of those.
    normed: O::Rows,
    /// Where the others are.
    known: Option<Known<'a, O>>,
}

impl<O: Operations> Block<O> {
    /// Norms the rows that are not known.
    pub(super) fn enter<'a>(
        &self,
        operations: &O,
        residual: &O::Rows,
        known: Option<Known<'a, O>>,
        see: &mut Seer<'_, O>,
    ) -> Result<Entering<'a, O>, Error> {
        let all = operations.count(residual);
        let Some(known) = known else {
            let normed = operations.norm(residual, &self.norm, self.epsilon)?;
            let mut normed = self.sound(operations, residual, normed)?; // [rows, D]
            see.every(Site::NormOut, &mut normed)?;
            return Ok(Entering { fresh: (0..all).collect(), normed, known: None });
        };
        let fresh: Vec<usize> = (0..all).filter(|&row| known.rows[row].is_none()).collect();
        let rows = operations.gather(residual, &fresh)?;
        let Normed { rows: normed, unsound } = operations.norm(&rows, &self.norm, self.epsilon)?;
        let unsound = unsound.map(|row| fresh[row]);
        let normed = self.sound(operations, residual, Normed { rows: normed, unsound })?;
        Ok(Entering { fresh, normed, known: Some(known) })
    }

    /// Normed rows, or an error that names the residual stream before them, which the layer below made.
    fn sound(
        &self,
        operations: &O,
        residual: &O::Rows,
        Normed { rows, unsound }: Normed<O::Rows>,
    ) -> Result<O::Rows, Error> {
        let Some(row) = unsound else { return Ok(rows) };
        let spot = match self.layer.checked_sub(1) {
            Some(layer) => Spot { site: Site::Resid, layer },
            None => Spot { site: Site::Embed, layer: 0 },
        };
        Err(NotFinite::of(operations, residual, row, spot)?.into())
    }
}

impl<O: Operations> Entering<'_, O> {
    /// The convolution's inputs of all rows.
    pub(super) fn inputs(&self, operations: &O, matrix: &O::Matrix) -> Result<O::Rows, Error> {
        let Some(known) = &self.known else { return operations.project(&self.normed, matrix) };
        let lead = known.past.lead;
        let all: Vec<usize> = (0..known.rows.len()).collect();
        self.projected(operations, matrix, (known, &known.past.inputs, lead), &all)
    }

    /// The gate before its curve, of some rows.
    pub(super) fn gates(
        &self,
        operations: &O,
        matrix: &O::Matrix,
        at: &[usize],
    ) -> Result<O::Rows, Error> {
        match &self.known {
            None if at.len() == self.fresh.len() => operations.project(&self.normed, matrix),
            None => operations.project(&operations.gather(&self.normed, at)?, matrix),
            Some(known) => self.projected(operations, matrix, (known, known.gates, 0), at),
        }
    }

    /// Some rows: those that are known from a matrix of the past, whose first row is number `lead`, the others projected.
    fn projected(
        &self,
        operations: &O,
        matrix: &O::Matrix,
        (known, past, lead): (&Known<'_, O>, &O::Rows, usize),
        at: &[usize],
    ) -> Result<O::Rows, Error> {
        let sources: Vec<usize> =
            at.iter().map(|&row| known.rows[row].unwrap_or(0) + lead).collect();
        let mut rows = operations.gather(past, &sources)?;
        let fresh = at
            .iter()
            .enumerate()
            .filter_map(|(place, row)| Some((self.fresh.binary_search(row).ok()?, place)));
        let (normed, places): (Vec<usize>, Vec<usize>) = fresh.unzip();
        if !places.is_empty() {
            let projected =
                operations.project(&operations.gather(&self.normed, &normed)?, matrix)?;
            let pairs: Vec<_> = places.into_iter().enumerate().collect();
            operations.scatter(&projected, &mut rows, &pairs)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use crate::block::{Pass, Reach};
    use crate::model::Program;
    use crate::network::Network;
    use crate::ops::{Keep, Operations};
    use crate::tap::Untapped;
    use crate::{Compute, Config, Error, Model, Ragged, Span};

    /// Rows that set out from a base run as they are, but for the first of each span, with and without saying so.
    struct Known(Reach);

    impl Program for Known {
        type Output = Result<[Vec<f64>; 2], Error>;

        fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
            let operations = network.operations();
            let base = network.embed(&[3, 1, 4, 1, 5, 9, 2])?;
            let prompts = Ragged::prompts(&[4, 3]);
            let pass = Pass { keep: Keep::States, ..Pass::over(&prompts) };
            let (_, past) = network.block(0, &base, &pass, &mut Untapped)?;
            let sources = [1, 2, 3, 4, 5, 6];
            let changed = operations.gather(&base, &[6, 2, 3, 0, 5, 6])?;
            let spans = Ragged::new(vec![
                Span { length: 3, token: 1, past: Some(0) },
                Span { length: 3, token: 0, past: None },
            ]);
            let known: Vec<Option<usize>> = sources
                .into_iter()
                .enumerate()
                .map(|(row, source)| (row != 0 && row != 3).then_some(source))
                .collect();
            let run = |known: &[Option<usize>]| -> Result<Vec<f64>, Error> {
                let past = past.as_ref();
                let pass = Pass { past, reach: self.0, known, ..Pass::over(&spans) };
                let fresh = if known.is_empty() { 6 } else { 2 };
                assert_eq!(pass.projected(&Untapped).inputs, fresh);
                let rows = network.block(0, &changed, &pass, &mut Untapped)?.0;
                let rows = operations.download(&rows)?.to_dtype(candle_core::DType::F64)?;
                Ok(rows.flatten_all()?.to_vec1()?)
            };
            Ok([run(&[])?, run(&known)?])
        }
    }

    #[test]
    fn what_is_known_already_changes_no_bit() -> Result<(), Error> {
        for projection_bias in [false, true] {
            let model = Model::random(&Config { projection_bias, ..Config::tiny() }, 5)?;
            for compute in [Compute::Fast, Compute::Reference64] {
                for reach in [Reach::Every, Reach::Last] {
                    let [anew, known] = model.computed(compute)?.with_network(Known(reach))?;
                    assert_eq!(anew, known, "{compute:?}, {reach:?}");
                }
            }
        }
        Ok(())
    }
}
