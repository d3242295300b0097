//! Which cells a plan restores: a grid of tokens and centres of layers, and what is put there.

use std::ops::Range;

use mambascope_model::{Config, Model, Site, Timing};

use super::fill::{Filling, Runs};
use super::{Problem, Spoken, default_window, site_layers};
use crate::Error;
use crate::at::{At, Extent, TokenSet, Window};
use crate::plan::{Plan, Restore};

/// The cells of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// The site that the plan names first.
    pub(crate) site: Site,
    /// All sites that are restored together.
    pub(crate) places: Vec<Place>,
    pub(crate) timing: Timing,
    pub(crate) filling: Filling,
    pub(crate) tokens: Vec<usize>,
    /// Centres.
    pub(crate) layers: Vec<usize>,
    pub(crate) window: Window,
    pub(crate) severed: Vec<Severed>,
}

impl Grid {
    /// All sites that are restored together.
    pub(crate) fn sites(&self) -> Vec<Site> {
        self.places.iter().map(|place| place.site).collect()
    }

    /// Whether a restored token has the giving run's residual stream behind the restored layer.
    pub(crate) fn gives_residual(&self) -> bool {
        let whole = |place: &Place| place.site == Site::Resid && place.columns.is_none();
        matches!(&self.filling, Filling::Plain(fill) if fill.is_other_run())
            && self.places.iter().all(whole)
            && self.severed.iter().all(|severed| severed.site != Site::Resid)
    }

    /// Whether something in a layer is restored or held before the input projections.
    pub(crate) fn looks_before(&self, layer: usize) -> bool {
        let before = |site: Site| matches!(site, Site::ResidIn | Site::NormOut);
        self.places.iter().any(|place| before(place.site))
            || self.severed.iter().any(|held| before(held.site) && held.layers.contains(&layer))
    }
}

/// A site, or part of one, that is restored.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) site: Site,
    /// Which of its numbers; all where none are named.
    pub(crate) columns: Option<Vec<usize>>,
}

/// A site that is held.
#[derive(Debug, Clone)]
pub(crate) struct Severed {
    pub(crate) site: Site,
    pub(crate) layers: Range<usize>,
    /// At which tokens; those restored where none are named.
    pub(crate) tokens: Option<Range<usize>>,
}

/// Fits a restore to a model and a prompt; what depends on an unsound prompt is left out.
pub(super) fn resolve(
    model: &Model,
    plan: &Plan,
    restore: &Restore,
    runs: &Runs<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Grid> {
    let patched = runs.patched;
    let window = restore.window.unwrap_or_else(|| default_window(restore.at.site));
    if window.size == 0 {
        problems.push(Problem::new("a window of 0 layers", "`.window(1)` restores single layers"));
    }
    if window.size > 1 && restore.at.site == Site::Embed {
        let help = "`.window(1)`; the embedding stands before the first layer alone";
        problems.push(Problem::new(format!("a window of {} embeddings", window.size), help));
    }
    let sites: Vec<Site> =
        std::iter::once(restore.at.site).chain(restore.also.iter().copied()).collect();
    check_sites(&sites, restore, problems);
    let layers = noted(layers_in(model, &restore.at), problems);
    let filled = (restore, sites.as_slice(), layers.clone());
    let filling = super::fill::resolve(model, filled, window, runs, problems);
    let places: Vec<Option<Place>> =
        sites.iter().map(|&site| noted(place(model.config(), site, restore), problems)).collect();
    let tokens =
        patched.and_then(|patched| noted(all_tokens_in(restore.tokens, patched), problems));
    let severed = severed(model, plan, &sites, patched, problems);
    Some(Grid {
        site: restore.at.site,
        places: places.into_iter().collect::<Option<_>>()?,
        timing: restore.timing,
        filling,
        tokens: tokens?,
        layers: layers?.collect(),
        window,
        severed,
    })
}

/// A value, or one problem more.
fn noted<T>(found: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    found.map_err(|problem| problems.push(problem)).ok()
}

const fn is_state(site: Site) -> bool {
    matches!(site, Site::State | Site::ConvState)
}

fn check_sites(sites: &[Site], restore: &Restore, problems: &mut Vec<Problem>) {
    for (index, site) in sites.iter().enumerate() {
        if matches!(site, Site::FinalNorm | Site::Logits) {
            problems.push(Problem::new(
                format!("{site} is restored, behind which there is only the answer"),
                "`.restore(Site::Resid)`; read it with `record`",
            ));
        }
        if sites[..index].contains(site) {
            problems.push(Problem::new(
                format!("{site} is restored twice"),
                format!("leave out `.and(Site::{site:?})`"),
            ));
        }
        if index > 0 && (*site == Site::Embed) != (sites[0] == Site::Embed) {
            problems.push(Problem::new(
                format!("{} and {site} are restored together", sites[0]),
                "restore the embedding alone: it stands before the first layer",
            ));
        }
    }
    if restore.timing != Timing::ReadThrough && !sites.iter().any(|&site| is_state(site)) {
        problems.push(Problem::new(
            format!("timing {} of {}, which is no state", restore.timing, sites[0]),
            "`.restore(Site::State)` or `.restore(Site::ConvState)`, or leave `.timing(..)` out",
        ));
    }
}

/// The numbers of a site that are restored.
fn place(config: &Config, site: Site, restore: &Restore) -> Result<Place, Problem> {
    let open = Extent::default();
    let Restore { channels, dims, taps, .. } = restore;
    if [channels, dims, taps].iter().all(|part| **part == open) {
        return Ok(Place { site, columns: None });
    }
    let shape = site.token_shape(config);
    let (channel_count, dim_count) = match site {
        Site::B | Site::C => (None, Some(shape[0])),
        Site::State | Site::Write | Site::Decay => (Some(shape[0]), Some(shape[1])),
        Site::DeltaLow => (None, None),
        _ => (Some(shape[0]), None),
    };
    let tap_count = (site == Site::ConvState).then(|| shape[1]);
    let channels = part(site, Axis::Channels, *channels, channel_count)?;
    let dims = part(site, Axis::Dims, *dims, dim_count)?;
    let taps = part(site, Axis::Taps, *taps, tap_count)?;
    let inner = if site == Site::ConvState { taps } else { dims };
    let width = if shape.len() == 2 { shape[1] } else { 1 };
    let columns = match site {
        Site::B | Site::C => inner.collect(),
        _ if shape.len() == 2 => channels
            .flat_map(|channel| inner.clone().map(move |dim| channel * width + dim))
            .collect(),
        _ => channels.collect(),
    };
    Ok(Place { site, columns: Some(columns) })
}

/// What the numbers of a site are counted by.
#[derive(Debug, Clone, Copy)]
enum Axis {
    Channels,
    Dims,
    Taps,
}

impl Axis {
    const fn words(self) -> &'static str {
        match self {
            Self::Channels => "channels",
            Self::Dims => "state dimensions",
            Self::Taps => "taps",
        }
    }

    /// What to write instead where a site has none of them.
    const fn help(self) -> &'static str {
        match self {
            Self::Channels => {
                "leave `.channels(..)` out, or restore a site that has them: `Site::State`"
            }
            Self::Dims => "leave `.dims(..)` out, or restore a site that has them: `Site::State`",
            Self::Taps => {
                "leave `.taps(..)` out, or restore the site that has them: `Site::ConvState`"
            }
        }
    }
}

/// A run of a site's channels, state dimensions or taps.
fn part(
    site: Site,
    axis: Axis,
    extent: Extent,
    count: Option<usize>,
) -> Result<Range<usize>, Problem> {
    let Some(count) = count else {
        return if extent == Extent::default() {
            Ok(0..1)
        } else {
            let what = format!("{} {extent} of {site}, which has none", axis.words());
            Err(Problem::new(what, axis.help()))
        };
    };
    let range = extent.within(count);
    if range.start < range.end && range.end <= count {
        Ok(range)
    } else {
        let words = axis.words();
        let said = format!("{words} {extent} of {site}, which has {count}, counted from 0");
        Err(Problem::new(said, suggestion(extent, count)))
    }
}

fn severed(
    model: &Model,
    plan: &Plan,
    restored: &[Site],
    patched: Option<&Spoken>,
    problems: &mut Vec<Problem>,
) -> Vec<Severed> {
    let one = |sever: &crate::sever::Sever, problems: &mut Vec<Problem>| {
        let site = sever.at.site;
        if plan.sever.iter().filter(|other| *other == sever).count() > 1 {
            let what = format!("{sever} is severed twice");
            let problem = Problem::new(what, "leave one of the two `.sever(..)` out");
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        if restored.contains(&site) {
            problems.push(Problem::new(
                format!("{site} is both restored and severed"),
                "restore one site and sever another",
            ));
        }
        if matches!(site, Site::Embed | Site::FinalNorm | Site::Logits) {
            problems.push(Problem::new(
                format!("{site} is severed, which is no lane of a block"),
                "sever `ResidSkip`, `ConvState`, `State`, `Gate`, `MixerOut` or another site of a layer",
            ));
        }
        let layers = noted(layers_in(model, &sever.at), problems);
        let tokens = match (sever.tokens, patched) {
            (Some(tokens), Some(patched)) => Some(noted(tokens_in(tokens, patched), problems)?),
            _ => None,
        };
        Some(Severed { site, layers: layers?, tokens })
    };
    plan.sever.iter().filter_map(|sever| one(sever, problems)).collect()
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
    let what = match at.site {
        Site::Embed => {
            format!(
                "layers {} of the embedding, which stands before the first layer alone",
                at.layers
            )
        }
        Site::FinalNorm | Site::Logits => {
            format!("layers {} of {}, which stands above the last layer alone", at.layers, at.site)
        }
        _ => format!(
            "layers {} are asked for; {} has {count}, counted from 0",
            at.layers,
            model.name()
        ),
    };
    Err(Problem::new(what, suggestion(at.layers, count)))
}

/// The tokens of a set in a prompt, in each place of the subject.
pub(crate) fn all_tokens_in(set: TokenSet, prompt: &Spoken) -> Result<Vec<usize>, Problem> {
    let places = prompt.subjects().into_iter();
    Ok(match set {
        TokenSet::Subject => places.flatten().collect(),
        TokenSet::SubjectFirst => places.map(|place| place.start).collect(),
        TokenSet::SubjectLast => places.map(|place| place.end - 1).collect(),
        _ => tokens_in(set, prompt)?.collect(),
    })
}

/// The tokens of a set in a prompt; one run of them.
pub(crate) fn tokens_in(set: TokenSet, prompt: &Spoken) -> Result<Range<usize>, Problem> {
    let (length, subject) = (prompt.ids.len(), &prompt.subject);
    let end = prompt.subject_end();
    let of_subject =
        matches!(set, TokenSet::Subject | TokenSet::SubjectFirst | TokenSet::SubjectLast);
    if of_subject && !prompt.more.is_empty() {
        return Err(Problem::new(
            format!("{set} is asked for; the subject stands in {} places", prompt.more.len() + 1),
            "name the tokens by number, such as `5..7`, or one occurrence: `.occurrence(1)`, `--occurrence 1`",
        ));
    }
    match set {
        TokenSet::All => Ok(0..length),
        TokenSet::Subject => Ok(subject.clone()),
        TokenSet::SubjectFirst => Ok(subject.start..subject.start + 1),
        TokenSet::SubjectLast => Ok(subject.end - 1..subject.end),
        TokenSet::Relation if end + 1 < length => Ok(end..length - 1),
        TokenSet::Relation => Err(Problem::new(
            "the prompt has no relation: nothing stands between its subject and its last token",
            "`.tokens(Last)`, or `.tokens(SubjectLast)`",
        )),
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
