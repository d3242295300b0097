//! Which cells a plan restores: a grid of tokens and centres of layers.

use std::ops::Range;

use mambascope_model::{Model, Site};

use super::{Problem, default_window, site_layers};
use crate::Error;
use crate::at::{At, Extent, TokenSet, Window};
use crate::plan::Restore;

/// The cells of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    pub(crate) site: Site,
    pub(crate) tokens: Vec<usize>,
    /// Centres.
    pub(crate) layers: Vec<usize>,
    pub(crate) window: Window,
}

/// Fits a restore to a model and a prompt; what depends on an unsound prompt is left out.
pub(super) fn resolve(
    model: &Model,
    restore: &Restore,
    length: Option<usize>,
    subject: Option<&Range<usize>>,
    problems: &mut Vec<Problem>,
) -> Option<Grid> {
    let window = restore.window.unwrap_or_else(|| default_window(restore.at.site));
    if window.size == 0 {
        problems.push(Problem::new("a window of 0 layers", "`.window(1)` restores single layers"));
    }
    if window.size > 1 && restore.at.site == Site::Embed {
        let help = "`.window(1)`; the embedding stands before the first layer alone";
        problems.push(Problem::new(format!("a window of {} embeddings", window.size), help));
    }
    let layers = match layers_in(model, &restore.at) {
        Ok(layers) => Some(layers.collect()),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let tokens = match tokens_in(restore.tokens, length?, subject?) {
        Ok(tokens) => Some(tokens.collect()),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    Some(Grid { site: restore.at.site, tokens: tokens?, layers: layers?, window })
}

/// The layers of a place, for those who have no plan.
pub(crate) fn layers_of(model: &Model, at: &At) -> Result<Range<usize>, Error> {
    layers_in(model, at).map_err(|problem| Error::Plan { problems: vec![problem] })
}

fn layers_in(model: &Model, at: &At) -> Result<Range<usize>, Problem> {
    let count = site_layers(model, at);
    let layers = at.layers.within(count);
    if layers.start < layers.end && layers.end <= count {
        return Ok(layers);
    }
    let what = if at.site == Site::Embed {
        format!("layers {} of the embedding, which stands before the first layer alone", at.layers)
    } else {
        format!("layers {} are asked for; {} has {count}, counted from 0", at.layers, model.name())
    };
    Err(Problem::new(what, suggestion(at.layers, count)))
}

fn tokens_in(
    set: TokenSet,
    length: usize,
    subject: &Range<usize>,
) -> Result<Range<usize>, Problem> {
    match set {
        TokenSet::All => Ok(0..length),
        TokenSet::Subject => Ok(subject.clone()),
        TokenSet::SubjectLast => Ok(subject.end - 1..subject.end),
        TokenSet::Last => Ok(length - 1..length),
        TokenSet::Range(extent) => {
            let tokens = extent.within(length);
            if tokens.start < tokens.end && tokens.end <= length {
                Ok(tokens)
            } else {
                let what = format!(
                    "tokens {extent} are asked for; the prompt has {length}, counted from 0"
                );
                Err(Problem::new(what, suggestion(extent, length)))
            }
        }
    }
}

/// The part of a run that exists, or all of it.
fn suggestion(extent: Extent, count: usize) -> String {
    match extent.first {
        Some(first) if first < count => format!("`{first}..{count}` or `{first}..`"),
        _ => format!("`0..{count}` or `..`"),
    }
}
