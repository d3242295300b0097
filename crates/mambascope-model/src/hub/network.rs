//! The hub over the network: a model's listing, and its files into the cache.

use std::path::{Path, PathBuf};

use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};

use super::absence;
use crate::error::Error;
use crate::folder::Shelf;
use crate::source::is_revision;

/// How often a broken download is taken up again.
const RETRIES: usize = 3;

/// Where the hub is, and as whom it is asked.
pub(super) struct Access {
    pub(super) endpoint: Option<String>,
    pub(super) token: Option<String>,
}

/// One commit of a model on the hub.
pub(super) struct Remote {
    api: Api,
    id: String,
    revision: String,
    commit: String,
    names: Vec<String>,
    snapshot: PathBuf,
}

impl Remote {
    /// Asks what the model has, and at which commit the revision stands.
    pub(super) fn open(
        cache: &Path,
        access: Access,
        id: &str,
        revision: &str,
    ) -> Result<Self, Error> {
        let failed = |message: String| Error::Hub {
            id: id.to_owned(),
            revision: revision.to_owned(),
            message,
        };
        // The cache links its files by relative paths, which need a beginning.
        let cache = std::path::absolute(cache).map_err(|error| failed(error.to_string()))?;
        let cache = Cache::new(cache);
        let mut builder = ApiBuilder::from_cache(cache.clone())
            .with_progress(false)
            .with_retries(RETRIES)
            .with_token(access.token);
        if let Some(endpoint) = access.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let api = builder.build().map_err(|error| failed(error.to_string()))?;
        let repo = repo(id, revision);
        let info = api.repo(repo.clone()).info().map_err(|error| failed(error.to_string()))?;
        if !is_revision(&info.sha) || info.sha.contains('/') {
            return Err(failed("its listing names no commit".to_owned()));
        }
        let cached = cache.repo(repo);
        cached.create_ref(&info.sha).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            api,
            id: id.to_owned(),
            revision: revision.to_owned(),
            snapshot: cached.pointer_path(&info.sha),
            commit: info.sha,
            names: info.siblings.into_iter().map(|sibling| sibling.rfilename).collect(),
        })
    }

    /// Leaves the mark by which a later look needs no network; a failure costs only that.
    fn remember_absence(&self, name: &str) {
        if let Some(mark) = absence(&self.snapshot, name)
            && let Some(folder) = mark.parent()
        {
            let _ = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&mark, ""));
        }
    }
}

impl Shelf for Remote {
    fn file(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        if !self.names.iter().any(|listed| listed == name) {
            self.remember_absence(name);
            return Ok(None);
        }
        let here = self.snapshot.join(name);
        if here.is_file() {
            return Ok(Some(here));
        }
        let fetched = self.api.repo(repo(&self.id, &self.commit)).download(name);
        fetched.map(Some).map_err(|error: ApiError| Error::Hub {
            id: self.id.clone(),
            revision: self.revision.clone(),
            message: format!("{name}: {error}"),
        })
    }

    fn place(&self) -> PathBuf {
        PathBuf::from(format!("{}@{}", self.id, self.revision))
    }
}

fn repo(id: &str, revision: &str) -> Repo {
    Repo::with_revision(id.to_owned(), RepoType::Model, revision.to_owned())
}
