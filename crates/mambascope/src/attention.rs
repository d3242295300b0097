//! Hidden attention: how much each token reads of each earlier one through a layer's scan.
//!
//! ```text
//! M[i, j] = sum over n of C_i[n] (product over k in j+1..=i of Abar_k[n]) Bbar_j[n],    j <= i
//! ```
//!
//! for each channel, so that the scan's read is `sum over j of M[i, j] x_j`. The direct path is not in it.
//!
//! # Source
//! Ali, Zimerman and Wolf 2024, arXiv 2403.01590.

use candle_core::{DType, Device, Tensor};
use mambascope_model::{Model, Site, Spot};
use rayon::prelude::*;

use crate::Error;
use crate::check;
use crate::trace::Trace;

/// What of a block lies between the two tokens of an attention map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Through {
    /// From the scan's input to its read.
    #[default]
    Scan,
    /// From the scan's input to what is gated.
    Gate,
    /// From the convolution's input to what is gated; the convolution's bias, which no token brings, is left out.
    Block,
}

/// How much each token reads of each earlier one through a layer's scan, by channel.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3);
/// let attention = trace.hidden_attention(1)?;
/// assert_eq!(attention.channel(0, Through::Scan)?.dims(), [4, 4]);
/// assert_eq!(attention.mean(Through::Gate)?.dims(), [4, 4]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HiddenAttention {
    tokens: usize,
    channels: usize,
    states: usize,
    /// `[T, E, N]`.
    decay: Vec<f64>,
    /// `delta`, `[T, E]`.
    delta: Vec<f64>,
    /// `[T, N]`.
    b: Vec<f64>,
    /// `[T, N]`.
    c: Vec<f64>,
    /// `[T, E]`.
    gate: Vec<f64>,
    /// `x / c` of the activation behind the convolution, `[T, E]`.
    slope: Vec<f64>,
    /// The convolution's weights, `[E, K]`, the token's own last.
    taps: Vec<f64>,
}

impl Trace {
    /// How much each token of the clean prompt reads of each earlier one through a layer's scan.
    ///
    /// # Cost
    /// One forward pass; a map takes `E N T^2` steps.
    ///
    /// # Errors
    /// When the prompt is not sound, or there is no such layer.
    pub fn hidden_attention(&self, layer: usize) -> Result<HiddenAttention, Error> {
        check::layers_of(self.model(), &(Site::State, layer).into())?;
        HiddenAttention::of(self.model(), &self.resolve_clean()?.prompt.ids, layer)
    }
}

impl HiddenAttention {
    fn of(model: &Model, ids: &[u32], layer: usize) -> Result<Self, Error> {
        let sites = [Site::Decay, Site::Delta, Site::B, Site::C, Site::Gate, Site::ConvOut];
        let acts = model.activations(ids, &sites.map(|site| Spot { site, layer }))?;
        let values = |site| -> Result<Vec<f64>, Error> {
            let tensor = acts.at(site, layer).ok_or(Error::NotKept { site, layer })?;
            numbers(tensor)
        };
        let slope = |value: &f64| 1.0 / (1.0 + (-value).exp());
        let name = format!("backbone.layers.{layer}.mixer.conv1d.weight");
        Ok(Self {
            tokens: ids.len(),
            channels: model.config().inner,
            states: model.config().state,
            decay: values(Site::Decay)?,
            delta: values(Site::Delta)?,
            b: values(Site::B)?,
            c: values(Site::C)?,
            gate: values(Site::Gate)?,
            slope: values(Site::ConvOut)?.iter().map(slope).collect(),
            taps: numbers(&model.tensors().tensor(&name)?)?,
        })
    }

    /// The map of one channel.
    ///
    /// # Shapes
    /// returns `[T, T]`: row i reads column j.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn channel(&self, channel: usize, through: Through) -> Result<Tensor, Error> {
        if channel >= self.channels {
            return Err(Error::ChannelOutside { channel, channels: self.channels });
        }
        self.tensor(&self.map(channel, through))
    }

    /// The mean of the maps of all channels.
    ///
    /// # Shapes
    /// returns `[T, T]`.
    ///
    /// # Errors
    /// Never for a map that was made.
    pub fn mean(&self, through: Through) -> Result<Tensor, Error> {
        let zero = || vec![0.0; self.tokens * self.tokens];
        let add = |mut sum: Vec<f64>, map: Vec<f64>| {
            sum.iter_mut().zip(map).for_each(|(sum, value)| *sum += value);
            sum
        };
        let maps: Vec<Vec<f64>> =
            (0..self.channels).into_par_iter().map(|channel| self.map(channel, through)).collect();
        let mut mean = maps.into_iter().fold(zero(), add);
        for value in &mut mean {
            *value /= self.channels as f64;
        }
        self.tensor(&mean)
    }

    fn tensor(&self, map: &[f64]) -> Result<Tensor, Error> {
        if !map.iter().all(|value| value.is_finite()) {
            return Err(Error::Overflow { what: "the hidden attention".to_owned() });
        }
        Ok(Tensor::from_slice(map, (self.tokens, self.tokens), &Device::Cpu)?)
    }

    fn map(&self, channel: usize, through: Through) -> Vec<f64> {
        let mut map = self.scan_map(channel);
        if through == Through::Block {
            map = self.before_convolution(channel, &map);
        }
        if through != Through::Scan {
            for (token, row) in map.chunks_exact_mut(self.tokens).enumerate() {
                let gate = self.gate[token * self.channels + channel];
                for value in row {
                    *value *= gate;
                }
            }
        }
        map
    }

    /// For each source one walk of its write through the states of all later tokens.
    fn scan_map(&self, channel: usize) -> Vec<f64> {
        let (tokens, size) = (self.tokens, self.states);
        let mut map = vec![0.0; tokens * tokens];
        for source in 0..tokens {
            let delta = self.delta[source * self.channels + channel];
            let mut state: Vec<f64> =
                self.b[source * size..][..size].iter().map(|b| delta * b).collect();
            for token in source..tokens {
                if token > source {
                    let decay = &self.decay[(token * self.channels + channel) * size..][..size];
                    state.iter_mut().zip(decay).for_each(|(state, decay)| *state *= decay);
                }
                let c = &self.c[token * size..][..size];
                map[token * tokens + source] = state.iter().zip(c).map(|(h, c)| h * c).sum();
            }
        }
        map
    }

    /// The same map from the convolution's inputs, each of which the next K-1 scan inputs hold as well.
    fn before_convolution(&self, channel: usize, map: &[f64]) -> Vec<f64> {
        let (tokens, width) = (self.tokens, self.taps.len() / self.channels);
        let taps = &self.taps[channel * width..][..width];
        let mut before = vec![0.0; tokens * tokens];
        for token in 0..tokens {
            for middle in 0..=token {
                let share =
                    map[token * tokens + middle] * self.slope[middle * self.channels + channel];
                for back in 0..width.min(middle + 1) {
                    before[token * tokens + middle - back] += share * taps[width - 1 - back];
                }
            }
        }
        before
    }
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>, Error> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use mambascope_model::{Compute, Config};

    use super::*;

    const IDS: [u32; 7] = [3, 14, 15, 9, 26, 5, 8];

    /// Rows of `found` times inputs, against what the model has.
    fn check(through: Through, input: Site, output: impl Fn(&[f64], &[f64]) -> Vec<f64>) {
        let config = Config { convolution_bias: false, ..Config::tiny() };
        let model = Model::random(&config, 5).expect("a sound shape");
        let model = model.computed(Compute::Reference64).expect("packed");
        let layer = 2;
        let attention = HiddenAttention::of(&model, &IDS, layer).expect("a map");
        let sites = [input, Site::ScanRead, Site::Gate].map(|site| Spot { site, layer });
        let acts = model.activations(&IDS, &sites).expect("a run");
        let values = |site| numbers(acts.at(site, layer).expect("kept")).expect("numbers");
        let (inputs, read) = (values(input), values(Site::ScanRead));
        let expected = output(&read, &values(Site::Gate));
        for channel in 0..config.inner {
            let map = attention.channel(channel, through).expect("a channel");
            let map: Vec<Vec<f64>> = map.to_vec2().expect("rows");
            for (token, row) in map.iter().enumerate() {
                let found: f64 = (0..IDS.len())
                    .map(|source| row[source] * inputs[source * config.inner + channel])
                    .sum();
                let expected = expected[token * config.inner + channel];
                assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
                assert!(row[token + 1..].iter().all(|value| *value == 0.0), "nobody sees ahead");
            }
        }
    }

    #[test]
    fn the_map_times_the_inputs_is_the_read() {
        check(Through::Scan, Site::ScanIn, |read, _| read.to_vec());
    }

    #[test]
    fn with_gate_and_convolution_it_is_what_is_gated() {
        let gated = |read: &[f64], gate: &[f64]| {
            read.iter().zip(gate).map(|(read, gate)| read * gate).collect::<Vec<f64>>()
        };
        check(Through::Gate, Site::ScanIn, gated);
        check(Through::Block, Site::ConvIn, gated);
    }

    #[test]
    fn channels_that_are_not_there_are_refused() {
        let attention = HiddenAttention::of(&Model::tiny(), &IDS, 0).expect("a map");
        let error = attention.channel(32, Through::Scan).expect_err("refused").to_string();
        assert!(error.contains("32") && error.contains("help:"), "{error}");
        let mean: Vec<Vec<f64>> =
            attention.mean(Through::Scan).expect("a map").to_vec2().expect("rows");
        let one = |channel| attention.channel(channel, Through::Scan).expect("a map");
        let sum: f64 =
            (0..32).map(|channel| one(channel).to_vec2::<f64>().expect("rows")[6][1]).sum();
        assert!((mean[6][1] - sum / 32.0).abs() < 1e-12);
    }
}
