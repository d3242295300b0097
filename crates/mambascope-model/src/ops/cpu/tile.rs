//! Tiles of a product that stay in registers: some rows by some panels of weights.
//!
//! The number of accumulators is chosen for the vector unit found at run time: 28 of AVX-512's 32 registers, 12 of
//! AVX2's 16. Few rows are met by more panels, so that enough independent sums are under way to hide the latency of a
//! multiply-add.

mod sums;

use self::sums::{Chain, tile};
use super::vector::{LANES, Unit};

/// Tiles of rows from which on the next panels are asked for beside them; fewer are over before enough could be.
const SEVERAL: usize = 4;

/// Rows of the tallest tile on this processor.
pub(super) fn rows_a_tile() -> usize {
    match Unit::found() {
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512(_) => 14,
        _ => 6,
    }
}

/// Writes `x W^T` for some panels of weights into the rows of `out`, as wide as the panels or narrower at their end.
pub(super) fn multiply(panels: &[[f32; LANES]], inputs: usize, x: &[f32], out: &mut [&mut [f32]]) {
    multiply_on(Unit::found(), panels, inputs, x, out);
}

/// The same on one of the vector units that the processor has.
pub(super) fn multiply_on(
    unit: Unit,
    panels: &[[f32; LANES]],
    inputs: usize,
    x: &[f32],
    out: &mut [&mut [f32]],
) {
    let (Some(row), 1..) = (out.first(), inputs) else { return };
    let (panels, narrow) = panels.split_at(row.len() / LANES * inputs);
    whole(unit, panels, inputs, x, out);
    if !narrow.is_empty() {
        // Wider than what is left of a row: written elsewhere, and as much of it copied as there is room for.
        let mut lines = vec![[0.0; LANES]; out.len()];
        let mut rows: Vec<_> = lines.iter_mut().map(|line| &mut line[..]).collect();
        whole(unit, narrow, inputs, x, &mut rows);
        for (row, line) in out.iter_mut().zip(&lines) {
            let (_, narrow) = row.as_chunks_mut::<LANES>();
            narrow.copy_from_slice(&line[..narrow.len()]);
        }
    }
}

/// The same where the rows of `out` are as wide as the panels.
fn whole(unit: Unit, panels: &[[f32; LANES]], inputs: usize, x: &[f32], out: &mut [&mut [f32]]) {
    let product = Product { panels, inputs, x, out };
    match unit {
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512(unit) => unit.vectorize(OnAvx512(unit, product)),
        #[cfg(target_arch = "x86_64")]
        Unit::Avx2(unit) => unit.vectorize(OnAvx2(unit, product)),
        #[cfg(target_arch = "aarch64")]
        Unit::Neon(unit) => product.on_neon(unit),
        Unit::Plain => product.tiles::<_, 2, 1, LANES>(pulp::Scalar),
    }
}

struct Product<'a, 'b> {
    panels: &'a [[f32; LANES]],
    inputs: usize,
    x: &'a [f32],
    out: &'a mut [&'b mut [f32]],
}

#[cfg(target_arch = "x86_64")]
struct OnAvx512<'a, 'b>(pulp::x86::V4, Product<'a, 'b>);

#[cfg(target_arch = "x86_64")]
impl pulp::NullaryFnOnce for OnAvx512<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self(unit, product) = self;
        match product.out.len() {
            1 => product.tiles::<_, 1, 4, 1>(unit),
            2 => product.tiles::<_, 2, 8, 1>(unit),
            3..=4 => product.tiles::<_, 4, 6, 1>(unit),
            5..=6 => product.tiles::<_, 6, 4, 1>(unit),
            _ => product.tiles::<_, 14, 2, 1>(unit),
        }
    }
}

#[cfg(target_arch = "x86_64")]
struct OnAvx2<'a, 'b>(pulp::x86::V3, Product<'a, 'b>);

#[cfg(target_arch = "x86_64")]
impl pulp::NullaryFnOnce for OnAvx2<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self(unit, product) = self;
        match product.out.len() {
            1 => product.tiles::<_, 1, 4, 2>(unit),
            2 => product.tiles::<_, 2, 3, 2>(unit),
            3 => product.tiles::<_, 3, 2, 2>(unit),
            _ => product.tiles::<_, 6, 1, 2>(unit),
        }
    }
}

#[cfg(target_arch = "aarch64")]
impl Product<'_, '_> {
    fn on_neon(self, unit: pulp::aarch64::Neon) {
        match self.out.len() {
            1 => self.tiles::<_, 1, 4, 4>(unit),
            _ => self.tiles::<_, 6, 1, 4>(unit),
        }
    }
}

/// Calls a tile of the number of rows that are left, up to the tallest.
macro_rules! of_rows {
    ($rows:expr, $($count:literal)+, <$S:ty, $panels:tt, $vectors:tt>$arguments:tt) => {
        match $rows {
            $($count if $count < ROWS => tile::<$S, $count, $panels, $vectors>$arguments,)+
            _ => tile::<$S, ROWS, $panels, $vectors>$arguments,
        }
    };
}

impl Product<'_, '_> {
    /// Tiles of at most `ROWS` rows by `PANELS` panels, each panel `VECTORS` registers wide. While some panels meet their
    /// rows, the next ones are asked for.
    #[inline(always)]
    fn tiles<S: Chain, const ROWS: usize, const PANELS: usize, const VECTORS: usize>(
        self,
        unit: S,
    ) {
        let inputs = self.inputs;
        let (weights, _) = S::as_simd_f32s(self.panels.as_flattened()).0.as_chunks::<VECTORS>();
        let rows = self.out.len();
        let tiles = rows.div_ceil(ROWS);
        let mut column = 0;
        let groups = weights.chunks_exact(inputs * PANELS);
        let rest = groups.remainder();
        for (number, group) in groups.enumerate() {
            let panels: [&[[S::f32s; VECTORS]]; PANELS] =
                std::array::from_fn(|panel| &group[panel * inputs..][..inputs]);
            let behind = &weights[(number + 1) * inputs * PANELS..];
            let next = &behind[..behind.len().min(inputs * PANELS)];
            for index in 0..tiles {
                let part = if tiles >= SEVERAL {
                    &next[index * next.len() / tiles..(index + 1) * next.len() / tiles]
                } else {
                    &[]
                };
                let (first, end) = (index * rows / tiles, (index + 1) * rows / tiles);
                let (x, out) = (&self.x[first * inputs..end * inputs], &mut self.out[first..end]);
                of_rows!(end - first, 1 2 3 4 5 6 7 8 9 10 11 12 13, <S, PANELS, VECTORS>(unit, &panels, part, x, out, column));
            }
            column += PANELS * LANES;
        }
        for panel in rest.chunks_exact(inputs) {
            for index in 0..tiles {
                let (first, end) = (index * rows / tiles, (index + 1) * rows / tiles);
                let (x, out) = (&self.x[first * inputs..end * inputs], &mut self.out[first..end]);
                of_rows!(end - first, 1 2 3 4 5 6 7 8 9 10 11 12 13, <S, 1, VECTORS>(unit, &[panel], &[], x, out, column));
            }
            column += LANES;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every size between -1 and 1 that are the same on every machine.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// The total of chains of multiply-adds, all in the order of the inputs.
    fn total(unit: Unit, x: &[f32], weights: &[f32]) -> f32 {
        let products = |(x, weights): (&[f32], &[f32])| -> f64 {
            let products = x.iter().zip(weights);
            products.map(|(&x, &weight)| f64::from(x) * f64::from(weight)).sum()
        };
        let fused = |(x, weights): (&[f32], &[f32])| {
            x.iter().zip(weights).fold(0.0, |sum, (&x, &weight)| x.mul_add(weight, sum))
        };
        let length = match unit {
            Unit::Plain => return products((x, weights)) as f32,
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512(_) => pulp::x86::V4::length(x.len()),
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2(_) => pulp::x86::V3::length(x.len()),
            #[cfg(target_arch = "aarch64")]
            Unit::Neon(_) => pulp::aarch64::Neon::length(x.len()),
        };
        let chains = x.chunks(length).zip(weights.chunks(length));
        chains.map(fused).fold(0.0, |total, sum| total + sum)
    }

    #[test]
    fn every_unit_multiplies_every_tail_in_the_order_of_the_inputs() {
        for unit in Unit::all() {
            for rows in (0..=16).chain([27, 28, 29, 43]) {
                for (inputs, outputs) in [(1, 1), (3, 15), (16, 16), (5, 17), (33, 80), (770, 145)]
                {
                    let panels: Vec<[f32; LANES]> =
                        numbers(outputs_up(outputs) * inputs, 7).as_chunks().0.to_vec();
                    let x = numbers(rows * inputs, 11);
                    let mut out = vec![f32::NAN; rows * outputs];
                    let mut parts: Vec<&mut [f32]> = out.chunks_exact_mut(outputs).collect();
                    multiply_on(unit, &panels, inputs, &x, &mut parts);
                    for (index, &value) in out.iter().enumerate() {
                        let (row, output) = (index / outputs, index % outputs);
                        let weights = panels[output / LANES * inputs..][..inputs].iter();
                        let weights: Vec<f32> =
                            weights.map(|panel| panel[output % LANES]).collect();
                        let expected = total(unit, &x[row * inputs..][..inputs], &weights);
                        assert_eq!(value, expected, "{unit:?}: {rows} x {inputs} x {outputs}");
                    }
                }
            }
        }
    }

    #[test]
    fn long_sums_are_rounded_less_than_half_as_much_as_in_one_chain() {
        const OUTPUTS: usize = 64 * LANES;
        for (unit, inputs) in Unit::all().flat_map(|unit| [(unit, 768), (unit, 1536)]) {
            let panels: Vec<[f32; LANES]> = numbers(OUTPUTS * inputs, 7).as_chunks().0.to_vec();
            let x = numbers(inputs, 11);
            let mut out = vec![f32::NAN; OUTPUTS];
            multiply_on(unit, &panels, inputs, &x, &mut [&mut out[..]]);
            let (mut chains, mut chain) = (0.0, 0.0);
            for (output, &found) in out.iter().enumerate() {
                let panel = &panels[output / LANES * inputs..][..inputs];
                let products = x.iter().zip(panel.iter().map(|panel| panel[output % LANES]));
                let exact: f64 =
                    products.clone().map(|(&x, weight)| f64::from(x) * f64::from(weight)).sum();
                let one = products.fold(0.0, |sum: f32, (&x, weight)| x.mul_add(weight, sum));
                chains += (f64::from(found) - exact).powi(2);
                chain += (f64::from(one) - exact).powi(2);
            }
            assert!(4.0 * chains < chain, "{unit:?}, {inputs}: {chains:e} and {chain:e}");
        }
    }

    fn outputs_up(outputs: usize) -> usize {
        outputs.next_multiple_of(LANES)
    }
}
