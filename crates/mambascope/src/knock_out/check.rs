//! Every way a knock-out can be wrong, all problems at once; and what it comes to where it is sound.

use std::ops::Range;

use mambascope_model::{Lanes, Model, Removal, Rest, Site, Spot, Unseen};

use super::knock::{Knock, Sources, name};
use super::{Channels, KnockOut};
use crate::Error;
use crate::at::{Ends, TokenSet};
use crate::check::{self, Problem, Resolved, Spoken};
use crate::fill::Fill;
use crate::watch::Watch;
use crate::wavefront::{By, Cell, Cuts, Entry, Fills, Sight, means};

/// A knock-out that fits its model.
#[derive(Debug)]
pub(super) struct Settled {
    /// The clean run.
    pub(super) plan: Resolved,
    /// The rows of the grid.
    pub(super) rows: Vec<Row>,
    /// The columns: each a centre, and the layers that are cut together.
    pub(super) windows: Vec<(usize, Range<usize>)>,
    /// Those that can change anything.
    pub(super) cells: Vec<Cell>,
}

/// One pair of a grid.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) sight: Sight,
}

/// Fits a knock-out to its model and prompt, or says all that is wrong with it.
pub(super) fn resolve(knock_out: &KnockOut) -> Result<Settled, Error> {
    let KnockOut { trace, knock } = knock_out;
    let model = trace.model();
    let (plan, mut problems) = match trace.resolve_clean() {
        Ok(plan) => (Some(plan), Vec::new()),
        Err(Error::Plan { problems }) => (None, problems),
        Err(other) => return Err(other),
    };
    if trace.plan().restore.is_some() {
        problems.push(Problem::new(
            "something is restored and something knocked out",
            "knock out on a trace without `.restore(..)`: a knock-out is of the clean run",
        ));
    }
    let windows = match windows(model, knock) {
        Ok(windows) => {
            check_ends(model, knock, windows.len(), &mut problems);
            windows
        }
        Err(Error::Plan { problems: found }) => {
            problems.extend(found);
            Vec::new()
        }
        Err(other) => return Err(other),
    };
    if knock.window.is_some_and(|window| window.size == 0) {
        problems.push(Problem::new(
            "a window of 0 layers",
            "`.window(1)`, or `--window 1`, cuts single layers",
        ));
    }
    check_channels(knock, &mut problems);
    check_mean(model, knock, &mut problems);
    let rows = match &plan {
        Some(plan) => rows(knock, &plan.prompt, &mut problems),
        None => Vec::new(),
    };
    check_pairs(knock, &mut problems);
    match plan {
        Some(mut plan) if problems.is_empty() => {
            let cells = cells(model, knock, &rows, &windows);
            plan.warnings.extend(warnings(model, knock, &rows));
            Ok(Settled { plan, rows, windows, cells })
        }
        _ => Err(Error::Plan { problems }),
    }
}

/// The runs of layers that are cut together, each with its centre.
fn windows(model: &Model, knock: &Knock) -> Result<Vec<(usize, Range<usize>)>, Error> {
    let count = model.config().layers;
    let layers = check::layers_of(model, &(Site::State, knock.layers).into())?;
    Ok(match knock.window {
        None => vec![(layers.start, layers)],
        Some(window) => {
            let windows = layers.map(|centre| (centre, window.layers(centre, count)));
            let is_there = |layers: &Range<usize>| match knock.ends {
                Ends::Clipped => true,
                Ends::Fitting => layers.len() == window.size,
            };
            windows.filter(|(_, layers)| is_there(layers)).collect()
        }
    })
}

/// Notes what is wrong with the windows at the ends; `windows` are those that there are.
fn check_ends(model: &Model, knock: &Knock, windows: usize, problems: &mut Vec<Problem>) {
    match knock.window {
        _ if knock.ends == Ends::Clipped => {}
        None => problems.push(Problem::new(
            "only windows that fit are asked for, and all layers are cut together",
            "`.window(9)`, or `--window 9`; or leave `.ends(..)`, or `--ends`, out",
        )),
        Some(window) if windows == 0 && window.size > 0 => problems.push(Problem::new(
            format!(
                "no window of {} layers fits into {} layers around a centre in {}",
                window.size,
                model.config().layers,
                knock.layers
            ),
            "`.window(1)`, or `--window 1`; or `.ends(Ends::Clipped)`, or `--ends clipped`, for windows that are cut off \
             at the ends",
        )),
        Some(_) => {}
    }
}

fn check_channels(knock: &Knock, problems: &mut Vec<Problem>) {
    let share = knock.channels.share();
    if !(share > 0.0 && share <= 1.0) {
        problems.push(Problem::new(
            format!("a share of {share} of the channels"),
            "a number above 0 and up to 1, such as `Channels::Slowest(0.33)`, or `--channels slow:33%`",
        ));
    }
    if knock.channels != Channels::All && knock.lanes == Lanes::Convolution {
        problems.push(Problem::new(
            format!("{} of the scan, whose lane is not cut", knock.channels),
            "`.lanes(Lanes::Scan)` or `.lanes(Lanes::Both)` (`--lane scan`, `--lane both`), or leave the channels out",
        ));
    }
    if knock.removal == Removal::Write && knock.lanes == Lanes::Convolution {
        problems.push(Problem::new(
            "the write of a source is removed from the scan, whose lane is not cut",
            "`.lanes(Lanes::Scan)` or `.lanes(Lanes::Both)` (`--lane scan`, `--lane both`), or leave `.removal(..)`, or `--mode`, out",
        ));
    }
    if knock.rest == Rest::Undecayed && knock.channels == Channels::All {
        problems.push(Problem::new(
            "undecayed writes in the rest of the channels, where all of them are cut",
            "`.channels(Channels::Fastest(0.67))`, or `--channels fast:67%`; or leave `.rest(..)`, or `--rest`, out",
        ));
    }
    if knock.rest == Rest::Undecayed && knock.removal == Removal::Write {
        problems.push(Problem::new(
            "undecayed writes in the rest of the channels, while the sources' decay is kept in those that are cut",
            "`.removal(Removal::Invisible)`, or `--mode invisible`; or leave `.rest(..)`, or `--rest`, out",
        ));
    }
}

fn check_mean(model: &Model, knock: &Knock, problems: &mut Vec<Problem>) {
    let Some(prompts) = &knock.mean else { return };
    if prompts.is_empty() {
        let help = "one prompt or more: `.mean([\"Rome is\"])`, or `--mean 'Rome is'`";
        problems.push(Problem::new("a mean over 0 prompts in place of the sources", help));
    } else {
        check::check_numbers(model, &[Site::ConvIn], &Fill::Mean(prompts.clone()), problems);
    }
    let whole = (Lanes::default(), Removal::default(), Channels::default(), Rest::default());
    if (knock.lanes, knock.removal, knock.channels, knock.rest) != whole {
        problems.push(Problem::new(
            "sources are knocked out by their mean, and lanes, channels or writes are cut as well",
            "leave out `.lanes(..)`, `.removal(..)`, `.channels(..)` and `.rest(..)`, or `.mean(..)`: the mean goes in \
             before both lanes",
        ));
    }
}

fn rows(knock: &Knock, prompt: &Spoken, problems: &mut Vec<Problem>) -> Vec<Row> {
    let mut rows = Vec::new();
    for pair in &knock.pairs {
        let mut tokens = |set: TokenSet| {
            check::tokens_in(set, prompt).map_err(|problem| problems.push(problem)).ok()
        };
        let (Some(from), Some(to)) = (tokens(pair.from), tokens(pair.to)) else { continue };
        if from.start >= to.end {
            problems.push(Problem::new(
                format!("tokens {to:?} are not to see tokens {from:?}, which come after them"),
                "sources come before targets: `.knock_out(Subject, Last, ..)`, or `--from subject --to last`",
            ));
        }
        match knock.sources {
            Sources::Together => {
                rows.push(Row { name: pair.to_string(), sight: Sight { from, to } });
            }
            // Of several sources those that come after all targets have nobody who could see them.
            Sources::Each => rows.extend(from.filter(|token| *token < to.end).map(|token| Row {
                name: format!("token {token} to {}", name(pair.to)),
                sight: Sight { from: token..token + 1, to: to.clone() },
            })),
        }
    }
    rows
}

/// Notes pairs that are named twice.
fn check_pairs(knock: &Knock, problems: &mut Vec<Problem>) {
    for (index, pair) in knock.pairs.iter().enumerate() {
        let problem = Problem::new(
            format!("the pair {pair} is named twice"),
            "leave one of the two out: each pair is a row of its own",
        );
        if knock.pairs[..index].contains(pair) && !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// What a reader should know of rows that are alike, or cut less than they say.
fn warnings(model: &Model, knock: &Knock, rows: &[Row]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (index, Row { name, sight }) in rows.iter().enumerate() {
        if let Some(other) = rows[..index].iter().find(|other| other.sight == *sight) {
            warnings.push(format!("the rows `{}` and `{name}` cut the same tokens", other.name));
        }
        if sight.from.end > sight.to.end {
            warnings.push(format!(
                "of the row `{name}` the sources {}..{} come after all targets, which never see them",
                sight.to.end, sight.from.end
            ));
        }
        if first_change(model, knock, sight).is_none() {
            warnings.push(format!(
                "the row `{name}` cuts nothing: no target sees a source through the lanes that are cut, so its scores are the \
                 clean one"
            ));
        }
    }
    let layers = model.config().layers;
    if let Some(window) = knock.window.filter(|window| window.size + 1 >= 2 * layers && layers > 1)
    {
        warnings.push(crate::check::whole_window(window.size, layers, "cuts"));
    }
    warnings
}

/// The cells of a grid that can differ from the clean run.
fn cells(
    model: &Model,
    knock: &Knock,
    rows: &[Row],
    windows: &[(usize, Range<usize>)],
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (row, Row { sight, .. }) in rows.iter().enumerate() {
        let Some(token) = first_change(model, knock, sight) else { continue };
        for (column, (_, layers)) in windows.iter().enumerate() {
            let slot = row * windows.len() + column;
            cells.push(Cell { token, entry: Entry::Block, layers: layers.clone(), slot });
        }
    }
    cells
}

/// The first token that reads something else, in the lowest layer.
fn first_change(model: &Model, knock: &Knock, sight: &Sight) -> Option<usize> {
    let Sight { from, to } = sight;
    if knock.mean.is_some() {
        return Some(from.start);
    }
    let width = model.config().convolution;
    let seen = |token: &usize| {
        let window = (token + 1).saturating_sub(width)..token + 1;
        let near = window.start < from.end && from.start < window.end;
        (knock.lanes.scan() && from.start <= *token) || (knock.lanes.convolution() && near)
    };
    to.clone().find(seen)
}

impl Settled {
    /// What the wavefront runs.
    pub(super) fn cuts(&self, knock_out: &KnockOut, watch: &dyn Watch) -> Result<Cuts, Error> {
        let (model, knock) = (knock_out.trace.model(), &knock_out.knock);
        let by = match &knock.mean {
            Some(prompts) => {
                let spot = |layer| Spot { site: Site::ConvIn, layer };
                let spots: Vec<Spot> = (0..model.config().layers).map(spot).collect();
                By::Mean(Fills::Rows(means(
                    model,
                    &spots,
                    (prompts, knock_out.trace.plan().bos),
                    watch,
                )?))
            }
            None => By::Blindness(unseen(model, knock)?),
        };
        let pairs = self.rows.iter().map(|row| row.sight.clone()).collect();
        Ok(Cuts { cells: self.cells.clone(), pairs, windows: self.windows.len(), by })
    }
}

/// What is not seen, layer by layer.
pub(super) fn unseen(model: &Model, knock: &Knock) -> Result<Vec<Unseen>, Error> {
    let unseen = |layer| {
        Ok(Unseen {
            lanes: knock.lanes,
            removal: knock.removal,
            rest: knock.rest,
            channels: knock.channels.of(model, layer)?,
        })
    };
    (0..model.config().layers).map(unseen).collect()
}
