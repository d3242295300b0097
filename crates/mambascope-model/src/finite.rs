//! Numbers that end a run: those that are not finite, or so large that a norm cannot square them.
//!
//! Whatever goes wrong inside a block is in the residual stream behind it, since products and sums of NaN and infinity
//! stay NaN or infinite. The norm squares that stream anyway, so a mean of squares that is not finite shows it at no cost.

use std::fmt::{self, Display, Formatter};

use candle_core::DType;

use crate::ops::Operations;
use crate::{Error, Site, Spot};

/// Weights above this are named as the likely cause of an overflow: trained weights stay below 100.
pub(crate) const LARGE: f64 = 1e6;

/// What is wrong with some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Some are NaN.
    NotANumber,
    /// Some are infinite.
    Infinite,
    /// All are finite, and the sum of their squares is not; the largest magnitude among them.
    Large(f64),
}

/// Where numbers that end a run came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The model computed them.
    Model,
    /// A tap returned them.
    Tap,
    /// They are what a plan puts in place of an activation.
    Fill,
    /// Noise made them of an embedding.
    Noise,
}

/// A weight that is far larger than trained ones are.
#[derive(Debug, Clone, PartialEq)]
pub struct LargeWeight {
    /// Its tensor's name in state-spaces/mamba.
    pub tensor: String,
    /// Its place in the tensor, row by row.
    pub element: usize,
    /// The weight.
    pub value: f64,
}

/// Numbers that ended a run: what is wrong with them, and where they were met.
#[derive(Debug, Clone, PartialEq)]
pub struct NotFinite {
    /// The activation.
    pub site: Site,
    /// Its layer, counted from 0.
    pub layer: usize,
    /// Its token, counted from 0.
    pub token: usize,
    /// The run it is part of, in words, such as `corrupted sample 3`; `None` where there is one run alone.
    pub run: Option<String>,
    /// Where the numbers came from.
    pub origin: Origin,
    /// What is wrong with them.
    pub fault: Fault,
    /// The arithmetic of the run.
    pub arithmetic: DType,
    /// The largest weight of that layer, where it may be the cause.
    pub weight: Option<LargeWeight>,
}

impl NotFinite {
    /// What is wrong with a row of an activation, which the model computed; the token is the row's number.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn of<O: Operations>(
        operations: &O,
        rows: &O::Rows,
        row: usize,
        Spot { site, layer }: Spot,
    ) -> Result<Self, Error> {
        let numbers = operations.download(&operations.gather(rows, &[row])?)?;
        let numbers: Vec<f64> = numbers.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
        Ok(Self {
            site,
            layer,
            token: row,
            run: None,
            origin: Origin::Model,
            fault: Fault::of(&numbers),
            arithmetic: operations.dtype(),
            weight: None,
        })
    }

    /// The same numbers, from elsewhere.
    #[must_use]
    pub fn from(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// The same numbers, met at a token of a run.
    #[must_use]
    pub fn at(self, token: usize, run: Option<String>) -> Self {
        Self { token, run, ..self }
    }
}

impl Fault {
    /// The worst that is wrong with numbers that a run may not have.
    pub fn of(numbers: &[f64]) -> Self {
        if numbers.iter().any(|number| number.is_nan()) {
            return Self::NotANumber;
        }
        let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        if largest.is_infinite() { Self::Infinite } else { Self::Large(largest) }
    }
}

/// A number type by the name that people know it under.
pub(crate) fn arithmetic(dtype: DType) -> &'static str {
    if dtype == DType::F64 { "f64" } else { "f32" }
}

impl Display for NotFinite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { site, layer, token, origin, .. } = self;
        let of_layer = match site {
            Site::Embed | Site::FinalNorm | Site::Logits => String::new(),
            _ => format!(" of layer {layer}"),
        };
        match origin {
            Origin::Model => write!(f, "{site}{of_layer}")?,
            Origin::Tap => write!(f, "the tensor that the tap returned for {site}{of_layer}")?,
            Origin::Fill => write!(f, "the fill for {site}{of_layer}")?,
            Origin::Noise => write!(f, "{site} with noise")?,
        }
        write!(f, " at token {token}")?;
        if let Some(run) = &self.run {
            write!(f, " of {run}")?;
        }
        let arithmetic = arithmetic(self.arithmetic);
        match self.fault {
            Fault::NotANumber => write!(f, " is NaN")?,
            Fault::Infinite => write!(f, " is infinite in {arithmetic}")?,
            Fault::Large(largest) => write!(
                f,
                " reaches {largest:.3e}, and the sum of its squares overflows {arithmetic}"
            )?,
        }
        if let Some(LargeWeight { tensor, element, value }) = &self.weight {
            write!(f, "; the largest weight there is {value:.3e}, element {element} of {tensor}")?;
        }
        write!(f, "\nhelp: {}", self.help())
    }
}

impl NotFinite {
    /// What to try.
    fn help(&self) -> String {
        let instead = match self.origin {
            Origin::Tap => return "return finite numbers from the tap".to_owned(),
            Origin::Fill => "fill with smaller numbers",
            Origin::Noise => "corrupt with smaller noise, for example 3 sigmas (`--noise 3s`)",
            Origin::Model if self.weight.is_some() => {
                "check that weight in the checkpoint: trained weights stay below 100"
            }
            Origin::Model if self.run.is_some() => {
                "put smaller numbers in place, for example noise of 3 sigmas (`--noise 3s`), or check the checkpoint's weights"
            }
            Origin::Model => "check the checkpoint's weights",
        };
        if self.arithmetic == DType::F64 {
            return instead.to_owned();
        }
        format!("compute in f64 (`Compute::Reference64`, or `--compute reference64`), or {instead}")
    }
}

/// The first row with a number that is not finite.
pub(crate) fn first_row<T: Copy>(
    values: &[T],
    columns: usize,
    is_finite: impl Fn(T) -> bool,
) -> Option<usize> {
    values.chunks(columns.max(1)).position(|row| !row.iter().all(|&value| is_finite(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_named() {
        assert_eq!(Fault::of(&[1.0, f64::INFINITY, f64::NAN]), Fault::NotANumber);
        assert_eq!(Fault::of(&[1.0, f64::NEG_INFINITY]), Fault::Infinite);
        assert_eq!(Fault::of(&[1.0, -3e20]), Fault::Large(3e20));
    }
}
