//! Where a verb acts: sites, layers, tokens and windows, and all that converts into them.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use mambascope_model::Site;
use serde::{Deserialize, Serialize};

/// A run of layers or tokens; an end that is not given stays open until a model or a prompt closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// The first one, or from the start.
    pub first: Option<usize>,
    /// The one after the last, or to the end.
    pub end: Option<usize>,
}

impl Extent {
    /// The run among `count` things; not checked.
    pub fn within(self, count: usize) -> Range<usize> {
        self.first.unwrap_or(0)..self.end.unwrap_or(count)
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.end) {
            (Some(first), Some(end)) if first.checked_add(1) == Some(end) => write!(f, "{first}"),
            (first, end) => {
                first.map_or(Ok(()), |first| write!(f, "{first}"))?;
                write!(f, "..")?;
                end.map_or(Ok(()), |end| write!(f, "{end}"))
            }
        }
    }
}

macro_rules! extent_from {
    ($($range:ty, $value:ident => $first:expr, $end:expr;)*) => {$(
        impl From<$range> for Extent {
            fn from($value: $range) -> Self {
                Self { first: $first, end: $end }
            }
        }
        impl From<$range> for At {
            fn from(range: $range) -> Self {
                Self { site: Site::Resid, layers: range.into() }
            }
        }
        impl From<$range> for TokenSet {
            fn from(range: $range) -> Self {
                Self::Range(range.into())
            }
        }
    )*};
}

extent_from! {
    usize, at => Some(at), Some(at.saturating_add(1));
    Range<usize>, range => Some(range.start), Some(range.end);
    RangeFrom<usize>, range => Some(range.start), None;
    RangeTo<usize>, range => None, Some(range.end);
    RangeInclusive<usize>, range => Some(*range.start()), Some(range.end().saturating_add(1));
    RangeToInclusive<usize>, range => None, Some(range.end.saturating_add(1));
    RangeFull, _all => None, None;
}

/// A site and the layers it is meant in.
///
/// Made from `..`, `7`, `3..9`, `Site::Gate`, or `(Site::Gate, 3..9)`; a bare range means the residual stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// Which activation.
    pub site: Site,
    /// In which layers.
    pub layers: Extent,
}

impl From<Site> for At {
    fn from(site: Site) -> Self {
        Self { site, layers: Extent::default() }
    }
}

impl<L: Into<Extent>> From<(Site, L)> for At {
    fn from((site, layers): (Site, L)) -> Self {
        Self { site, layers: layers.into() }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of layers {}", self.site, self.layers)
    }
}

/// Tokens of a prompt, by the part they play or by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenSet {
    /// Every token.
    #[default]
    All,
    /// The subject's tokens.
    Subject,
    /// The subject's first token.
    SubjectFirst,
    /// The subject's last token.
    SubjectLast,
    /// The tokens between the subject and the prompt's last.
    Relation,
    /// The prompt's last token.
    Last,
    /// Tokens by number, counted from 0.
    Range(Extent),
}

impl fmt::Display for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => write!(f, "each token"),
            Self::Subject => write!(f, "each token of the subject"),
            Self::SubjectFirst => write!(f, "the subject's first token"),
            Self::SubjectLast => write!(f, "the subject's last token"),
            Self::Relation => write!(f, "each token of the relation"),
            Self::Last => write!(f, "the last token"),
            Self::Range(extent) => write!(f, "each token of {extent}"),
        }
    }
}

/// Which layers a window of an even number of layers takes in around its centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// As ROME's code has it: a window of 10 is l-5 to l+4.
    #[default]
    Code,
    /// As ROME's paper has it: a window of 10 is l-4 to l+5.
    Paper,
}

/// Which windows there are at the ends of a model.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let knock = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).knock_out(Subject, Last, ..).window(3);
/// assert_eq!(knock.run()?.scores().len(), 4, "each of four layers is a centre");
/// assert_eq!(knock.ends(Ends::Fitting).run()?.scores().len(), 2, "0..3 and 1..4");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Every layer is a centre, and windows are cut off at the ends of the model: those there have fewer layers. As in
    /// ROME's program and in the retention knock-out of arXiv 2404.03646.
    #[default]
    Clipped,
    /// Only windows that fit: of L layers L - w + 1 windows of w layers, as published by mamba-knockout. The one that begins
    /// with layer s has the centre s + w / 2, rounded down, or with the paper's convention s + (w - 1) / 2.
    Fitting,
}

/// How many layers are restored together around each centre.
///
/// # Source
/// Meng et al. 2022: `experiments/causal_trace.py` of kmeng01/rome, and appendix B.2 of arXiv 2202.05262.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// assert_eq!(Window::from(10).layers(12, 48), 7..17);
/// assert_eq!(Window::paper(10).layers(12, 48), 8..18);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Number of layers.
    pub size: usize,
    /// Which way an even window leans.
    pub convention: Convention,
}

impl Window {
    /// A window that leans as in ROME's paper.
    pub const fn paper(size: usize) -> Self {
        Self { size, convention: Convention::Paper }
    }

    /// The layers restored around a centre, cut off at the ends of a model of `layers` layers.
    pub fn layers(self, centre: usize, layers: usize) -> Range<usize> {
        let (lower, upper) = (self.size / 2, self.size.div_ceil(2));
        match self.convention {
            Convention::Code => {
                centre.saturating_sub(lower)..layers.min(centre.saturating_add(upper))
            }
            Convention::Paper => {
                let after = centre.saturating_add(1);
                after.saturating_sub(upper)..layers.min(after.saturating_add(lower))
            }
        }
    }
}

impl From<usize> for Window {
    fn from(size: usize) -> Self {
        Self { size, convention: Convention::Code }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.convention {
            _ if self.size == 1 => write!(f, "single layers"),
            Convention::Code => write!(f, "windows of {}", self.size),
            Convention::Paper => write!(f, "windows of {} (paper's convention)", self.size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_those_of_the_code_and_of_the_paper() {
        assert_eq!(Window::from(10).layers(0, 24), 0..5);
        assert_eq!(Window::from(10).layers(23, 24), 18..24);
        assert_eq!(Window::paper(10).layers(0, 24), 0..6);
        for centre in 0..9 {
            assert_eq!(Window::from(1).layers(centre, 9), centre..centre + 1);
            assert_eq!(Window::from(3).layers(centre, 9), Window::paper(3).layers(centre, 9));
        }
    }

    #[test]
    fn everything_a_user_writes_converts() {
        assert_eq!(At::from(..), At { site: Site::Resid, layers: Extent::default() });
        assert_eq!(At::from(7).layers.within(24), 7..8);
        assert_eq!(At::from((Site::Gate, 3..=9)).layers.within(24), 3..10);
        assert_eq!(At::from((Site::Gate, 3..)).layers.to_string(), "3..");
        assert_eq!(TokenSet::from(2..4).to_string(), "each token of 2..4");
    }
}
