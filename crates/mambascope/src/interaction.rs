//! Joint effects: what two sites bring back together beyond what each brings back alone.
//!
//! With p the score, `p(a and b) - p(a) - p(b) + low`: zero where effects add up. Of a product such as `s g` it is what
//! neither factor holds by itself, and no sign that something is stored elsewhere.

use mambascope_model::Site;

use crate::Error;
use crate::at::Window;
use crate::effects::Effects;
use crate::together::together;
use crate::trace::Trace;

/// The effects of two sites, alone and together.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5)).window(1);
/// let joint = trace.interaction(Site::ScanOut, Site::Gate)?;
/// let gated = trace.restore(Site::Gated).run()?;
/// let together = joint.together().score(3, 3).expect("a cell");
/// assert!((together - gated.score(3, 3).expect("a cell")).abs() < 1e-6, "both factors are the product");
/// assert!(joint.term(3, 3).is_some());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    first: Effects,
    second: Effects,
    together: Effects,
}

impl Trace {
    /// Restores two sites, each alone and both together, at the trace's tokens and layers.
    ///
    /// # Cost
    /// Three runs, [`together`].
    ///
    /// # Errors
    /// As [`Trace::run`].
    pub fn interaction(&self, first: Site, second: Site) -> Result<Interaction, Error> {
        let layers = self.plan().restore.as_ref().map(|restore| restore.at.layers);
        let alone = |site| self.restore((site, layers.unwrap_or_default()));
        // Windows of unlike sites differ where none is named; the first one's holds for all three.
        let one = alone(first);
        let window = one.resolve()?.grid.map_or_else(|| Window::from(1), |grid| grid.window);
        let all = [one, alone(second).window(window), alone(first).and(second).window(window)];
        let effects: Result<[Effects; 3], _> = together(all).run()?.try_into();
        // As many come back as were given.
        let [first, second, together] = effects.map_err(|_| Error::NothingRestored)?;
        Ok(Interaction { first, second, together })
    }
}

impl Interaction {
    /// The first site alone.
    pub const fn first(&self) -> &Effects {
        &self.first
    }

    /// The second site alone.
    pub const fn second(&self) -> &Effects {
        &self.second
    }

    /// Both sites.
    pub const fn together(&self) -> &Effects {
        &self.together
    }

    /// What both bring back beyond the sum of what each does; `None` outside the grid.
    ///
    /// # Units
    /// Probability, averaged over noise samples.
    pub fn term(&self, token: usize, layer: usize) -> Option<f64> {
        let score = |effects: &Effects| effects.score(token, layer);
        let (first, second) = (score(&self.first)?, score(&self.second)?);
        Some(score(&self.together)? - first - second + self.first.low())
    }
}
