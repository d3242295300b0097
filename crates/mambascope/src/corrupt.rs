//! Corruption: what is done to the subject so that the fact is lost.

pub mod multivariate;
mod noisy;
mod read;

use std::fmt;
use std::str::FromStr;

use candle_core::DType;
use mambascope_model::Model;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::swap::{Other, Swap};

pub(crate) use noisy::{Noisy, fitted_ids};

/// From which distribution noise is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Distribution {
    /// Standard normal.
    #[default]
    Gaussian,
    /// Uniform from -1 to 1.
    Uniform,
    /// Normal with the mean and covariance of embeddings: ROME's rule `m`.
    Multivariate,
    /// Student's with so many degrees of freedom and the mean and covariance of embeddings: ROME's rule `t`.
    Student(f64),
}

impl Distribution {
    /// Whether it has the mean and covariance of embeddings, and so a size of its own.
    pub(crate) const fn is_fitted(self) -> bool {
        matches!(self, Self::Multivariate | Self::Student(_))
    }
}

/// By what draws are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// A multiple of sigma, the standard deviation of subjects' embeddings.
    Sigmas(f64),
    /// A number, as it is.
    Absolute(f64),
}

/// What becomes of the embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Noise is added to it.
    #[default]
    Add,
    /// Noise takes its place.
    Replace,
}

/// Noise on the subject's embeddings, ROME's way: by default 3 sigmas, 10 samples, seed 1.
///
/// Draws are numpy's `RandomState(seed)`, in the order sample, token, channel, and the same for every cell of a trace.
/// They are added in f64 and rounded once. Sigma is the unbiased standard deviation over all numbers of the embeddings
/// of a list of subjects, each tokenised alone. The rules `m` and `t` draw vectors with the mean and covariance of
/// embeddings instead, the mean included: of the embedding table, each known token once, or of the tokens of some texts.
///
/// # Source
/// Meng et al. 2022; `collect_embedding_std`, `collect_embedding_gaussian`, `collect_embedding_tdist` and
/// `trace_with_patch` in `experiments/causal_trace.py` of kmeng01/rome, which takes mean and covariance over wikitext.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noise = Noise::sigmas(3.0).samples(10).seed(1);
/// assert_eq!("3s".parse::<Noise>()?, noise);
/// assert_eq!("u0.2".parse::<Noise>()?, Noise::uniform(0.2));
/// assert_eq!("m".parse::<Noise>()?, Noise::multivariate());
/// assert_eq!("t3".parse::<Noise>()?, Noise::student(3.0));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Noise {
    /// From which distribution.
    pub distribution: Distribution,
    /// By what draws are multiplied.
    pub scale: Scale,
    /// Texts over whose tokens sigma, or mean and covariance, are taken; with none, the bundled facts' subjects for sigma,
    /// the embedding table for the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// How many samples are drawn.
    pub samples: usize,
    /// Seed of the draws.
    pub seed: u32,
    /// Whether noise is added or put in place.
    pub placement: Placement,
}

impl Noise {
    const fn new(distribution: Distribution, scale: Scale) -> Self {
        let placement = Placement::Add;
        Self { distribution, scale, subjects: Vec::new(), samples: 10, seed: 1, placement }
    }

    /// Gaussian noise of so many sigmas.
    pub const fn sigmas(count: f64) -> Self {
        Self::new(Distribution::Gaussian, Scale::Sigmas(count))
    }

    /// Gaussian noise of this standard deviation.
    pub const fn gaussian(deviation: f64) -> Self {
        Self::new(Distribution::Gaussian, Scale::Absolute(deviation))
    }

    /// Uniform noise from `-limit` to `limit`.
    pub const fn uniform(limit: f64) -> Self {
        Self::new(Distribution::Uniform, Scale::Absolute(limit))
    }

    /// Normal noise with the mean and covariance of the model's embeddings: ROME's rule `m`.
    ///
    /// # Cost
    /// Of a table of V tokens, V times D squared, and D cubed; some seconds for mamba-130m, minutes for mamba-2.8b.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::multivariate());
    /// let effects = trace.restore(..).run()?;
    /// assert_eq!(effects.low_samples().len(), 10);
    /// # Ok::<(), Error>(())
    /// ```
    pub const fn multivariate() -> Self {
        Self::new(Distribution::Multivariate, Scale::Absolute(1.0))
    }

    /// Student's noise with so many degrees of freedom, more than 2, and the mean and covariance of the model's
    /// embeddings: ROME's rule `t`. Far draws are more frequent than in the normal one, the fewer the degrees the more.
    ///
    /// # Cost
    /// As [`Noise::multivariate`].
    pub const fn student(degrees: f64) -> Self {
        Self::new(Distribution::Student(degrees), Scale::Absolute(1.0))
    }

    /// Draws so many samples.
    pub fn samples(&self, samples: usize) -> Self {
        Self { samples, ..self.clone() }
    }

    /// Seeds the draws.
    pub fn seed(&self, seed: u32) -> Self {
        Self { seed, ..self.clone() }
    }

    /// Puts noise in the embeddings' place, instead of adding it.
    pub fn replacing(&self) -> Self {
        Self { placement: Placement::Replace, ..self.clone() }
    }

    /// Takes sigma, or mean and covariance, over these subjects or texts, each tokenised alone.
    pub fn over<S: Into<String>>(&self, subjects: impl IntoIterator<Item = S>) -> Self {
        Self { subjects: subjects.into_iter().map(Into::into).collect(), ..self.clone() }
    }
}

impl Default for Noise {
    fn default() -> Self {
        Self::sigmas(3.0)
    }
}

impl From<f64> for Noise {
    /// So many sigmas.
    fn from(sigmas: f64) -> Self {
        Self::sigmas(sigmas)
    }
}

impl FromStr for Noise {
    type Err = Error;

    /// Reads `3s` (sigmas), `0.13` (a standard deviation), `u0.2` (uniform), `m` (multivariate normal) or `t3` (Student's
    /// of 3 degrees); also `s3`, and `s` for one sigma, as ROME writes them.
    ///
    /// # Errors
    /// For anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::NoiseText { text: text.to_owned() };
        let number = |text: &str| match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
            _ => Err(refused()),
        };
        if text == "m" {
            Ok(Self::multivariate())
        } else if text == "s" {
            Ok(Self::sigmas(1.0))
        } else if let Some(degrees) = text.strip_prefix('t') {
            Ok(Self::student(number(degrees)?))
        } else if let Some(limit) = text.strip_prefix('u') {
            Ok(Self::uniform(number(limit)?))
        } else if let Some(sigmas) = text.strip_suffix('s').or_else(|| text.strip_prefix('s')) {
            Ok(Self::sigmas(number(sigmas)?))
        } else {
            Ok(Self::gaussian(number(text)?))
        }
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.distribution, self.scale) {
            (Distribution::Multivariate, _) => write!(f, "multivariate normal")?,
            (Distribution::Student(degrees), _) => {
                write!(f, "multivariate Student's of {degrees} degrees")?;
            }
            (_, Scale::Sigmas(count)) => write!(f, "{count} sigma")?,
            (Distribution::Gaussian, Scale::Absolute(deviation)) => {
                write!(f, "deviation {deviation}")?;
            }
            (Distribution::Uniform, Scale::Absolute(limit)) => write!(f, "uniform to {limit}")?,
        }
        if self.distribution.is_fitted() {
            match self.scale {
                Scale::Absolute(1.0) => {}
                Scale::Absolute(factor) => write!(f, " times {factor}")?,
                Scale::Sigmas(count) => write!(f, " of {count} sigma")?,
            }
            let of = if self.subjects.is_empty() { "the embedding table" } else { "the texts" };
            write!(f, " with the mean and covariance of {of}")?;
        }
        let placement = if self.placement == Placement::Replace { ", in place" } else { "" };
        let plural = if self.samples == 1 { "" } else { "s" };
        write!(f, "{placement}, {} sample{plural}, seed {}", self.samples, self.seed)
    }
}

/// What makes the corrupted run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Corruption {
    /// Noise on the subject's embeddings.
    Noise(Noise),
    /// Another subject in its place.
    Swap(Swap),
    /// Another prompt.
    Other(Other),
    /// Nothing: the clean run is all there is.
    Nothing,
}

impl Default for Corruption {
    fn default() -> Self {
        Self::Noise(Noise::default())
    }
}

impl From<Noise> for Corruption {
    fn from(noise: Noise) -> Self {
        Self::Noise(noise)
    }
}

impl From<f64> for Corruption {
    /// Noise of so many sigmas.
    fn from(sigmas: f64) -> Self {
        Self::Noise(Noise::sigmas(sigmas))
    }
}

impl From<Swap> for Corruption {
    fn from(swap: Swap) -> Self {
        Self::Swap(swap)
    }
}

impl From<Other> for Corruption {
    fn from(other: Other) -> Self {
        Self::Other(other)
    }
}

/// The standard deviation of all numbers in the embeddings of these token lists, laid end to end.
///
/// # Errors
/// When there are fewer than two numbers, or a token is outside the vocabulary.
pub(crate) fn sigma<'a>(
    model: &Model,
    subjects: impl Iterator<Item = &'a [u32]>,
) -> Result<f64, Error> {
    let ids: Vec<u32> = subjects.flatten().copied().collect();
    let embeddings = model.embeddings(&ids)?.to_dtype(DType::F64)?.flatten_all()?;
    let values: Vec<f64> = embeddings.to_vec1()?;
    Ok(deviation(&values))
}

/// The unbiased standard deviation.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};

    use candle_core::{Device, Tensor};
    use serde_json::Value;

    use super::*;
    use crate::watch::Unwatched;

    fn golden() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
    }

    fn case(name: &str) -> Value {
        let file = golden().join(format!("rome/{name}_resid.json"));
        serde_json::from_str(&std::fs::read_to_string(file).expect("a golden")).expect("json")
    }

    fn ids(value: &Value) -> Vec<u32> {
        let ids = value.as_array().expect("ids").iter();
        ids.map(|id| id.as_u64().expect("an id") as u32).collect()
    }

    fn model(case: &Value) -> Model {
        let folder = golden().join(case["checkpoint"].as_str().expect("a name"));
        Model::from_dir(folder).load().expect("a checkpoint")
    }

    /// Noise of a golden case, as `Noise` has it.
    fn noise(case: &Value) -> Noise {
        let scale = case["noise"]["scale"].as_f64().expect("a number");
        let gaussian = case["noise"]["kind"] == "gaussian";
        let noise = if gaussian { Noise::gaussian(scale) } else { Noise::uniform(scale) };
        let noise = if case["noise"]["combine"] == "add" { noise } else { noise.replacing() };
        let number = |name: &str| case[name].as_u64().expect("a number");
        noise.samples(number("samples") as usize).seed(number("seed") as u32)
    }

    #[test]
    fn corrupted_embeddings_are_romes_to_the_bit() {
        let file = golden().join("rome/corrupted_embeddings.safetensors");
        let expected: HashMap<String, Tensor> =
            candle_core::safetensors::load(file, &Device::Cpu).expect("goldens");
        assert!(expected.len() > 10);
        let mut names: Vec<&String> = expected.keys().collect();
        names.sort();
        for name in names {
            let case = case(name);
            let model = model(&case);
            let clean = model.embeddings(&ids(&case["ids"])).expect("embedded");
            let range = ids(&case["subject_range"]);
            let range = range[0] as usize..range[1] as usize;
            let noise = noise(&case);
            let Scale::Absolute(factor) = noise.scale else { unreachable!("cases name a number") };
            let mut noisy =
                Noisy::new(&model, &noise, factor, &clean, std::slice::from_ref(&range))
                    .expect("fitted");
            let samples = noisy.draw(noise.samples, &Unwatched).expect("drawn");
            for (index, sample) in samples.iter().enumerate() {
                let found = sample.narrow(0, range.start, range.len()).expect("rows");
                let expected = expected[name].get(index).expect("a sample");
                let bits = |tensor: &Tensor| -> Vec<u32> {
                    let values: Vec<f32> =
                        tensor.flatten_all().expect("flat").to_vec1().expect("f32");
                    values.into_iter().map(f32::to_bits).collect()
                };
                assert_eq!(bits(&found), bits(&expected), "{name}, sample {index}");
            }
        }
    }

    #[test]
    fn sigma_is_torchs_standard_deviation() {
        let case = case("three_sigma");
        let subjects: Vec<Vec<u32>> =
            case["sigma"]["subjects"].as_array().expect("lists").iter().map(ids).collect();
        let found = sigma(&model(&case), subjects.iter().map(Vec::as_slice)).expect("a number");
        let expected = case["sigma"]["sigma_f64"].as_f64().expect("a number");
        assert!((found - expected).abs() < 1e-12 * expected, "{found} is not {expected}");
    }
}
