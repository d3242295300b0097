//! The verbs: a model and a plan that grows, and the words that run it.

use std::fmt;

use mambascope_figure::Figure;
use mambascope_model::{Model, Site, Spot, Timing};

use crate::at::{At, Extent, TokenSet, Window};
use crate::check::{Resolved, resolve};
use crate::corrupt::Corruption;
use crate::effects::Effects;
use crate::fill::Fill;
use crate::metrics::Metric;
use crate::plan::{Answer, Bos, Direction, Occurrence, Plan, Prompt, Restore, Subject};
use crate::record::Record;
use crate::sever::{Sever, Stream};
use crate::swap::Other;
use crate::tapped::Tapped;
use crate::until::Until;
use crate::watch::Watch;
use crate::{Error, explain, notebook, wavefront};

/// A model and a plan; nothing has run.
///
/// Verbs return a new trace, cost nothing and cannot fail; [`Trace::run`] and [`Trace::heatmap`] check the plan whole,
/// then do the work. `Debug` and `Display` are its [`explain`](Trace::explain).
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5).samples(4));
/// let effects = noisy.restore(..).run()?;
/// let score = effects.score(3, 3).expect("a cell of the grid");
/// assert!((score - effects.high()).abs() < 1e-6, "the last residual of the last token is the clean run");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Trace {
    model: Model,
    plan: Plan,
    /// The code of a plan that fills by a tap.
    tap: Option<Tapped>,
}

impl Trace {
    /// A trace of a plan that was made elsewhere.
    pub const fn of(model: Model, plan: Plan) -> Self {
        Self { model, plan, tap: None }
    }

    /// The plan so far.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The model.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    fn change(&self, change: impl FnOnce(&mut Plan)) -> Self {
        let mut next = self.clone();
        change(&mut next.plan);
        next
    }

    /// Gives the code of a plan that fills by a tap.
    pub(crate) fn tapped(&self, tap: Tapped) -> Self {
        let mut next = self.clone();
        next.tap = Some(tap);
        next
    }

    fn change_restore(&self, change: impl FnOnce(&mut Restore)) -> Self {
        self.change(|plan| {
            let restore = plan.restore.get_or_insert_with(|| Restore {
                at: At::from(..),
                tokens: TokenSet::All,
                window: None,
                also: Vec::new(),
                timing: Timing::default(),
                channels: Extent::default(),
                dims: Extent::default(),
                taps: Extent::default(),
                fill: Fill::default(),
            });
            change(restore);
        })
    }

    /// Names the subject, by its text, its tokens, or the rule of a [`Guess`](crate::Guess); where nothing is said it is
    /// guessed by [`Guess::Names`](crate::Guess::Names), and [`Trace::explain`] says what and why.
    pub fn subject(&self, subject: impl Into<Subject>) -> Self {
        self.change(|plan| plan.subject = subject.into())
    }

    /// Puts the tokens with which the tokenizer's template begins a text, such as `<s>`, before the prompt; else they are left
    /// out, and a warning says so where there are any.
    ///
    /// A prompt that begins with them already gets no second ones. A subject by numbers is counted with them.
    pub fn bos(&self, bos: Bos) -> Self {
        self.change(|plan| plan.bos = bos)
    }

    /// The prompt's tokens as the model reads them, and what a reader should know of them.
    ///
    /// # Errors
    /// When the prompt cannot be tokenised.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let (ids, warnings) = Model::tiny().trace([5, 9, 2]).prompt_ids()?;
    /// assert_eq!((ids, warnings.len()), (vec![5, 9, 2], 0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn prompt_ids(&self) -> Result<(Vec<u32>, Vec<String>), Error> {
        if let Some(problem) = crate::check::bos_problem(&self.model, &self.plan) {
            return Err(Error::Plan { problems: vec![problem] });
        }
        let Plan { prompt, bos, .. } = &self.plan;
        let ids = crate::check::prompt_ids(&self.model, prompt, *bos)?;
        let warning = crate::check::bos_warning(&self.model, prompt, *bos, &ids);
        Ok((ids, warning.into_iter().collect()))
    }

    /// Takes this occurrence of the subject's text for the subject, counted from 1; else it is the first.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let model = Model::bundled()?;
    /// let trace = model.trace("Rome is old, and Rome is the capital of").subject("Rome");
    /// let second = trace.occurrence(2).run()?;
    /// assert!(second.subject().start > trace.run()?.subject().start);
    /// assert_eq!(trace.all_occurrences().run()?.subjects().len(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn occurrence(&self, number: usize) -> Self {
        self.change(|plan| plan.occurrence = Occurrence::Number(number))
    }

    /// Takes every occurrence of the subject's text: each is corrupted, or swapped, and counts as the subject.
    ///
    /// The tokens `Subject`, `SubjectFirst` and `SubjectLast` are then those of every occurrence, and the relation begins
    /// after the last one. Knock-outs, severed lanes and fills of the subject's tokens need them by number.
    pub fn all_occurrences(&self) -> Self {
        self.change(|plan| plan.occurrence = Occurrence::All)
    }

    /// Names the token whose probability is measured; else it is the clean run's most probable one.
    pub fn answer(&self, answer: impl Into<Answer>) -> Self {
        self.change(|plan| plan.answer = answer.into())
    }

    /// Names the token that the answer is told from, and measures the logit difference of the two.
    pub fn foil(&self, foil: impl Into<Answer>) -> Self {
        self.change(|plan| plan.foil = Some(foil.into()))
    }

    /// Measures these beside p(answer), from the same runs; [`Effects::metric`] gives each.
    ///
    /// # Cost
    /// No forward pass; a look at all logits at the end of each, where p(answer) alone is otherwise asked for.
    pub fn metrics(&self, metrics: impl IntoIterator<Item = Metric>) -> Self {
        // p(answer) is always measured, so that plans with and without its name are one.
        let others = metrics.into_iter().filter(|metric| *metric != Metric::Probability);
        self.change(|plan| plan.metrics = others.collect())
    }

    /// Draws more samples of noise until the 95 % interval of every cell is narrower than this, beginning with as many as
    /// the noise says: `.until(0.05)`, or `.until(Until::width(0.05).most(500))`.
    ///
    /// The stream of draws goes on, so that the result is that of a run with as many samples at once.
    pub fn until(&self, until: impl Into<Until>) -> Self {
        self.change(|plan| plan.until = Some(until.into()))
    }

    /// Makes the corrupted run: noise on the subject (a bare number means so many sigmas), another subject ([`swap`]),
    /// another prompt ([`Other`](crate::Other)), or nothing. The last one said holds: several are several traces.
    ///
    /// [`swap`]: crate::swap
    pub fn corrupt(&self, corruption: impl Into<Corruption>) -> Self {
        self.change(|plan| plan.corrupt = corruption.into())
    }

    /// Patches the corrupted run with clean values (denoising, as ROME), or the clean run with corrupted ones.
    pub fn direction(&self, direction: Direction) -> Self {
        self.change(|plan| plan.direction = direction)
    }

    /// Patches the clean run, cell by cell, with what another prompt has there.
    pub fn patch(&self, at: impl Into<At>, other: impl Into<Other>) -> Self {
        let (at, other) = (at.into(), other.into());
        self.corrupt(other).direction(Direction::Noise).restore(at)
    }

    /// Pairs tokens of the patched prompt with tokens of the giving one; the others go by their roles.
    pub fn pairs(&self, pairs: &[(usize, usize)]) -> Self {
        self.change(|plan| plan.pairs = pairs.to_vec())
    }

    /// Holds a site as it is in the patched run, at the tokens that a cell restores.
    pub fn sever(&self, sever: impl Into<Sever>) -> Self {
        self.change(|plan| plan.sever.push(sever.into()))
    }

    /// Holds a site as it is in the patched run, at these tokens.
    pub fn sever_at(&self, at: impl Into<At>, tokens: impl Into<TokenSet>) -> Self {
        self.sever(Sever { at: at.into(), tokens: Some(tokens.into()) })
    }

    /// Names the draws of the noise that severed lanes keep: those of the run that is patched, or, as in ROME's program,
    /// those of a first pass.
    pub fn stream(&self, stream: Stream) -> Self {
        self.change(|plan| plan.stream = stream)
    }

    /// Restores a site from the clean run, cell by cell: `..`, `7`, `3..9`, `Site::Gate`, `(Site::Gate, 3..9)`.
    pub fn restore(&self, at: impl Into<At>) -> Self {
        self.change_restore(|restore| restore.at = at.into())
    }

    /// Restores at these tokens only.
    pub fn tokens(&self, tokens: impl Into<TokenSet>) -> Self {
        self.change_restore(|restore| restore.tokens = tokens.into())
    }

    /// Restores another site together with the first.
    pub fn and(&self, site: Site) -> Self {
        self.change_restore(|restore| restore.also.push(site))
    }

    /// Says when a restored `State` or `ConvState` is read: by its own token and later ones where nothing is said.
    pub fn timing(&self, timing: Timing) -> Self {
        self.change_restore(|restore| restore.timing = timing)
    }

    /// Restores these channels only.
    pub fn channels(&self, channels: impl Into<Extent>) -> Self {
        self.change_restore(|restore| restore.channels = channels.into())
    }

    /// Restores these of the N numbers of each channel's state only.
    pub fn dims(&self, dims: impl Into<Extent>) -> Self {
        self.change_restore(|restore| restore.dims = dims.into())
    }

    /// Restores these of the K inputs in a convolution's window only: 0 is the oldest, K-1 the token's own.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let one_back = noisy.restore(Site::ConvState).timing(Timing::ReadOnly).taps(2).run()?;
    /// assert_ne!(one_back.score(3, 3), Some(one_back.low()), "the last subject token, as the last token's window has it");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn taps(&self, taps: impl Into<Extent>) -> Self {
        self.change_restore(|restore| restore.taps = taps.into())
    }

    /// Puts something else in place than the other run's values.
    pub fn fill(&self, fill: impl Into<Fill>) -> Self {
        self.change_restore(|restore| restore.fill = fill.into())
    }

    /// Restores so many layers together around each centre; else 1 for the residual,
    /// the embedding and the states, 10 for others.
    pub fn window(&self, window: impl Into<Window>) -> Self {
        self.change_restore(|restore| restore.window = Some(window.into()))
    }

    /// Checks the plan against the model without running it.
    ///
    /// # Errors
    /// All that is wrong with it, at once, each with what to write instead.
    pub fn check(&self) -> Result<(), Error> {
        self.resolve().map(|_| ())
    }

    pub(crate) fn resolve(&self) -> Result<Resolved, Error> {
        resolve(&self.model, &self.plan, self.tap.as_ref())
    }

    /// The plan's prompt and answer alone, as the clean run reads them.
    pub(crate) fn resolve_clean(&self) -> Result<Resolved, Error> {
        let clean = self.change(|plan| (plan.corrupt, plan.restore) = (Corruption::Nothing, None));
        let clean = clean.change(|plan| (plan.sever, plan.until) = (Vec::new(), None));
        clean.stream(Stream::Same).resolve()
    }

    /// The trace in words, with the work it will take; problems, if it cannot run.
    pub fn explain(&self) -> String {
        explain::explain(self)
    }

    /// How much memory a run takes at its most, weights and all.
    ///
    /// # Units
    /// Bytes, within 15 % on the fast path.
    ///
    /// # Errors
    /// When the plan does not fit the model.
    pub fn memory(&self) -> Result<f64, Error> {
        let memory = wavefront::peak(&self.model, &[&self.resolve()?]);
        Ok(memory.held + memory.a_thread * self.model.threads_in_use().count() as f64)
    }

    /// Runs the trace; a notebook shows how far it is, and may interrupt it.
    ///
    /// # Cost
    /// One pass up the layers with all cells and samples together; [`Trace::explain`] says how many layer-steps.
    ///
    /// # Errors
    /// When the plan does not fit the model, before anything is run; when an operation fails; [`Error::Stopped`] when a
    /// notebook interrupts it.
    pub fn run(&self) -> Result<Effects, Error> {
        self.run_watched(&notebook::progress("trace"))
    }

    /// Runs the trace, telling a watcher how far it is; the watcher may stop it.
    ///
    /// # Errors
    /// As [`Trace::run`], and [`Error::Stopped`].
    pub fn run_watched(&self, watch: &dyn Watch) -> Result<Effects, Error> {
        let resolved = self.resolve()?;
        let outcome = wavefront::run(&self.model, &resolved, watch)?;
        Effects::gather(self, resolved, outcome)
    }

    /// Runs the trace and draws it, in ROME's look.
    ///
    /// # Errors
    /// As [`Trace::run`]; and when nothing is restored.
    pub fn heatmap(&self) -> Result<Figure, Error> {
        self.run()?.heatmap()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain())
    }
}

/// The verbs that a [`Model`] gains from this crate.
pub trait Scope {
    /// Begins a trace of a prompt: a text, or tokens.
    fn trace(&self, prompt: impl Into<Prompt>) -> Trace;

    /// Records what a prompt is at a site of some layers; a notebook shows how far it is, and may interrupt it.
    ///
    /// A token with which the tokenizer's template begins a text is left out; the ids that [`Trace::prompt_ids`] gives after
    /// [`Trace::bos`] have it.
    ///
    /// # Errors
    /// When the prompt cannot be tokenised, or the model has no such layer; [`Error::Stopped`] when a notebook interrupts
    /// it, before the next layer, or the next token where states are recorded.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let acts = Model::tiny().record([5, 9, 2], (Site::ScanOut, 1..3))?;
    /// assert_eq!(acts.at(Site::ScanOut, 2).expect("recorded").dims(), [3, 32]);
    /// # Ok::<(), Error>(())
    /// ```
    fn record(&self, prompt: impl Into<Prompt>, at: impl Into<At>) -> Result<Record, Error>;

    /// Records what a prompt is at several sites.
    ///
    /// # Errors
    /// As [`Scope::record`].
    fn record_all(&self, prompt: impl Into<Prompt>, places: &[At]) -> Result<Record, Error>;

    /// Records what a prompt is at several sites, telling a watcher how far it is; the watcher may stop it.
    ///
    /// # Errors
    /// As [`Scope::record`], and [`Error::Stopped`].
    fn record_watched(
        &self,
        prompt: impl Into<Prompt>,
        places: &[At],
        watch: &dyn Watch,
    ) -> Result<Record, Error>;
}

impl Scope for Model {
    fn trace(&self, prompt: impl Into<Prompt>) -> Trace {
        Trace::of(self.clone(), Plan::new(prompt))
    }

    fn record(&self, prompt: impl Into<Prompt>, at: impl Into<At>) -> Result<Record, Error> {
        self.record_all(prompt, &[at.into()])
    }

    fn record_all(&self, prompt: impl Into<Prompt>, places: &[At]) -> Result<Record, Error> {
        self.record_watched(prompt, places, &notebook::progress("record"))
    }

    fn record_watched(
        &self,
        prompt: impl Into<Prompt>,
        places: &[At],
        watch: &dyn Watch,
    ) -> Result<Record, Error> {
        let ids = crate::check::prompt_ids(self, &prompt.into(), Bos::Omitted)?;
        let mut spots = Vec::new();
        for at in places {
            let layers = crate::check::layers_of(self, at)?;
            spots.extend(layers.map(|layer| Spot { site: at.site, layer }));
        }
        Record::run(self, &ids, &spots, watch)
    }
}
