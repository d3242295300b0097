//! Several traces in one run: those that differ only in what they restore have their clean and corrupted runs in common.

use std::fmt;

use crate::check::Resolved;
use crate::effects::Effects;
use crate::trace::Trace;
use crate::until::Sampling;
use crate::watch::{Progress, Stage, Watch};
use crate::wavefront::Memory;
use crate::{Error, explain, notebook, wavefront};

/// Traces that are run together; nothing has run.
///
/// Those of one model go up the layers in one walk where prompt, subject, corruption, direction and pairs are the same:
/// the clean and the corrupted runs are there once for all of them. What is restored, at which tokens and layers, in
/// which windows, what is put in place, what is severed and what is measured may differ. The numbers of each have the
/// bits that it has alone. Alone goes a trace that draws samples [`until`](Trace::until) its intervals are narrow.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
/// let maps = together([noisy.restore(..), noisy.restore(Site::MixerOut).window(3)]).run()?;
/// assert_eq!(maps[1].score(2, 1), noisy.restore(Site::MixerOut).window(3).run()?.score(2, 1));
/// assert_eq!(maps[1].work().base_steps, 0, "the first one has the work on the clean and the corrupted runs");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Together {
    traces: Vec<Trace>,
}

/// Traces that are run together, so that what they have in common is done once.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
/// let sites = [Site::Resid, Site::MixerOut, Site::ScanOut];
/// for effects in together(sites.map(|site| noisy.restore(site))).run()? {
///     println!("{}: {effects}", effects.site());
/// }
/// # Ok::<(), Error>(())
/// ```
pub fn together(traces: impl IntoIterator<Item = Trace>) -> Together {
    Together { traces: traces.into_iter().collect() }
}

impl Together {
    /// The traces, in order.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// Checks all plans without running any.
    ///
    /// # Errors
    /// All that is wrong with them, at once, each with what to write instead.
    pub fn check(&self) -> Result<(), Error> {
        self.resolve().map(|_| ())
    }

    fn resolve(&self) -> Result<Vec<Resolved>, Error> {
        let (mut plans, mut problems) = (Vec::new(), Vec::new());
        for trace in &self.traces {
            match trace.resolve() {
                Ok(plan) => plans.push(plan),
                // What is wrong with all of them is said once.
                Err(Error::Plan { problems: found }) => {
                    let new: Vec<_> =
                        found.into_iter().filter(|problem| !problems.contains(problem)).collect();
                    problems.extend(new);
                }
                Err(other) => return Err(other),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Plan { problems });
        }
        for (index, plan) in plans.iter_mut().enumerate() {
            let own = &self.traces[index];
            let same = |other: &Trace| {
                other.plan() == own.plan() && other.model().is_clone_of(own.model())
            };
            if let Some(first) = self.traces[..index].iter().position(same) {
                let (first, own) = (first + 1, index + 1);
                plan.warnings.push(format!("trace {own} is trace {first} once more"));
            }
        }
        Ok(plans)
    }

    /// The traces that go up the layers in one walk each, to be run one after the other.
    ///
    /// # Errors
    /// When a plan does not fit its model.
    pub fn walks(&self) -> Result<Vec<Self>, Error> {
        let of_walk = |walk: Vec<usize>| Self {
            traces: walk.into_iter().map(|index| self.traces[index].clone()).collect(),
        };
        Ok(self.walks_of(&self.resolve()?).into_iter().map(of_walk).collect())
    }

    /// The numbers of the traces that share a walk.
    fn walks_of(&self, plans: &[Resolved]) -> Vec<Vec<usize>> {
        let mut walks: Vec<Vec<usize>> = Vec::new();
        for (index, (trace, plan)) in self.traces.iter().zip(plans).enumerate() {
            let goes_with = |&other: &usize| {
                let model = self.traces[other].model();
                trace.model().is_clone_of(model) && plans[other].shares_runs(plan)
            };
            let walk = walks.iter_mut().find(|walk| walk.first().is_some_and(goes_with));
            match walk {
                Some(walk) => walk.push(index),
                None => walks.push(vec![index]),
            }
        }
        walks
    }

    /// Each trace in words, then the work that they take together; problems, if they cannot run.
    pub fn explain(&self) -> String {
        match self.resolve() {
            Ok(plans) => explain::explain_together(&self.traces, &plans, &self.walks_of(&plans)),
            Err(error) => error.to_string(),
        }
    }

    /// How much memory a run takes at its most, weights and all.
    ///
    /// # Units
    /// Bytes, within 15 % on the fast path.
    ///
    /// # Errors
    /// When a plan does not fit its model.
    pub fn memory(&self) -> Result<f64, Error> {
        let plans = self.resolve()?;
        let of_walk = |walk: Vec<usize>| {
            let some: Vec<&Resolved> = walk.iter().map(|&index| &plans[index]).collect();
            let model = self.traces[*walk.first()?].model();
            let Memory { held, a_thread } = wavefront::peak(model, &some);
            Some(held + a_thread * model.threads_in_use().count() as f64)
        };
        Ok(self.walks_of(&plans).into_iter().filter_map(of_walk).fold(0.0, f64::max))
    }

    /// Runs the traces; a notebook shows how far they are, and may interrupt them.
    ///
    /// # Cost
    /// One pass up the layers for each of the [`walks`](Together::walks); [`Together::explain`] says how many
    /// layer-steps.
    ///
    /// # Errors
    /// As [`Trace::run`].
    pub fn run(&self) -> Result<Vec<Effects>, Error> {
        self.run_watched(&notebook::progress("traces"))
    }

    /// Runs the traces, telling a watcher how far all of them are; the watcher may stop them.
    ///
    /// # Errors
    /// As [`Trace::run_watched`].
    pub fn run_watched(&self, watch: &dyn Watch) -> Result<Vec<Effects>, Error> {
        let plans = self.resolve()?;
        let (mut before, cells) = (0, plans.iter().map(Resolved::cells).sum());
        let mut outcomes = Vec::new();
        for walk in self.walks_of(&plans) {
            let some: Vec<&Resolved> = walk.iter().map(|&index| &plans[index]).collect();
            let Some(first) = walk.first() else { continue };
            let part = Part { watch, before, cells };
            let found = wavefront::run_together(self.traces[*first].model(), &some, &part)?;
            before += some.iter().map(|plan| plan.cells()).sum::<usize>();
            outcomes.extend(walk.into_iter().zip(found));
        }
        outcomes.sort_by_key(|(index, _)| *index);
        let found = self.traces.iter().zip(plans).zip(outcomes);
        found.map(|((trace, plan), (_, outcome))| Effects::gather(trace, plan, outcome)).collect()
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

impl fmt::Display for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

/// A part of several runs, told to a watcher of all.
struct Part<'a> {
    watch: &'a dyn Watch,
    /// Cells of the parts that are done.
    before: usize,
    /// Cells of all parts.
    cells: usize,
}

impl Watch for Part<'_> {
    fn progress(&self, Progress { cells_done, .. }: Progress) {
        self.watch.progress(Progress { cells_done: self.before + cells_done, cells: self.cells });
    }

    fn stage(&self, stage: Stage, done: usize, all: usize) {
        self.watch.stage(stage, done, all);
    }

    fn sampled(&self, sampling: Sampling) {
        self.watch.sampled(sampling);
    }

    fn stopped(&self) -> bool {
        self.watch.stopped()
    }
}
