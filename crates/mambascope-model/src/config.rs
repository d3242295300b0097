//! A checkpoint's `config.json`, of either dialect, as one [`Config`].

mod dialect;
mod fields;

use std::path::Path;

use serde::Serialize;

use crate::error::Error;
pub(crate) use dialect::Dialect;
use fields::Fields;

/// The largest model width D.
const WIDTH_LIMIT: usize = 1 << 16;
/// The most layers.
const LAYERS_LIMIT: usize = 1 << 10;
/// The largest vocabulary V.
const VOCABULARY_LIMIT: usize = 1 << 22;
/// The largest inner width E.
const INNER_LIMIT: usize = 1 << 18;
/// The largest state size N.
const STATE_LIMIT: usize = 1 << 12;
/// The largest convolution width K.
const CONVOLUTION_LIMIT: usize = 1 << 6;
/// The largest time-step rank R.
const RANK_LIMIT: usize = 1 << 16;
/// The most weights in one model: ten times the largest Mamba-1 published.
const WEIGHTS_LIMIT: u128 = 72_000_000_000;

/// The shape of a Mamba-1 model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Width D of the residual stream.
    pub width: usize,
    /// Number of layers.
    pub layers: usize,
    /// Rows V of the embedding, padding included.
    pub vocabulary: usize,
    /// Tokens that may win an argmax: at most `vocabulary`.
    pub known_vocabulary: usize,
    /// Inner width E.
    pub inner: usize,
    /// State size N of a channel.
    pub state: usize,
    /// Width K of the convolution.
    pub convolution: usize,
    /// Rank R of the time step's projection.
    pub rank: usize,
    /// Whether the projections into and out of a block have a bias.
    pub projection_bias: bool,
    /// Whether the convolution has a bias.
    pub convolution_bias: bool,
    /// What the norm adds to the mean square.
    pub epsilon: f64,
    /// Whether the head is the embedding.
    pub tied_head: bool,
}

impl Config {
    /// Reads a config of the state-spaces or the transformers dialect; `file` is for messages.
    ///
    /// # Errors
    /// When the text is not JSON, describes another family, or asks for what cannot be: all
    /// problems at once.
    ///
    /// # Source
    /// `MambaConfig` in `mamba_ssm/models/config_mamba.py` of state-spaces/mamba, and
    /// `configuration_mamba.py` in transformers.
    pub fn parse(text: &[u8], file: &Path) -> Result<Self, Error> {
        Ok(Self::parse_dialect(text, file)?.0)
    }

    /// [`Config::parse`], and in which dialect the text was written.
    pub(crate) fn parse_dialect(text: &[u8], file: &Path) -> Result<(Self, Dialect), Error> {
        let mut fields = Fields::parse(text, file)?;
        let dialect = Dialect::of(&fields);
        Dialect::refuse_other_families(&fields)?;
        let config = dialect.read(&mut fields);
        config.check(&mut fields);
        fields.finish()?;
        Ok((config, dialect))
    }

    /// A model small enough for documentation and tests.
    pub fn tiny() -> Self {
        Self {
            width: 16,
            layers: 4,
            vocabulary: 32,
            known_vocabulary: 32,
            inner: 32,
            state: 4,
            convolution: 4,
            rank: 1,
            projection_bias: false,
            convolution_bias: true,
            epsilon: 1e-5,
            tied_head: true,
        }
    }

    /// The shape of `state-spaces/mamba-130m`: for benches.
    pub fn mamba_130m() -> Self {
        Self {
            width: 768,
            layers: 24,
            vocabulary: 50280,
            known_vocabulary: 50277,
            inner: 1536,
            state: 16,
            rank: 48,
            ..Self::tiny()
        }
    }

    /// How many weights the model has, a tied head counted once.
    pub fn weights(&self) -> u128 {
        let [d, e, n, k, r, v] =
            [self.width, self.inner, self.state, self.convolution, self.rank, self.vocabulary]
                .map(|size| size as u128);
        let projections = 3 * d * e + e * (r + 2 * n) + r * e;
        let biases =
            u128::from(self.projection_bias) * (2 * e + d) + u128::from(self.convolution_bias) * e;
        let layer = d + projections + biases + k * e + e + n * e + e;
        let heads = if self.tied_head { 1 } else { 2 };
        layer * self.layers as u128 + d + heads * v * d
    }

    /// Refuses a shape that no model can have, before anything is made of it.
    pub(crate) fn sound(&self) -> Result<(), Error> {
        let mut fields = Fields::none();
        self.check(&mut fields);
        if !(1..=self.vocabulary.max(1)).contains(&self.known_vocabulary) {
            let expected = format!("1 to the vocabulary of {}", self.vocabulary);
            fields.problem("known vocabulary", self.known_vocabulary.to_string(), expected);
        }
        fields.finish()
    }

    fn check(&self, fields: &mut Fields) {
        for (item, found, limit) in [
            ("width", self.width, WIDTH_LIMIT),
            ("layers", self.layers, LAYERS_LIMIT),
            ("vocabulary", self.vocabulary, VOCABULARY_LIMIT),
            ("inner width", self.inner, INNER_LIMIT),
            ("state size", self.state, STATE_LIMIT),
            ("convolution width", self.convolution, CONVOLUTION_LIMIT),
            ("time-step rank", self.rank, RANK_LIMIT),
        ] {
            if !(1..=limit).contains(&found) {
                fields.problem(item, found.to_string(), format!("1 to {limit}"));
            }
        }
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            fields.problem("epsilon", self.epsilon.to_string(), "a number between 0 and 1");
        }
        if fields.sound() && self.weights() > WEIGHTS_LIMIT {
            let found = format!("{} weights", self.weights());
            fields.problem("model", found, format!("at most {WEIGHTS_LIMIT}"));
        }
    }
}
