//! Knock-outs: some tokens do not see some others, through the scan, the convolution, or both.

use std::collections::BTreeMap;
use std::ops::Range;

use candle_core::{DType, Tensor};
use mambascope_model::{Error as ModelError, Model, Site, Spot, Tap, Timing};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::at::{Extent, TokenSet, Window};
use crate::check::{self, Problem};
use crate::trace::Trace;

/// Through which lane tokens do not see others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lanes {
    /// Through neither: with one alone, the source still leaks through the other.
    #[default]
    Both,
    /// Through the scan.
    Scan,
    /// Through the convolution, which reaches K-1 tokens.
    Convolution,
}

/// What of a source token the scan of a target does not see.
///
/// # Source
/// `knockout_scan.py` of nirendy/mamba-knockout: `ZERO_ATTENTION` and `ZERO_DELTA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Neither its write nor its decay: the token might not be there.
    #[default]
    Invisible,
    /// Its write; the state still decays by its time step, which so goes on to depend on the token.
    Write,
}

/// In which channels the scan is cut, by how slowly they forget.
///
/// Channels are ranked by the sum of `exp(-exp(A_log))` over their states, as mamba-knockout ranks features.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// In all of them.
    #[default]
    All,
    /// In this share of them, the slowest to forget.
    Slowest(f64),
    /// In this share of them, the fastest to forget.
    Fastest(f64),
}

/// A knock-out as data: which tokens do not see which, in which layers.
///
/// A token that is both source and target does not see itself either, through the lanes that are cut; its direct path,
/// gate and residual remain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knock {
    /// Who is not seen.
    pub from: TokenSet,
    /// Who does not see.
    pub to: TokenSet,
    /// In which layers, all together; or the centres of windows.
    pub layers: Extent,
    /// How many layers around each centre; all of `layers` together where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Through which lanes.
    #[serde(default)]
    pub lanes: Lanes,
    /// What is not seen.
    #[serde(default)]
    pub removal: Removal,
    /// In which channels of the scan.
    #[serde(default)]
    pub channels: Channels,
}

/// A knock-out about to be run; verbs return a new one.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Corruption::Nothing);
/// let knocked = trace.knock_out(Subject, Last, 1..3).lanes(Lanes::Scan).run()?;
/// assert_eq!(knocked.scores().len(), 1);
/// let windows = trace.knock_out(Subject, Last, ..).window(2).run()?;
/// assert_eq!(windows.scores().len(), 4);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct KnockOut {
    trace: Trace,
    knock: Knock,
}

/// What a knock-out measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knocked {
    knock: Knock,
    answer: u32,
    high: f64,
    layers: Vec<Range<usize>>,
    scores: Vec<f64>,
}

impl Knocked {
    /// What was knocked out.
    pub const fn knock(&self) -> &Knock {
        &self.knock
    }

    /// The token whose probability was measured.
    pub const fn answer_id(&self) -> u32 {
        self.answer
    }

    /// p(answer) of the run as it is.
    pub const fn high(&self) -> f64 {
        self.high
    }

    /// The layers that were knocked out together, for each score.
    pub fn layers(&self) -> &[Range<usize>] {
        &self.layers
    }

    /// p(answer) for each run of layers.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// (p - p0) / p0 for each run of layers, as published.
    pub fn relative(&self) -> Vec<f64> {
        self.scores.iter().map(|score| (score - self.high) / self.high).collect()
    }
}

impl Trace {
    /// Lets some tokens not see some others in these layers of the clean run.
    ///
    /// # Cost
    /// One forward pass for each run of layers, step by step in the layers that are cut.
    pub fn knock_out(
        &self,
        from: impl Into<TokenSet>,
        to: impl Into<TokenSet>,
        layers: impl Into<Extent>,
    ) -> KnockOut {
        let knock = Knock {
            from: from.into(),
            to: to.into(),
            layers: layers.into(),
            window: None,
            lanes: Lanes::default(),
            removal: Removal::default(),
            channels: Channels::default(),
        };
        KnockOut { trace: self.clone(), knock }
    }
}

impl KnockOut {
    fn change(&self, change: impl FnOnce(&mut Knock)) -> Self {
        let mut next = self.clone();
        change(&mut next.knock);
        next
    }

    /// Cuts these lanes.
    pub fn lanes(&self, lanes: Lanes) -> Self {
        self.change(|knock| knock.lanes = lanes)
    }

    /// Says what of the sources is not seen.
    pub fn removal(&self, removal: Removal) -> Self {
        self.change(|knock| knock.removal = removal)
    }

    /// Cuts the scan in these channels.
    pub fn channels(&self, channels: Channels) -> Self {
        self.change(|knock| knock.channels = channels)
    }

    /// Slides a window over the layers instead of cutting all of them together.
    pub fn window(&self, window: impl Into<Window>) -> Self {
        self.change(|knock| knock.window = Some(window.into()))
    }

    /// The knock-out as data.
    pub const fn knock(&self) -> &Knock {
        &self.knock
    }

    /// Checks the knock-out against model and prompt without running it.
    ///
    /// # Errors
    /// All that is wrong with it, at once, each with what to write instead.
    pub fn check(&self) -> Result<(), Error> {
        self.resolve().map(|_| ())
    }

    /// The knock-out in words, with its cost; problems, if it cannot run.
    pub fn explain(&self) -> String {
        let (ids, tap) = match self.resolve() {
            Ok((ids, _, tap)) => (ids, tap),
            Err(error) => return error.to_string(),
        };
        let runs = self.runs_of_layers().unwrap_or_default();
        let Knock { layers, lanes, removal, channels, window, .. } = &self.knock;
        let lanes = match lanes {
            Lanes::Both => "scan and convolution",
            Lanes::Scan => "the scan",
            Lanes::Convolution => "the convolution",
        };
        let removal = match removal {
            Removal::Invisible => "neither written nor decayed by",
            Removal::Write => "not written by",
        };
        let channels = match channels {
            Channels::All => "all channels".to_owned(),
            Channels::Slowest(share) => format!("the slowest {:.0}% of channels", 100.0 * share),
            Channels::Fastest(share) => format!("the fastest {:.0}% of channels", 100.0 * share),
        };
        let together =
            window.map_or_else(|| "together".to_owned(), |window| format!("in {window}"));
        format!(
            "knock-out on {} ({} layers)\n  \
             tokens   {:?} do not see {:?}, of {}\n  \
             layers   {layers}, {together}\n  \
             through  {lanes}; states are {removal} the sources, in {channels}\n  \
             cost     {} forward passes",
            self.trace.model().name(),
            self.trace.model().config().layers,
            tap.to,
            tap.from,
            ids.len(),
            runs.len() + 1,
        )
    }

    /// Runs the knock-out.
    ///
    /// # Errors
    /// When it does not fit the model or the prompt, all problems at once; or when an operation fails.
    pub fn run(&self) -> Result<Knocked, Error> {
        let (ids, answer, tap) = self.resolve()?;
        let model = self.trace.model();
        let clean = model.logits(&ids)?;
        let answer = match answer {
            Some(answer) => answer,
            None => model.predict(&ids)?.0,
        };
        let runs = self.runs_of_layers()?;
        let mut scores = Vec::new();
        for layers in &runs {
            let mut tap = Cut { layers: layers.clone(), ..tap.clone() };
            scores.push(probability(&model.run_with(&ids, &mut tap)?, answer)?);
        }
        let high = probability(&clean, answer)?;
        Ok(Knocked { knock: self.knock.clone(), answer, high, layers: runs, scores })
    }

    fn runs_of_layers(&self) -> Result<Vec<Range<usize>>, Error> {
        let count = self.trace.model().config().layers;
        let at = (Site::State, self.knock.layers).into();
        let layers = check::layers_of(self.trace.model(), &at)?;
        Ok(match self.knock.window {
            None => vec![layers],
            Some(window) => layers.map(|centre| window.layers(centre, count)).collect(),
        })
    }

    /// The prompt, the answer where it is named, and the tap; or all that is wrong.
    fn resolve(&self) -> Result<(Vec<u32>, Option<u32>, Cut), Error> {
        let (knock, model) = (&self.knock, self.trace.model());
        let (resolved, mut problems) = match self.trace.resolve_clean() {
            Ok(resolved) => (Some(resolved), Vec::new()),
            Err(Error::Plan { problems }) => (None, problems),
            Err(other) => return Err(other),
        };
        if self.trace.plan().restore.is_some() {
            problems.push(Problem::new(
                "something is restored and something knocked out",
                "knock out on a trace without `.restore(..)`: a knock-out is of the clean run",
            ));
        }
        if !self.trace.plan().metrics.is_empty() || self.trace.plan().foil.is_some() {
            problems.push(Problem::new(
                "a knock-out is to be measured otherwise than by p(answer)",
                "leave `.metrics(..)` and `.foil(..)` out: a knock-out measures p(answer) alone",
            ));
        }
        if let Err(Error::Plan { problems: more }) = self.runs_of_layers() {
            problems.extend(more);
        }
        if knock.window.is_some_and(|window| window.size == 0) {
            problems.push(Problem::new("a window of 0 layers", "`.window(1)` cuts single layers"));
        }
        if let Channels::Slowest(share) | Channels::Fastest(share) = knock.channels
            && !(share > 0.0 && share <= 1.0)
        {
            problems.push(Problem::new(
                format!("a share of {share} of the channels"),
                "a number above 0 and up to 1, such as `Channels::Slowest(0.33)`",
            ));
        }
        let mut tokens = |set: TokenSet| {
            let prompt = &resolved.as_ref()?.prompt;
            check::tokens_in(set, prompt).map_err(|problem| problems.push(problem)).ok()
        };
        let (from, to) = (tokens(knock.from), tokens(knock.to));
        if let (Some(from), Some(to)) = (&from, &to)
            && from.start >= to.end
        {
            problems.push(Problem::new(
                format!("tokens {to:?} are not to see tokens {from:?}, which come after them"),
                "sources come before targets: `.knock_out(Subject, Last, ..)`",
            ));
        }
        match (resolved, from, to) {
            (Some(resolved), Some(from), Some(to)) if problems.is_empty() => {
                let tap = Cut::new(model, knock, from, to)?;
                Ok((resolved.prompt.ids, resolved.asked.answer, tap))
            }
            _ => Err(Error::Plan { problems }),
        }
    }
}

fn probability(logits: &Tensor, answer: u32) -> Result<f64, Error> {
    let last = logits.get(logits.dim(0)? - 1)?.to_dtype(DType::F64)?;
    let last: Vec<f64> = last.to_vec1()?;
    let top = last.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = last.iter().map(|logit| (logit - top).exp()).sum();
    Ok((last[answer as usize] - top).exp() / sum)
}

/// A tap by which targets read states and windows that the sources never entered; what later tokens read stays.
#[derive(Debug, Clone)]
struct Cut {
    from: Range<usize>,
    to: Range<usize>,
    layers: Range<usize>,
    lanes: Lanes,
    removal: Removal,
    /// For each layer whether each channel is cut.
    channels: Vec<Vec<u8>>,
    /// For each layer that runs the decays and writes of all tokens.
    seen: BTreeMap<Spot, Tensor>,
    /// The state that the sources never entered, of the layer that runs.
    without: Option<Tensor>,
}

impl Cut {
    fn new(
        model: &Model,
        knock: &Knock,
        from: Range<usize>,
        to: Range<usize>,
    ) -> Result<Self, Error> {
        let channels = (0..model.config().layers).map(|layer| cut_channels(model, layer, knock));
        Ok(Self {
            from,
            to,
            layers: 0..0,
            lanes: knock.lanes,
            removal: knock.removal,
            channels: channels.collect::<Result<_, Error>>()?,
            seen: BTreeMap::new(),
            without: None,
        })
    }

    /// The state `[E, N]` after a token, as if the sources had never entered it.
    fn step_without(
        &mut self,
        layer: usize,
        token: usize,
        now: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let before = match self.without.take() {
            Some(state) if token > 0 => state,
            _ => now.zeros_like()?,
        };
        let source = self.from.contains(&token);
        let row = |site| self.seen[&Spot { site, layer }].get(token);
        let after = match (source, self.removal) {
            (true, Removal::Invisible) => before,
            (true, Removal::Write) => (before * row(Site::Decay)?)?,
            (false, _) => ((before * row(Site::Decay)?)? + row(Site::Write)?)?,
        };
        self.without = Some(after.clone());
        Ok(after)
    }
}

/// One for each channel of a layer that is cut.
fn cut_channels(model: &Model, layer: usize, knock: &Knock) -> Result<Vec<u8>, Error> {
    let count = model.config().inner;
    let (share, slowest) = match knock.channels {
        Channels::All => return Ok(vec![1; count]),
        Channels::Slowest(share) => (share, true),
        Channels::Fastest(share) => (share, false),
    };
    let a_log = model.tensors().tensor(&format!("backbone.layers.{layer}.mixer.A_log"))?;
    let kept = a_log.to_dtype(DType::F64)?.exp()?.neg()?.exp()?.sum(1)?;
    let kept: Vec<f64> = kept.to_vec1()?;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&one, &other| kept[one].total_cmp(&kept[other]));
    if slowest {
        order.reverse();
    }
    let mut cut = vec![0; count];
    let chosen = ((count as f64 * share).round() as usize).max(1);
    order.iter().take(chosen).for_each(|&channel| cut[channel] = 1);
    Ok(cut)
}

impl Tap for Cut {
    fn wants(&self, spot: Spot) -> bool {
        self.layers.contains(&spot.layer)
            && match spot.site {
                Site::State | Site::Decay | Site::Write => self.lanes != Lanes::Convolution,
                Site::ConvState => self.lanes != Lanes::Scan,
                _ => false,
            }
    }

    fn timing(&self, _: Spot) -> Timing {
        Timing::ReadOnly
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        self.seen.insert(spot, now.clone());
        Ok(now)
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        let state = now.get(0)?;
        if spot.site == Site::State {
            let without = self.step_without(spot.layer, token, &state)?;
            if !self.to.contains(&token) {
                return Ok(now);
            }
            let cut = Tensor::new(self.channels[spot.layer].as_slice(), now.device())?;
            let cut = cut.unsqueeze(1)?.broadcast_as(state.shape())?;
            return Ok(cut.where_cond(&without, &state)?.unsqueeze(0)?);
        }
        if !self.to.contains(&token) {
            return Ok(now);
        }
        // The window ends with the token itself.
        let width = state.dim(1)?;
        let sees = |place: usize| {
            let source = (token + place + 1).checked_sub(width);
            u8::from(!source.is_some_and(|source| self.from.contains(&source)))
        };
        let sees: Vec<u8> = (0..width).map(sees).collect();
        let sees = Tensor::new(sees, now.device())?.unsqueeze(0)?.broadcast_as(state.shape())?;
        Ok(sees.where_cond(&state, &state.zeros_like()?)?.unsqueeze(0)?)
    }
}

#[cfg(test)]
mod tests;
