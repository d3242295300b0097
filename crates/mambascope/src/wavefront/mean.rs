//! The mean of sites over prompts, which run one after the other; of their activations only sums are kept.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use candle_core::{DType, Tensor};
use mambascope_model::{Config, Error as ModelError, Model, Site, Spot, Tap};

use super::places::named;
use crate::Error;
use crate::check::{Grid, prompt_ids};
use crate::plan::{Bos, Prompt};
use crate::prompts::each_prompt;
use crate::watch::{Stage, Watch, stopped};

/// A row for each site and layer.
pub(super) type Rows = BTreeMap<(Site, usize), Vec<f64>>;

/// The places whose means fill a grid's cells: its sites in every layer of the model.
///
/// Layers that the grid leaves out are averaged too, because a layer that is looked into sums in another order, which would
/// change the last bits of the layers above it.
pub(super) fn spots(grid: &Grid, config: &Config) -> Vec<Spot> {
    let of_site = |site: Site| (0..site.layers(config)).map(move |layer| Spot { site, layer });
    grid.sites().into_iter().flat_map(of_site).collect()
}

/// The mean of some places over all tokens of some prompts.
///
/// # Errors
/// When a prompt is not sound, or the watcher stops.
pub(crate) fn means(
    model: &Model,
    spots: &[Spot],
    (prompts, bos): (&[Prompt], Bos),
    watch: &dyn Watch,
) -> Result<Rows, Error> {
    let mut sum = Sum::new(model, spots, watch, prompts.len());
    for prompt in prompts {
        sum.add(&prompt_ids(model, prompt, bos)?)?;
    }
    Ok(sum.finish())
}

/// The mean of some places over all tokens of a file's prompts, of which there are so many.
///
/// # Errors
/// When a line is no prompt, or the watcher stops.
pub(super) fn over_file(
    model: &Model,
    spots: &[Spot],
    (file, count): (&Path, usize),
    bos: Bos,
    watch: &dyn Watch,
) -> Result<Rows, Error> {
    let mut sum = Sum::new(model, spots, watch, count);
    let mut failed = None;
    let mut listener = |line: usize, prompt: Result<String, String>| {
        let message = |what: String| Error::Facts {
            file: file.to_owned(),
            message: format!("line {line}: {what}"),
        };
        let ids = prompt.map_err(message).and_then(|text| {
            let unsound = |error: Error| message(error.to_string());
            prompt_ids(model, &Prompt::Text(text), bos).map_err(unsound)
        });
        match ids.and_then(|ids| sum.add(&ids)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    each_prompt(file, &mut listener)?;
    failed.map_or_else(|| Ok(sum.finish()), Err)
}

/// Sums over the tokens of prompts.
struct Sum<'a> {
    model: &'a Model,
    watch: &'a dyn Watch,
    adder: Adder<'a>,
    tokens: usize,
    prompts: usize,
    all: usize,
}

impl<'a> Sum<'a> {
    fn new(model: &'a Model, spots: &[Spot], watch: &'a dyn Watch, all: usize) -> Self {
        let row =
            |spot: &Spot| ((spot.site, spot.layer), vec![0.0; spot.site.width(model.config())]);
        let adder = Adder { sums: spots.iter().map(row).collect(), watch };
        Self { model, watch, adder, tokens: 0, prompts: 0, all }
    }

    fn add(&mut self, ids: &[u32]) -> Result<(), Error> {
        let run = self.model.run_with(ids, &mut self.adder).map_err(crate::watch::unstopped);
        run.map_err(|error| {
            named(error, |token| (token, format!("prompt {} of the mean", self.prompts)))
        })?;
        self.tokens += ids.len();
        self.prompts += 1;
        self.watch.stage(Stage::Mean, self.prompts, self.all);
        Ok(())
    }

    fn finish(self) -> Rows {
        let mut sums = self.adder.sums;
        sums.values_mut().flatten().for_each(|sum| *sum /= self.tokens as f64);
        sums
    }
}

/// A tap that adds up what it sees.
struct Adder<'a> {
    sums: Rows,
    watch: &'a dyn Watch,
}

impl Tap for Adder<'_> {
    fn wants(&self, spot: Spot) -> bool {
        self.sums.contains_key(&(spot.site, spot.layer))
    }

    fn reaches(&mut self, _: Spot) -> Result<(), ModelError> {
        stopped(self.watch)
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        if let Some(sum) = self.sums.get_mut(&(spot.site, spot.layer)) {
            let row: Vec<f64> = now.to_dtype(DType::F64)?.sum(0)?.flatten_all()?.to_vec1()?;
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        Ok(now)
    }
}
