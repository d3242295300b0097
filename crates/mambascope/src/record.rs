//! Recorded activations, and how they are saved.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Tensor};
use mambascope_model::{Activations, Model, Site, Spot};

use crate::Error;
use crate::npz::{Array, Npz};
use crate::save::{self, Ending};
use crate::watch::{Stage, Watch, stopped, unstopped};

/// The endings that activations are written under.
const ENDINGS: &[Ending] = &[Ending::Npz, Ending::Safetensors];
/// The same in words.
const KNOWN: &str = "`.npz` or `.safetensors`";

/// What a prompt was at the sites that were asked for, and its logits.
#[derive(Debug, Clone)]
pub struct Record {
    activations: Activations,
}

impl Record {
    /// Runs a prompt and keeps what it is at these spots.
    ///
    /// # Errors
    /// When it cannot be run, or the watcher stops it.
    pub(crate) fn run(
        model: &Model,
        ids: &[u32],
        spots: &[Spot],
        watch: &dyn Watch,
    ) -> Result<Self, Error> {
        let layers = model.config().layers;
        let mut goes_on = |layer: usize| {
            watch.stage(Stage::Record, layer, layers);
            stopped(watch)
        };
        let activations = model.activations_while(ids, spots, &mut goes_on).map_err(unstopped)?;
        watch.stage(Stage::Record, layers, layers);
        Ok(Self { activations })
    }

    /// The activation of a site of a layer, `[L, width]`, where it was recorded.
    pub fn at(&self, site: Site, layer: usize) -> Option<&Tensor> {
        self.activations.at(site, layer)
    }

    /// One of the K inputs in the convolution's window of each token, `[L, E]`: 0 is the oldest, K-1 the token's own; `None`
    /// where `ConvState` was not recorded or has no such tap.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let acts = Model::tiny().record_all([5, 9, 2], &[At::from(Site::ConvState), At::from(Site::ConvIn)])?;
    /// let own = acts.tap(1, 3).expect("the last of four");
    /// assert_eq!(own.to_vec2::<f32>()?, acts.at(Site::ConvIn, 1).expect("recorded").to_vec2::<f32>()?);
    /// assert!(acts.tap(1, 4).is_none());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn tap(&self, layer: usize, tap: usize) -> Option<Tensor> {
        let windows = self.at(Site::ConvState, layer)?; // [L, E, K]
        windows.narrow(2, tap, 1).and_then(|tap| tap.squeeze(2)).ok()
    }

    /// All that was recorded, by site and layer.
    pub fn iter(&self) -> impl Iterator<Item = (Site, usize, &Tensor)> {
        self.activations.iter().map(|(spot, tensor)| (spot.site, spot.layer, tensor))
    }

    /// The logits after each token, `[L, V]`.
    pub const fn logits(&self) -> &Tensor {
        self.activations.logits()
    }

    /// The prompt's tokens.
    pub fn input_ids(&self) -> &[u32] {
        self.activations.ids()
    }

    /// The tensors as a file names them: `input_ids` (int64), `logits` and `<site>.<layer>`, in the precision that they were
    /// computed in (f32, or f64 by [`Compute::Reference64`](crate::Compute::Reference64)).
    fn named(&self) -> Result<Vec<(String, Tensor)>, Error> {
        let ids: Vec<i64> = self.input_ids().iter().map(|&id| i64::from(id)).collect();
        let ids = Tensor::from_slice(&ids, ids.len(), &candle_core::Device::Cpu)?;
        let mut named =
            vec![("input_ids".to_owned(), ids), ("logits".to_owned(), written(self.logits())?)];
        for (spot, tensor) in self.activations.iter() {
            let name = format!("{}.{}", spot.site, spot.layer);
            named.push((name, written(tensor)?));
        }
        Ok(named)
    }

    /// Writes the activations: `.npz` or `.safetensors`, aside first and then renamed. Numbers that were computed in f64 are
    /// written in f64, all others in f32.
    ///
    /// # Errors
    /// For another ending, or when the file cannot be written.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<&Self, Error> {
        let file = file.as_ref();
        match Ending::of(file, ENDINGS, KNOWN)? {
            Ending::Npz => self.npz()?.save(file)?,
            _ => mambascope_files::write(file, &self.safetensors()?)?,
        }
        Ok(self)
    }

    /// Refuses a name under which activations cannot be written.
    ///
    /// # Errors
    /// As said, before any work.
    pub fn check_name(file: &Path) -> Result<(), Error> {
        Ending::of(file, ENDINGS, KNOWN).map(|_| ())
    }

    /// Refuses a file to which activations cannot be written: its name, its folder, what is there, the space left.
    ///
    /// # Errors
    /// As said, before any work. [`save`](Self::save) may still fail, for what changes in between.
    pub fn check_file(file: impl AsRef<Path>) -> Result<(), Error> {
        save::check(file.as_ref(), ENDINGS, KNOWN)
    }

    fn npz(&self) -> Result<Npz, Error> {
        let mut npz = Npz::default();
        for (name, tensor) in self.named()? {
            let shape = tensor.dims().to_vec();
            let flat = tensor.flatten_all()?;
            let array = match flat.dtype() {
                DType::I64 => Array::new(shape, flat.to_vec1::<i64>()?)?,
                DType::F64 => Array::new(shape, flat.to_vec1::<f64>()?)?,
                _ => Array::new(shape, flat.to_vec1::<f32>()?)?,
            };
            npz.insert(name, array);
        }
        Ok(npz)
    }

    fn safetensors(&self) -> Result<Vec<u8>, Error> {
        let tensors: BTreeMap<String, Tensor> = self.named()?.into_iter().collect();
        safetensors::serialize(&tensors, None)
            .map_err(|error| candle_core::Error::from(error).into())
    }
}

/// A tensor as it is written: f64 stays f64.
fn written(tensor: &Tensor) -> Result<Tensor, Error> {
    let dtype = if tensor.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
    Ok(tensor.to_dtype(dtype)?)
}
