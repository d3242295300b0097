//! The ends of cell rows at the head.

use mambascope_model::{Error as ModelError, Network, Operations};

use super::group::Group;
use super::head::Gauge;
use crate::Error;

/// Groups one after the other, so many rows of ends at least in each batch but the last.
pub(super) fn batches<O: Operations>(groups: &[Group<O>], together: usize) -> Vec<&[Group<O>]> {
    let mut batches = Vec::new();
    let (mut start, mut rows) = (0, 0);
    for (index, group) in groups.iter().enumerate() {
        rows += group.spans();
        if rows >= together || index + 1 == groups.len() {
            batches.push(&groups[start..=index]);
            (start, rows) = (index + 1, 0);
        }
    }
    batches
}

/// What the ends of the spans of some groups say; where logits are written down, so few rows meet the head at a time that
/// they stay in the cache. An error names the row among all ends; `cell` says which one that is.
pub(super) fn read<O: Operations>(
    network: &Network<O>,
    groups: &[Group<O>],
    gauge: &Gauge<'_>,
    cell: &dyn Fn(usize) -> String,
) -> Result<Vec<f64>, Error> {
    let operations = network.operations();
    let rows: Vec<_> = groups.iter().map(|group| group.rows.clone()).collect();
    let rows = operations.stack(&rows)?;
    let all: Vec<usize> = (0..operations.count(&rows)).collect();
    let mut read = Vec::with_capacity(all.len() * gauge.width());
    if gauge.wants_p_alone() {
        for some in all.chunks(operations.rows_together()) {
            let p = network.probability(&operations.gather(&rows, some)?, gauge.answer as usize);
            read.extend(p.map_err(|error| beyond(error, some))?);
        }
        return Ok(read);
    }
    for some in all.chunks(network.rows_at_head()) {
        let logits = network.logits(&operations.gather(&rows, some)?);
        let logits = logits.map_err(|error| beyond(error, some))?;
        read.extend(gauge.read(operations, &logits, |row| cell(some[row]))?);
    }
    Ok(read)
}

/// An error of a row of some, as one of all.
fn beyond(error: ModelError, some: &[usize]) -> ModelError {
    match error {
        ModelError::NotFinite(found) => {
            let row = some.get(found.token).copied().unwrap_or(found.token);
            found.at(row, None).into()
        }
        other => other,
    }
}
