//! Whatever can be said in a plan, against a program that runs each cell as a forward pass under a tap.

use mambascope_model::{Error as ModelError, Timing};

use super::*;
use crate::fill::Fill;
use crate::plan::Direction;
use crate::sever::Sever;
use crate::swap::swap;
use crate::{Corruption, TokenSet};

/// What a plan says, drawn.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) config: Config,
    pub(super) model_seed: u64,
    ids: Vec<u32>,
    subject: Range<usize>,
    swapped: Option<Vec<u32>>,
    noising: bool,
    pub(super) sites: Vec<Site>,
    timing: Timing,
    window: usize,
    part: Option<(usize, usize)>,
    taps: Option<(usize, usize)>,
    sever: Option<(Site, bool)>,
    fill: u8,
}

const STATES: [Site; 2] = [Site::State, Site::ConvState];

pub(super) fn said() -> impl Strategy<Value = Said> {
    let prompt = (2..7_usize)
        .prop_flat_map(|length| (prop::collection::vec(0..32_u32, length), 0..length, 1..4_usize));
    let swapped = prop::option::of(prop::collection::vec(0..32_u32, 1..4));
    let sites = (0..RESTORABLE, 0..RESTORABLE, 0..3_u8, 1..4_usize);
    let sever = prop::option::of((1..RESTORABLE, any::<bool>()));
    let rest = (prop::option::of((0..4_usize, 1..4_usize)), sever, 0..8_u8);
    (configs(), any::<u64>(), prompt, (swapped, any::<bool>()), sites, rest).prop_map(
        |(config, model_seed, prompt, (swapped, noising), sites, (part, sever, fill))| {
            let (ids, start, width) = prompt;
            let subject = start..ids.len().min(start + width);
            // The subject in its own place is refused.
            let swapped = swapped.filter(|swapped| swapped[..] != ids[subject.clone()]);
            let (first, second, time, window) = sites;
            let (first, second) = (Site::ALL[first], Site::ALL[second]);
            let alone = first == second || first == Site::Embed || second == Site::Embed;
            let sites = if alone { vec![first] } else { vec![first, second] };
            let timed = sites.iter().any(|site| STATES.contains(site));
            let timing = match time {
                0 if timed => Timing::CarryOnly,
                1 if timed => Timing::SeedCompat,
                _ => Timing::ReadThrough,
            };
            let sever = sever.map(|(site, last)| (Site::ALL[site], last));
            let sever = sever.filter(|(site, _)| !sites.contains(site));
            let window = if first == Site::Embed { 1 } else { window };
            // Only sites of the inner width have these channels; parts of others are tested by their words.
            let whole = sites.iter().any(|site| site.token_shape(&config)[0] < 12);
            let part = part.filter(|_| !whole);
            let width = config.convolution;
            let windowed = part.filter(|_| sites == [Site::ConvState]);
            let taps =
                windowed.map(|(first, count)| (first % width, count.min(width - first % width)));
            Said {
                config,
                model_seed,
                ids,
                subject,
                swapped,
                noising,
                sites,
                timing,
                window,
                part,
                taps,
                sever,
                fill,
            }
        },
    )
}

impl Said {
    /// What is said here, of the model and the runs of another.
    pub(super) fn of_runs(&self, other: &Self) -> Self {
        let fits = |(first, count): &(usize, usize)| first + count <= other.config.convolution;
        let (site, part) = (self.sites.clone(), self.part);
        let (taps, sever) = (self.taps.filter(fits), self.sever);
        let Self { timing, window, fill, .. } = *self;
        Self { sites: site, timing, window, part, taps, sever, fill, ..other.clone() }
    }

    pub(super) fn trace(&self, model: &Model) -> Trace {
        let corruption = match &self.swapped {
            Some(ids) => Corruption::from(swap(ids.clone())),
            None => Noise::gaussian(0.7).samples(2).seed(9).into(),
        };
        let direction = if self.noising { Direction::Noise } else { Direction::Denoise };
        let fill = match self.fill {
            0 => Fill::Zero,
            1 => Fill::Scaled(-0.5),
            2 => Fill::mean([vec![3_u32, 4], vec![5, 6, 7]]),
            3 => Fill::Noised { deviation: 0.3, seed: 4 },
            _ => Fill::OtherRun,
        };
        let mut trace = model
            .trace(self.ids.clone())
            .subject(self.subject.clone())
            .corrupt(corruption)
            .direction(direction)
            .restore(self.sites[0])
            .window(self.window)
            .timing(self.timing)
            .fill(fill);
        for &site in &self.sites[1..] {
            trace = trace.and(site);
        }
        if let Some((first, count)) = self.part {
            trace = trace.channels(first..first + count);
        }
        if let Some((first, count)) = self.taps {
            trace = trace.taps(first..first + count);
        }
        match self.sever {
            Some((site, true)) => trace.sever_at((site, ..), TokenSet::All),
            Some((site, false)) => trace.sever(Sever::from(site)),
            None => trace,
        }
    }
}

/// One cell as a tap on a run of the whole patched prompt.
struct OneCell<'a> {
    plan: &'a Resolved,
    fills: &'a Fills,
    sample: usize,
    token: usize,
    layers: Range<usize>,
    /// The giving and the patched run, as they were.
    giving: &'a Activations,
    patched: &'a Activations,
}

impl OneCell<'_> {
    fn grid(&self) -> &crate::check::Grid {
        self.plan.grid.as_ref().expect("a grid")
    }

    fn severs(&self, spot: Spot, token: usize) -> bool {
        self.grid().severed.iter().any(|severed| {
            severed.site == spot.site
                && severed.layers.contains(&spot.layer)
                && severed.tokens.clone().map_or(token == self.token, |all| all.contains(&token))
                // A cell begins at its own token; before it nothing differs.
                && token >= self.token
        })
    }

    fn restores(&self, spot: Spot, token: usize) -> bool {
        let here = spot.site == Site::Embed || self.layers.contains(&spot.layer);
        here && token == self.token && self.grid().sites().contains(&spot.site)
    }

    /// What one token's activation becomes.
    fn becomes(&self, spot: Spot, token: usize, now: &Tensor) -> Result<Tensor, ModelError> {
        let of = |run: &Activations, token: usize| {
            run.at(spot.site, spot.layer).expect("kept").get(token)
        };
        if self.severs(spot, token) {
            return Ok(of(self.patched, token)?);
        }
        if !self.restores(spot, token) {
            return Ok(now.clone());
        }
        let row = |row: &Vec<f64>| Tensor::from_slice(row, now.shape(), now.device());
        let value = match self.fills {
            Fills::OtherRun => of(self.giving, self.plan.align[token])?,
            Fills::Scaled(factor) => (now * *factor)?,
            Fills::Drawn(draws) => {
                let whose = Whose { sample: self.sample, token };
                let spot = (spot.site, spot.layer);
                (now + row(&draws.of(spot, whose, now.elem_count()))?)?
            }
            Fills::Rows(rows) => row(&rows[&(spot.site, spot.layer)])?,
            Fills::Elsewhere | Fills::Tapped(..) => unreachable!("tests of their own"),
        };
        let place = self.grid().places.iter().find(|place| place.site == spot.site);
        let Some(columns) = &place.expect("restored").columns else { return Ok(value) };
        let flat = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f64>();
        let (mut mixed, value) = (flat(now)?, flat(&value)?);
        for &column in columns {
            mixed[column] = value[column];
        }
        Ok(Tensor::from_vec(mixed, now.shape(), now.device())?)
    }
}

impl Tap for OneCell<'_> {
    fn wants(&self, spot: Spot) -> bool {
        let severed = self.grid().severed.iter().any(|severed| severed.site == spot.site);
        severed || self.grid().sites().contains(&spot.site)
    }

    fn timing(&self, spot: Spot) -> Timing {
        if self.grid().sites().contains(&spot.site) {
            self.grid().timing
        } else {
            Timing::ReadThrough
        }
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        let rows = (0..now.dim(0)?).map(|token| self.becomes(spot, token, &now.get(token)?));
        Ok(Tensor::stack(&rows.collect::<Result<Vec<_>, _>>()?, 0)?)
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        Ok(self.becomes(spot, token, &now.get(0)?)?.unsqueeze(0)?)
    }
}

/// Every site of a run.
fn record(model: &Model, embeddings: &Tensor) -> Activations {
    let spots = Site::ALL
        .into_iter()
        .flat_map(|site| (0..site.layers(model.config())).map(move |layer| Spot { site, layer }));
    model.activations_of(embeddings, &spots.collect::<Vec<_>>()).expect("a run")
}

/// The scores of a plan: one forward pass a cell and sample.
fn one_by_one(model: &Model, plan: &Resolved, answer: u32) -> Vec<f64> {
    let clean = model.embeddings(&plan.prompt.ids).expect("embedded");
    let corrupted = corrupted_runs(model, plan, &clean, &Unwatched).expect("drawn");
    let fills = fill::prepare(model, plan, &Unwatched).expect("prepared");
    let grid = plan.grid.as_ref().expect("a grid");
    let mut scores = Vec::new();
    for (number, sample) in corrupted.iter().enumerate() {
        let (patched, giving) =
            if plan.direction == Direction::Denoise { (sample, &clean) } else { (&clean, sample) };
        let (was, gives) = (record(model, patched), record(model, giving));
        for &token in &grid.tokens {
            for &centre in &grid.layers {
                let mut cell = OneCell {
                    plan,
                    fills: &fills,
                    sample: number,
                    token,
                    layers: grid.window.layers(centre, model.config().layers),
                    giving: &gives,
                    patched: &was,
                };
                let logits = model.run_embeddings(patched, &mut cell).expect("a run");
                scores.push(probability(&logits, answer));
            }
        }
    }
    scores
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_is_the_one_cell_program(said in said()) {
        let model = Model::random(&said.config, said.model_seed).expect("a sound shape");
        let exact = model.computed(Compute::Reference64).expect("packed");
        let trace = said.trace(&exact);
        let (plan, ran) = outcome(&trace);
        let expected = one_by_one(&exact, &plan, ran.answer);
        prop_assert!(worst(&ran.scores, &expected) < EXACT, "{}", trace.explain());
        let (plan, fast) = outcome(&said.trace(&model).answer(ran.answer));
        prop_assert!(worst(&fast.scores, &ran.scores) < 10.0 * FAST);
        prop_assert_eq!(fast.work, planned(&plan, said.config.layers));
    }
}
