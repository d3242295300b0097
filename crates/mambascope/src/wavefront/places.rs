//! What rows of a walk are, in words, for errors that name a row.

use std::ops::Range;

use mambascope_model::{Error as ModelError, Operations, Ragged};

use super::acts::Acts;
use super::base::Base;
use super::group::{Group, Owner};
use super::map::Map;
use super::walk::Walk;
use crate::Error;
use crate::check::Corrupted;

/// An error of a row, with the token and the run that the row is.
pub(super) fn named(error: Error, place: impl FnOnce(usize) -> (usize, String)) -> Error {
    match error {
        Error::Model(ModelError::NotFinite(found)) => {
            let (token, run) = place(found.token);
            ModelError::from(found.at(token, Some(run))).into()
        }
        other => other,
    }
}

impl Walk<'_> {
    /// A base run in words: 0 is the clean one.
    pub(super) fn run(&self, run: usize) -> String {
        match (run.checked_sub(1), &self.plan.corrupted) {
            (None, _) => "the clean run".to_owned(),
            (Some(sample), Corrupted::Noise { .. }) => {
                format!("corrupted sample {}", self.first + sample)
            }
            (Some(_), _) => "the corrupted run".to_owned(),
        }
    }

    /// The token and the run of a base row.
    pub(super) fn of_base<O: Operations>(&self, base: &Base<'_, O>, row: usize) -> (usize, String) {
        let (run, token) = base.place(row);
        (token, self.run(run))
    }

    /// The last token and the run of a row of logits, a row for each base run.
    pub(super) fn of_ends<O: Operations>(&self, base: &Base<'_, O>, run: usize) -> (usize, String) {
        (base.length(run).saturating_sub(1), self.run(run))
    }

    /// A cell of a sample in words.
    pub(super) fn cell(&self, map: &Map<'_>, owner: Owner) -> String {
        let cell = &map.cells[owner.cell];
        let layers = &cell.layers;
        let layers = match layers.len() {
            1 => format!("layer {}", layers.start),
            _ => format!("layers {}..{}", layers.start, layers.end),
        };
        if let Acts::Cuts(cuts) = map.acts {
            let sight = cuts.sight(cell);
            let (from, to) = (tokens(&sight.from), tokens(&sight.to));
            return format!("the knock-out of {from} for {to} in {layers}");
        }
        let sample = match &self.plan.corrupted {
            Corrupted::Noise { .. } => format!(" (sample {})", self.first + owner.sample),
            Corrupted::Other(_) | Corrupted::Nothing => String::new(),
        };
        format!("the run with token {} patched in {layers}{sample}", cell.token)
    }

    /// The token and the cell of a row among spans.
    pub(super) fn of_rows(
        &self,
        map: &Map<'_>,
        owners: &[Owner],
        ragged: &Ragged,
        row: usize,
    ) -> (usize, String) {
        let mut spans = owners.iter().zip(ragged.spans());
        let found = spans.find_map(|(owner, (start, span))| {
            let place = row.checked_sub(start).filter(|place| *place < span.length)?;
            Some((span.token + place, self.cell(map, *owner)))
        });
        found.unwrap_or_else(|| (row, self.run(0)))
    }

    /// The token and the cell of a row of a group.
    pub(super) fn of_group<O: Operations>(
        &self,
        map: &Map<'_>,
        group: &Group<O>,
        row: usize,
    ) -> (usize, String) {
        let (owners, ragged) = group.spans_of();
        self.of_rows(map, owners, ragged, row)
    }
}

/// Tokens in words.
fn tokens(range: &Range<usize>) -> String {
    match range.len() {
        1 => format!("token {}", range.start),
        _ => format!("tokens {}..{}", range.start, range.end),
    }
}
