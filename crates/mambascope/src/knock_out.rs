//! Knock-outs: some tokens do not see some others, through the scan, the convolution, or both.
//!
//! All pairs of tokens and all runs of layers go up the [wavefront](crate::wavefront) together: a knock-out changes nothing
//! below its layers and nothing before the first target that does not see what it would have seen. What the layers remember
//! of the tokens before that, without the sources, is scanned once a layer for all that share their sources.

mod channels;
mod check;
mod explain;
mod knock;
mod knocked;
mod measured;
mod picture;
mod store;

use mambascope_model::{Lanes, Removal, Rest};

pub use self::channels::Channels;
pub use self::knock::{Knock, Pair, Sources};
pub use self::knocked::Knocked;
use crate::at::{Ends, Extent, TokenSet, Window};
use crate::plan::Prompt;
use crate::trace::Trace;
use crate::watch::Watch;
use crate::{Error, notebook, wavefront};

/// A knock-out about to be run; verbs return a new one.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Corruption::Nothing);
/// let knocked = trace.knock_out(Subject, Last, 1..3).lanes(Lanes::Scan).run()?;
/// assert_eq!(knocked.scores().len(), 1);
/// let windows = trace.knock_out(Subject, Last, ..).and(0, Last).window(2);
/// assert_eq!(windows.run()?.scores().len(), 2 * 4, "two pairs, four layers as centres");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct KnockOut {
    trace: Trace,
    knock: Knock,
}

impl Trace {
    /// Lets some tokens not see some others in these layers of the clean run.
    ///
    /// # Cost
    /// One walk up the layers for all pairs and windows; [`KnockOut::explain`] says how many layer-steps.
    pub fn knock_out(
        &self,
        from: impl Into<TokenSet>,
        to: impl Into<TokenSet>,
        layers: impl Into<Extent>,
    ) -> KnockOut {
        let knock = Knock::new(Pair { from: from.into(), to: to.into() }, layers.into());
        KnockOut { trace: self.clone(), knock }
    }
}

impl KnockOut {
    fn change(&self, change: impl FnOnce(&mut Knock)) -> Self {
        let mut next = self.clone();
        change(&mut next.knock);
        next
    }

    /// Knocks out another pair as well, apart from the first: one more row of scores.
    pub fn and(&self, from: impl Into<TokenSet>, to: impl Into<TokenSet>) -> Self {
        let pair = Pair { from: from.into(), to: to.into() };
        self.change(|knock| knock.pairs.push(pair))
    }

    /// Knocks out the sources of a pair together, or each token of them alone.
    pub fn sources(&self, sources: Sources) -> Self {
        self.change(|knock| knock.sources = sources)
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

    /// Says what invisible sources do in the channels that are not cut.
    pub fn rest(&self, rest: Rest) -> Self {
        self.change(|knock| knock.rest = rest)
    }

    /// Slides a window over the layers instead of cutting all of them together.
    pub fn window(&self, window: impl Into<Window>) -> Self {
        self.change(|knock| knock.window = Some(window.into()))
    }

    /// Says which windows there are at the ends of the model: clipped ones, or only those that fit.
    ///
    /// # Source
    /// Clipped as in `scripts/retention_knockout.py` of arnab-api/romba; fitting as in nirendy/mamba-knockout, whose windows
    /// of w layers begin with each layer from the first to the w-th last.
    pub fn ends(&self, ends: Ends) -> Self {
        self.change(|knock| knock.ends = ends)
    }

    /// Retention knock-out: the convolution reads, of the sources, the mean over all tokens of these prompts, and of all
    /// other tokens but the targets what it read in the clean run.
    ///
    /// # Source
    /// `scripts/retention_knockout.py` of arnab-api/romba, which takes the mean over the means of its prompts.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3);
    /// let knocked = trace.knock_out(Subject, Last, ..).window(2).mean([[3, 4], [8, 6]]).run()?;
    /// assert_ne!(knocked.scores()[0], knocked.high());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn mean<P: Into<Prompt>>(&self, prompts: impl IntoIterator<Item = P>) -> Self {
        let prompts = prompts.into_iter().map(Into::into).collect();
        self.change(|knock| knock.mean = Some(prompts))
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
        check::resolve(self).map(|_| ())
    }

    /// The knock-out in words, with its cost; problems, if it cannot run.
    pub fn explain(&self) -> String {
        explain::explain(self)
    }

    /// Runs the knock-out; a notebook shows how far it is, and may interrupt it.
    ///
    /// # Errors
    /// When it does not fit the model or the prompt, all problems at once; or when an operation fails.
    pub fn run(&self) -> Result<Knocked, Error> {
        self.run_watched(&notebook::progress("knock-out"))
    }

    /// Runs the knock-out, telling a watcher how far it is; the watcher may stop it.
    ///
    /// # Errors
    /// As [`KnockOut::run`], and [`Error::Stopped`].
    pub fn run_watched(&self, watch: &dyn Watch) -> Result<Knocked, Error> {
        let settled = check::resolve(self)?;
        let cuts = settled.cuts(self, watch)?;
        let outcome = wavefront::knock_out(self.trace.model(), &settled.plan, &cuts, watch)?;
        Knocked::gather(self, settled, outcome)
    }
}

#[cfg(test)]
mod tests;
