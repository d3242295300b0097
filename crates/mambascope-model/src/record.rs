//! Recorded activations: what a prompt was at chosen sites and layers.

use std::collections::BTreeMap;

use candle_core::Tensor;

use crate::tap::{Spot, Tap};
use crate::{Error, Site};

/// What a prompt was at chosen sites and layers, and its logits.
///
/// # Example
/// ```
/// use mambascope_model::{Model, Site, Spot};
/// let acts = Model::tiny().activations(&[1, 2], &[Spot { site: Site::Resid, layer: 3 }])?;
/// assert_eq!(acts.at(Site::Resid, 3).expect("recorded").dims(), [2, 16]);
/// # Ok::<(), mambascope_model::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Activations {
    ids: Vec<u32>,
    logits: Tensor,
    tensors: BTreeMap<Spot, Tensor>,
}

impl Activations {
    /// The prompt's tokens; none where embeddings were run.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Says which tokens were run.
    pub(crate) fn name(&mut self, ids: &[u32]) {
        self.ids = ids.to_vec();
    }

    /// The logits after each token, `[L, V]`.
    pub const fn logits(&self) -> &Tensor {
        &self.logits
    }

    /// The activation of a site of a layer, `[L, ...]` with [`Site::token_shape`], where it was recorded.
    pub fn at(&self, site: Site, layer: usize) -> Option<&Tensor> {
        self.tensors.get(&Spot { site, layer })
    }

    /// All that was recorded, by site and layer.
    pub fn iter(&self) -> impl Iterator<Item = (Spot, &Tensor)> {
        self.tensors.iter().map(|(spot, tensor)| (*spot, tensor))
    }
}

/// A tap that keeps what it sees.
pub(crate) struct Recorder<'a> {
    wanted: Vec<Spot>,
    /// Asked at each site of each layer.
    goes_on: &'a mut dyn FnMut(usize) -> Result<(), Error>,
    /// The layer that the run is in; at its ends that of the nearest block.
    layer: usize,
    tensors: BTreeMap<Spot, Tensor>,
    /// Tokens of the sites that come one by one.
    steps: BTreeMap<Spot, Vec<Tensor>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        spots: &[Spot],
        goes_on: &'a mut dyn FnMut(usize) -> Result<(), Error>,
    ) -> Self {
        let (tensors, steps) = (BTreeMap::new(), BTreeMap::new());
        Self { wanted: spots.to_vec(), goes_on, layer: 0, tensors, steps }
    }

    pub(crate) fn finish(mut self, logits: Tensor) -> Result<Activations, Error> {
        for (spot, steps) in self.steps {
            self.tensors.insert(spot, Tensor::cat(&steps, 0)?);
        }
        Ok(Activations { ids: Vec::new(), logits, tensors: self.tensors })
    }
}

impl Tap for Recorder<'_> {
    fn reaches(&mut self, spot: Spot) -> Result<(), Error> {
        self.layer = self.layer.max(spot.layer);
        (self.goes_on)(self.layer)
    }

    fn wants(&self, spot: Spot) -> bool {
        self.wanted.contains(&spot)
    }

    fn visit(&mut self, spot: Spot, activation: Tensor) -> Result<Tensor, Error> {
        self.tensors.insert(spot, activation.clone());
        Ok(activation)
    }

    fn step(&mut self, spot: Spot, _: usize, activation: Tensor) -> Result<Tensor, Error> {
        self.steps.entry(spot).or_default().push(activation.clone());
        Ok(activation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Site};

    #[test]
    fn a_run_ends_at_whichever_site_it_is_told_to() {
        let (model, ids) = (Model::tiny(), [3, 1, 4]);
        let layers = model.config().layers;
        let run = |end: usize| {
            let mut asked = Vec::new();
            let mut goes_on = |layer: usize| {
                asked.push(layer);
                if asked.len() > end { Err(Error::EmptyPrompt) } else { Ok(()) }
            };
            let spots = [Spot { site: Site::State, layer: 1 }];
            let ended = model.activations_while(&ids, &spots, &mut goes_on);
            (asked, ended.is_err())
        };
        let (asked, ended) = run(usize::MAX);
        assert!(!ended && asked.is_sorted());
        for layer in 0..layers {
            let times = asked.iter().filter(|&&at| at == layer).count();
            assert!(times >= 10, "{times} times in layer {layer}");
        }
        for end in 0..asked.len() {
            let (asked, ended) = run(end);
            assert!(ended && asked.len() == end + 1, "{end}: {asked:?}");
        }
    }
}
