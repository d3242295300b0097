//! The last block of channels where the model does not fill it: run as a block of its own, filled up with zeros.

use super::super::vector::{LANES, Unit};
use super::{Channels, whole_on};
use crate::ops::Selection;
use crate::packed::Packed;

/// Runs the last block where it is not whole, and leaves those before it.
pub(super) fn recur_last(unit: Unit, channels: &mut Channels<'_, '_>) {
    let there = channels.x.columns() - channels.first;
    let Some(last) = channels.direct.len().checked_sub(1) else { return };
    let Some(width) = there.checked_sub(last * LANES).filter(|&width| width < LANES) else {
        return;
    };
    let size = channels.a.len() / channels.direct.len();
    let (rows, from) = (channels.rows.clone(), channels.first + last * LANES);
    let filled = |rows_of: &Packed<f32>| {
        let mut filled = Packed::zeros(rows.len(), LANES);
        for (target, row) in rows.clone().enumerate() {
            filled.row_mut(target)[..width].copy_from_slice(&rows_of.row(row)[from..from + width]);
        }
        filled
    };
    let these = |whole: &Packed<f32>| {
        let values = rows.clone().flat_map(|row| whole.row(row).iter().copied()).collect();
        Packed::new(values, whole.columns())
    };
    let Selection { delta, b, c } = *channels.selection;
    let (x, delta, b, c) = (filled(channels.x), filled(delta), these(b), these(c));
    let mut out = Packed::<f32>::zeros(rows.len(), LANES);
    let kept = channels.keep.iter_mut().map(|row| &mut row[last * size * LANES..]);
    whole_on(
        unit,
        Channels {
            a: &channels.a[last * size..],
            direct: &channels.direct[last..],
            before: channels.before.map(|before| &before[last * size..]),
            x: &x,
            selection: &Selection { delta: &delta, b: &b, c: &c },
            rows: 0..rows.len(),
            first: 0,
            out: &mut out.values_mut().chunks_exact_mut(LANES).collect::<Vec<_>>(),
            keep: &mut kept.collect::<Vec<_>>(),
        },
    );
    for (row, filled) in channels.out.iter_mut().zip(out.values().chunks_exact(LANES)) {
        row[last * LANES..].copy_from_slice(&filled[..width]);
    }
    channels.a = &channels.a[..last * size];
    channels.direct = &channels.direct[..last];
}
