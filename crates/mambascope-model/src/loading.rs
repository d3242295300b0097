//! Loading a model: from where, how it is computed, on how many threads.

use std::path::PathBuf;

use crate::reading::Meter;
use crate::{Checkpoint, Compute, Cpu, Error, Model, Source, Threads};

/// A checkpoint about to be loaded; finish with `load`.
///
/// # Example
/// ```no_run
/// use mambascope_model::{Compute, Model};
/// let model = Model::from_hub("state-spaces/mamba-130m").revision("main").load()?;
/// let exact = Model::from_dir("checkpoints/mine").compute(Compute::Reference64).load()?;
/// # Ok::<(), mambascope_model::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Loading {
    source: Source,
    compute: Compute,
    /// As the environment says, where nothing else is said.
    threads: Option<usize>,
}

impl Loading {
    /// Chooses a revision of a model on the hub; a folder has none.
    pub fn revision(&self, revision: &str) -> Self {
        let source = match &self.source {
            Source::Hub { id, .. } => Source::Hub { id: id.clone(), revision: revision.to_owned() },
            other => other.clone(),
        };
        Self { source, ..self.clone() }
    }

    /// Chooses how the numbers are computed.
    pub fn compute(&self, compute: Compute) -> Self {
        Self { compute, ..self.clone() }
    }

    /// Chooses on how many threads it runs; else `MAMBASCOPE_THREADS` says, or all cores work.
    pub fn threads(&self, count: usize) -> Self {
        Self { threads: Some(count), ..self.clone() }
    }

    /// Reads, checks and packs the checkpoint; a notebook shows how far it is, and may interrupt it.
    ///
    /// # Errors
    /// When the checkpoint is not there, or is not a whole Mamba-1; when there are to be no threads; [`Error::Stopped`] when
    /// it is interrupted, before the next tensor or layer.
    pub fn load(&self) -> Result<Model, Error> {
        Cpu::check_unit()?;
        let threads = self.threads.map_or_else(Threads::from_environment, Threads::new)?;
        let meter = Meter::begin();
        let checkpoint = Checkpoint::open_under(&self.source, &meter)?;
        Model::packed(checkpoint, self.compute, &threads, &meter)
    }
}

impl Model {
    /// Loads a model: `bundled`, a folder, or a hub id such as `state-spaces/mamba-130m`.
    ///
    /// # Errors
    /// When the checkpoint is not there, or is not a whole Mamba-1.
    pub fn load(source: impl Into<Source>) -> Result<Self, Error> {
        Self::loading(source).load()
    }

    /// Begins to load a model from any source.
    pub fn loading(source: impl Into<Source>) -> Loading {
        Loading { source: source.into(), compute: Compute::default(), threads: None }
    }

    /// Begins to load a model from a folder.
    pub fn from_dir(folder: impl Into<PathBuf>) -> Loading {
        Self::loading(Source::Folder(folder.into()))
    }

    /// Begins to load a model from the hub's cache, or the hub.
    pub fn from_hub(id: &str) -> Loading {
        Self::loading(Source::Hub { id: id.to_owned(), revision: "main".to_owned() })
    }
}
