//! The reference: every operation as its equation, in f32 or f64, one number at a time.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;

use candle_core::{DType, Tensor, WithDType};
use num_traits::Float;

use super::inner::{self, Poles};
use super::{Keep, Linear, Normed, Operations, Selection, Taps};
use crate::buffer::Number;
use crate::finite::first_row;
use crate::packed::Packed;
use crate::{Error, Ragged};

/// Numbers that the reference can be run in: f32 and f64.
pub trait Real: Float + WithDType + Number + Debug + Send + Sync {}
impl Real for f32 {}
impl Real for f64 {}

/// The slow and obvious device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain<T>(PhantomData<T>);

/// A linear map as its equation has it.
#[derive(Debug)]
pub struct PlainMatrix<T: Number> {
    weight: Packed<T>,
    bias: Option<Packed<T>>,
}

fn map<T: Real>(mut x: Packed<T>, change: impl Fn(T) -> T) -> Packed<T> {
    x.values_mut().iter_mut().for_each(|value| *value = change(*value));
    x
}

fn zip<T: Real>(mut x: Packed<T>, y: &Packed<T>, join: impl Fn(T, T) -> T) -> Packed<T> {
    x.values_mut().iter_mut().zip(y.values()).for_each(|(x, &y)| *x = join(*x, y));
    x
}

fn real<T: Real>(value: f64) -> T {
    T::from(value).unwrap_or_else(T::nan)
}

fn exact<T: Real>(value: T) -> f64 {
    WithDType::to_f64(value)
}

fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    x.iter().zip(y).fold(T::zero(), |sum, (&x, &y)| sum + x * y)
}

impl<T: Real> Operations for Plain<T> {
    type Rows = Packed<T>;
    type Matrix = PlainMatrix<T>;
    type Vector = Packed<T>;
    type Convolution = PlainMatrix<T>;
    type Decay = Poles<T>;
    type States = Packed<T>;

    fn dtype(&self) -> DType {
        T::DTYPE
    }

    fn rows_together(&self) -> usize {
        64
    }

    fn rows_at_head(&self, _: usize) -> usize {
        self.rows_together()
    }

    fn matrix(&self, linear: &Linear) -> Result<PlainMatrix<T>, Error> {
        let bias = linear.bias.as_ref().map(Packed::from_tensor).transpose()?;
        Ok(PlainMatrix { weight: Packed::from_tensor(&linear.weight)?, bias })
    }

    fn outputs(&self, matrix: &PlainMatrix<T>, which: &[usize]) -> Result<Packed<T>, Error> {
        Ok(matrix.weight.gather(which))
    }

    fn vector(&self, tensor: &Tensor) -> Result<Packed<T>, Error> {
        Packed::from_tensor(tensor)
    }

    fn convolution(&self, taps: &Taps) -> Result<PlainMatrix<T>, Error> {
        let bias = taps.bias.as_ref().map(Packed::from_tensor).transpose()?;
        Ok(PlainMatrix { weight: Packed::from_tensor(&taps.weight)?, bias })
    }

    fn decay(&self, a_log: &Tensor, direct: &Tensor) -> Result<Poles<T>, Error> {
        let a = map(Packed::from_tensor(a_log)?, |value: T| -value.exp());
        Ok(Poles { a, direct: Packed::from_tensor(direct)? })
    }

    fn upload(&self, tensor: &Tensor) -> Result<Packed<T>, Error> {
        Packed::from_tensor(tensor)
    }

    fn download(&self, rows: &Packed<T>) -> Result<Tensor, Error> {
        rows.to_tensor()
    }

    fn norm(
        &self,
        x: &Packed<T>,
        weight: &Packed<T>,
        epsilon: f64,
    ) -> Result<Normed<Packed<T>>, Error> {
        let (mut out, mut unsound) = (x.clone(), None);
        for index in 0..x.rows() {
            let row = x.row(index);
            let mean = dot(row, row) / real(row.len() as f64);
            if !mean.is_finite() {
                unsound = unsound.or(Some(index));
            }
            let scale = T::one() / (mean + real(epsilon)).sqrt();
            for (value, &weight) in out.row_mut(index).iter_mut().zip(weight.values()) {
                *value = *value * scale * weight;
            }
        }
        Ok(Normed { rows: out, unsound })
    }

    fn unsound(&self, x: &Packed<T>) -> Option<usize> {
        first_row(x.values(), x.columns(), Float::is_finite)
    }

    fn project(&self, x: &Packed<T>, matrix: &PlainMatrix<T>) -> Result<Packed<T>, Error> {
        let outputs = matrix.weight.rows();
        let mut out = Packed::zeros(x.rows(), outputs);
        for row in 0..x.rows() {
            for output in 0..outputs {
                let bias = matrix.bias.as_ref().map_or(T::zero(), |bias| bias.values()[output]);
                out.row_mut(row)[output] = dot(x.row(row), matrix.weight.row(output)) + bias;
            }
        }
        Ok(out)
    }

    fn convolve(
        &self,
        x: &Packed<T>,
        past: Option<&Packed<T>>,
        ragged: &Ragged,
        taps: &PlainMatrix<T>,
    ) -> Result<Packed<T>, Error> {
        let width = taps.weight.columns();
        let mut out = Packed::zeros(x.rows(), x.columns());
        for (start, span) in ragged.spans() {
            for place in 0..span.length {
                for channel in 0..x.columns() {
                    let mut sum =
                        taps.bias.as_ref().map_or(T::zero(), |bias| bias.values()[channel]);
                    for back in 0..width.min(span.token + place + 1) {
                        let input = match (place.checked_sub(back), span.past, past) {
                            (Some(place), ..) => x.row(start + place)[channel],
                            (None, Some(row), Some(past)) => {
                                past.row(row + 1 + place - back)[channel]
                            }
                            (None, ..) => T::zero(),
                        };
                        sum += input * taps.weight.row(channel)[width - 1 - back];
                    }
                    out.row_mut(start + place)[channel] = sum;
                }
            }
        }
        Ok(out)
    }

    fn scan(
        &self,
        x: &Packed<T>,
        selection: &Selection<'_, Packed<T>>,
        past: Option<&Packed<T>>,
        ragged: &Ragged,
        decay: &Poles<T>,
        keep: Keep,
    ) -> Result<(Packed<T>, Option<Packed<T>>), Error> {
        let state_size = decay.a.columns();
        let mut out = Packed::zeros(x.rows(), x.columns());
        let mut kept = Vec::new();
        for (start, span) in ragged.spans() {
            let mut state = match (span.past, past) {
                (Some(row), Some(past)) => past.row(row).to_vec(), // [E N]
                _ => vec![T::zero(); x.columns() * state_size],
            };
            for row in start..start + span.length {
                let (b, c) = (selection.b.row(row), selection.c.row(row));
                for channel in 0..x.columns() {
                    let (input, delta) = (x.row(row)[channel], selection.delta.row(row)[channel]);
                    let mut sum = T::zero();
                    for place in 0..state_size {
                        let h = &mut state[channel * state_size + place];
                        *h = (delta * decay.a.row(channel)[place]).exp() * *h
                            + delta * b[place] * input;
                        sum += *h * c[place];
                    }
                    out.row_mut(row)[channel] = sum + decay.direct.values()[channel] * input;
                }
                if keep == Keep::States {
                    kept.extend_from_slice(&state);
                }
            }
        }
        let states = Packed::new(kept, x.columns() * state_size);
        Ok((out, (keep == Keep::States).then_some(states)))
    }

    fn decays(&self, delta: &Packed<T>, decay: &Poles<T>) -> Result<Packed<T>, Error> {
        Ok(decay.decays(delta))
    }

    fn writes(
        &self,
        delta: &Packed<T>,
        x: &Packed<T>,
        b: &Packed<T>,
        decay: &Poles<T>,
    ) -> Result<Packed<T>, Error> {
        Ok(decay.writes(delta, x, b))
    }

    fn read(
        &self,
        states: &Packed<T>,
        c: &Packed<T>,
        decay: &Poles<T>,
    ) -> Result<Packed<T>, Error> {
        Ok(decay.read(states, c))
    }

    fn direct(
        &self,
        read: &Packed<T>,
        x: &Packed<T>,
        decay: &Poles<T>,
    ) -> Result<Packed<T>, Error> {
        Ok(decay.direct(read, x))
    }

    fn pack_states(&self, rows: &Packed<T>, _: &Poles<T>) -> Result<Packed<T>, Error> {
        Ok(rows.clone())
    }

    fn unpack_states(
        &self,
        states: &Packed<T>,
        rows: &[usize],
        _: &Poles<T>,
    ) -> Result<Packed<T>, Error> {
        Ok(states.gather(rows))
    }

    fn zeros(&self, rows: usize, columns: usize) -> Result<Packed<T>, Error> {
        Ok(Packed::zeros(rows, columns))
    }

    fn interleave(&self, parts: &[Packed<T>]) -> Result<Packed<T>, Error> {
        Ok(inner::interleave(parts))
    }

    fn separate(&self, whole: &Packed<T>, count: usize) -> Result<Vec<Packed<T>>, Error> {
        Ok(inner::separate(whole, count))
    }

    fn silu(&self, x: Packed<T>) -> Result<Packed<T>, Error> {
        Ok(map(x, |x| x / (T::one() + (-x).exp())))
    }

    fn softplus(&self, x: Packed<T>) -> Result<Packed<T>, Error> {
        // max(x, 0) + ln(1 + exp(-|x|)) is the same number and cannot overflow.
        Ok(map(x, |x| Float::max(x, T::zero()) + (-x.abs()).exp().ln_1p()))
    }

    fn multiply(&self, x: Packed<T>, y: &Packed<T>) -> Result<Packed<T>, Error> {
        Ok(zip(x, y, |x, y| x * y))
    }

    fn add(&self, x: Packed<T>, y: &Packed<T>) -> Result<Packed<T>, Error> {
        Ok(zip(x, y, |x, y| x + y))
    }

    fn count(&self, x: &Packed<T>) -> usize {
        x.rows()
    }

    fn narrow(&self, x: &Packed<T>, columns: Range<usize>) -> Result<Packed<T>, Error> {
        Ok(x.narrow(columns))
    }

    fn gather(&self, x: &Packed<T>, rows: &[usize]) -> Result<Packed<T>, Error> {
        Ok(x.gather(rows))
    }

    fn scatter(
        &self,
        from: &Packed<T>,
        into: &mut Packed<T>,
        pairs: &[(usize, usize)],
    ) -> Result<(), Error> {
        for &(source, target) in pairs {
            into.row_mut(target).copy_from_slice(from.row(source));
        }
        Ok(())
    }

    fn stack(&self, parts: &[Packed<T>]) -> Result<Packed<T>, Error> {
        Ok(stack(parts))
    }

    fn probability(&self, logits: &Packed<T>, column: usize) -> Result<Vec<f64>, Error> {
        let one = |row: usize| {
            let row = logits.row(row);
            if !row.iter().all(|logit| logit.is_finite()) {
                return f64::NAN;
            }
            let top = row.iter().copied().fold(T::neg_infinity(), Float::max);
            let sum: f64 = row.iter().map(|&value| exact(value - top).exp()).sum();
            exact(row[column] - top).exp() / sum
        };
        Ok((0..logits.rows()).map(one).collect())
    }
}

/// One matrix below another.
pub(crate) fn stack<T: Number>(parts: &[Packed<T>]) -> Packed<T> {
    let mut whole = parts.first().cloned().unwrap_or_else(|| Packed::zeros(0, 0));
    for part in parts.iter().skip(1) {
        whole.append(part);
    }
    whole
}
