//! Weights that stay in their files until they are asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use candle_core::Tensor;
use rayon::prelude::*;

use super::entry::{Entry, Kind};
use super::names::HEAD;
use super::{damaged, read};
use crate::blob::Blob;
use crate::config::Config;
use crate::error::Error;
use crate::reading::Meter;
use crate::source::Files;

/// Where each weight lies, in files that were checked whole.
#[derive(Debug)]
pub(super) struct Stored {
    files: Vec<Checked>,
    /// By name, the number of the file and the place in it.
    places: BTreeMap<String, (usize, Entry)>,
}

/// A file, and what shows that it is still the one that was checked.
#[derive(Debug)]
struct Checked {
    blob: Blob,
    length: u64,
    changed: Option<SystemTime>,
}

impl Checked {
    fn of(blob: &Blob) -> Result<Self, Error> {
        Ok(Self { blob: blob.clone(), length: blob.length()?, changed: blob.changed() })
    }

    fn is_the_same(&self) -> Result<bool, Error> {
        Ok(self.blob.length()? == self.length && self.blob.changed() == self.changed)
    }
}

impl Stored {
    /// Checks every tensor of a checkpoint; the head is left out where it is tied.
    pub(super) fn check(files: &Files, config: &Config, meter: &Meter) -> Result<Self, Error> {
        // Noted before anything is read, so that a change while it is being checked shows too.
        let checked = files.weights.iter().map(Checked::of).collect::<Result<Vec<_>, _>>()?;
        let mut places = read::places(files, config)?;
        places.retain(|place| !(config.tied_head && place.entry.name == HEAD));
        meter.begins(places.iter().map(|place| place.entry.bytes).sum());
        let one = |place: &read::Place<'_>| {
            meter.check()?;
            let problem = read::finite(place).err();
            meter.add(place.entry.bytes);
            Ok(problem)
        };
        let found = places.par_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
        read::refuse(found.into_iter().flatten().collect())?;
        let of = |place: read::Place<'_>| (place.entry.name.clone(), (place.file, place.entry));
        Ok(Self { places: places.into_iter().map(of).collect(), files: checked })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The file that a tensor is in; none for a name that is unknown.
    pub(super) fn file_of(&self, name: &str) -> PathBuf {
        let file = self.places.get(name).and_then(|(file, _)| self.files.get(*file));
        file.map(|file| file.blob.path().to_owned()).unwrap_or_default()
    }

    /// Reads a tensor, if there is one of that name.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let Some(place) = self.place(name)? else { return Ok(None) };
        read::tensor(&place).map(Some).map_err(|problem| Error::Weights { problems: vec![problem] })
    }

    /// A tensor's type and shape in words, then its numbers.
    pub(super) fn bytes(&self, name: &str, take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        let Some(place) = self.place(name)? else {
            return Err(Error::UnknownTensor { name: name.to_owned() });
        };
        let dtype = if place.entry.kind == Kind::F64 { "f64" } else { "f32" };
        take(super::header(dtype, &place.entry.shape).as_bytes());
        read::bytes(&place, take).map_err(|problem| Error::Weights { problems: vec![problem] })
    }

    /// Where a tensor is, if there is one of that name and its file is still the one that was checked.
    fn place(&self, name: &str) -> Result<Option<read::Place<'_>>, Error> {
        let Some((file, entry)) = self.places.get(name) else { return Ok(None) };
        let checked = &self.files[*file];
        if checked.is_the_same()? {
            return Ok(Some(read::Place {
                blob: &checked.blob,
                file: *file,
                entry: entry.clone(),
            }));
        }
        let path = checked.blob.path();
        let problem = damaged(path, name, "a file that has changed since", "the file as it was");
        Err(Error::Weights { problems: vec![problem] })
    }
}
