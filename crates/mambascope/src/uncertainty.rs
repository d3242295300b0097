//! How sure a trace's numbers are: intervals over its noise samples, cells that are beyond chance, and pictures that show both.

use mambascope_figure::{Figure, Heatmap, Lines, Palette, RowLabel, Series};

use crate::Error;
use crate::effects::Effects;
use crate::stats::{Dependence, Flips, Interval, false_discovery, sign_flips};

/// Most lines that are told apart at a glance.
const FEW_LINES: usize = 4;
/// The false discovery rate at which a difference gets its dot.
const RATE: f64 = 0.05;
/// The distance from f64 within which the fast path's scores are held by tests, and so the least difference that says something.
const ROUNDING: f64 = 2e-6;

impl Effects {
    /// The score with one cell restored, with its 95 % interval over noise samples; `None` outside the grid.
    ///
    /// The interval of p(answer) is valid for [any distribution](Interval::probability) and any number of samples; after
    /// [`until`](crate::Trace::until) it is a [confidence sequence](crate::stats::Sequence). That of other metrics takes the
    /// samples' spread for the true one ([`Interval::skewed`]). Its ends are NaN where the results keep no samples, as ROME's
    /// files do not, and where nothing was drawn, as with a swapped subject.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let effects = trace.restore(..).run()?;
    /// let interval = effects.interval(2, 1).expect("a cell of the grid");
    /// assert!(interval.low <= interval.mean && interval.mean <= interval.high);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn interval(&self, token: usize, layer: usize) -> Option<Interval> {
        let score = self.score(token, layer)?;
        let found = self.interval_of(&self.samples(token, layer));
        Some(Interval { mean: score, ..found })
    }

    /// What restoring one cell adds to the score, with its 95 % interval: each sample less the corrupted run under the same
    /// noise; `None` outside the grid. Of p(answer) it is valid for any distribution, so that ten samples leave it 0.6 wide at least.
    pub fn effect(&self, token: usize, layer: usize) -> Option<Interval> {
        let score = self.score(token, layer)?;
        let found = self.interval_of_effect(&self.samples(token, layer));
        Some(Interval { mean: score - self.low(), ..found })
    }

    /// The cells, by token and layer, whose effect is beyond chance: of these, so many are expected to be wrong as `rate` says.
    ///
    /// Signs of the paired differences are flipped, all ways of up to 13 samples. With few samples and many cells
    /// nothing can be found: ten samples reach 0.05 only where one cell in 25 stands out. Differences that rounding alone can
    /// make, up to 2e-6 of p and of larger scores 2e-6 of their size, count as none.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let effects = trace.restore(..).run()?;
    /// assert!(effects.beyond_chance(0.05).iter().all(|(token, _)| *token > 0), "before the subject nothing is restored");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn beyond_chance(&self, rate: f64) -> Vec<(usize, usize)> {
        let cells: Vec<(usize, usize)> = self.places().collect();
        let differences = cells.iter().map(|&(token, layer)| self.differences(token, layer));
        let kept = found(differences.collect(), self.rounding(), rate);
        kept.into_iter().map(|index| cells[index]).collect()
    }

    /// The scores as curves over layers with 95 % bands: the first and last tokens of the subject and the last of the prompt,
    /// as far as the grid has them, or each token of a grid of up to four.
    ///
    /// # Errors
    /// When nothing was restored.
    pub fn lines(&self) -> Result<Figure, Error> {
        if self.places().next().is_none() {
            return Err(Error::NothingRestored);
        }
        let series = self.line_tokens().into_iter().map(|token| self.line(token));
        let plot = Lines::new(self.layers().iter().map(usize::to_string), series)?
            .title(self.title())
            .column_label(self.column_words())
            .column_noun("layer")
            .value_label(self.label())
            .rule("clean run", self.high())
            .rule("corrupted run", self.low());
        let count = self.low_samples().len();
        let bands = format!("Bands: 95 % intervals over {count} samples of noise.");
        let caption = self.caption(if count > 1 { &bands } else { "" });
        Ok(if caption.is_empty() { plot } else { plot.caption(caption) }.figure())
    }

    /// These scores less another trace's of the same prompt, as a map that is white at zero.
    ///
    /// Cells that differ beyond chance at a false discovery rate of 5 % have a dot, where both traces were corrupted by the same
    /// noise.
    ///
    /// # Errors
    /// When the grids have not the same numbers of tokens and layers, nothing was restored, or two metrics are compared.
    pub fn less(&self, other: &Effects) -> Result<Figure, Error> {
        let measures = |effects: &Effects| (effects.metric, effects.normalisation());
        if measures(self) != measures(other) {
            return Err(Error::NotComparable { first: self.label(), second: other.label() });
        }
        let map = self.map()?.minus(&other.map()?)?;
        let title = format!("{} less {}", self.site().words(), other.site().words());
        let map = map.title(format!("Impact of restoring: {title}"));
        if self.plan() == other.plan() && self.model_digest() == other.model_digest() {
            return Ok(map.caption("Both are the same plan: nothing can differ.").figure());
        }
        let same_noise = self.plan().corrupt == other.plan().corrupt
            && self.input_ids() == other.input_ids()
            && self.low_samples().len() > 1;
        if !same_noise {
            return Ok(map.figure());
        }
        let pairs = self.places().zip(other.places());
        let differences = pairs.map(|((token, layer), (others, layers))| {
            let (own, other) = (self.samples(token, layer), other.samples(others, layers));
            own.iter().zip(other).map(|(own, other)| own - other).collect()
        });
        let differences: Vec<Vec<f64>> = differences.collect();
        let width = self.layers().len();
        let kept = found(differences, self.rounding().max(other.rounding()), RATE);
        let dots = kept.into_iter().map(|index| (index / width, index % width));
        let caption =
            "Dots: beyond chance (flipped signs over samples of noise, false discovery rate 5 %).";
        Ok(map.dotted(dots).caption(caption).figure())
    }

    /// The largest difference between scores that rounding alone can make.
    fn rounding(&self) -> f64 {
        let largest = self.high().abs().max(self.low().abs()).max(1.0);
        if largest.is_finite() { ROUNDING * largest } else { ROUNDING }
    }

    /// Token and layer of each cell, row after row.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let layers = self.layers();
        self.tokens().iter().flat_map(move |&token| layers.iter().map(move |&layer| (token, layer)))
    }

    fn differences(&self, token: usize, layer: usize) -> Vec<f64> {
        let samples = self.samples(token, layer);
        samples.iter().zip(self.low_samples()).map(|(sample, low)| sample - low).collect()
    }

    fn line_tokens(&self) -> Vec<usize> {
        if self.tokens().len() <= FEW_LINES {
            return self.tokens().to_vec();
        }
        let ends = |place: std::ops::Range<usize>| [place.start, place.end.saturating_sub(1)];
        let wanted = self.subjects().into_iter().flat_map(ends).chain([self.input_ids().len() - 1]);
        let mut tokens: Vec<usize> = wanted.filter(|token| self.tokens().contains(token)).collect();
        tokens.dedup();
        if tokens.is_empty() { self.tokens()[..FEW_LINES].to_vec() } else { tokens }
    }

    fn line(&self, token: usize) -> Series {
        let intervals: Vec<Interval> =
            self.layers().iter().filter_map(|&layer| self.interval(token, layer)).collect();
        let part = |end: fn(&Interval) -> f64| intervals.iter().map(end).collect();
        let name = self.token_name(token);
        Series::new(name, part(|one| one.mean)).band(part(|one| one.low), part(|one| one.high))
    }

    /// A token by its place in the prompt and its text.
    fn token_name(&self, token: usize) -> String {
        let subjects = self.subjects();
        let place = if token + 1 == self.input_ids().len() {
            "last token".to_owned()
        } else if subjects.iter().any(|subject| token + 1 == subject.end) {
            "last subject token".to_owned()
        } else if subjects.iter().any(|subject| token == subject.start) {
            "first subject token".to_owned()
        } else {
            format!("token {token}")
        };
        let text = self.input_tokens().get(token).map_or("", |text| text.as_str());
        format!("{place} {}", mambascope_figure::readable(text))
    }

    fn column_words(&self) -> String {
        match self.window().size {
            1 => format!("single {} layer", self.participle()),
            size => format!("center of interval of {size} {} layers", self.participle()),
        }
    }

    /// The scores as a bare map.
    fn map(&self) -> Result<Heatmap, Error> {
        let scores: Vec<f64> =
            self.places().filter_map(|(token, layer)| self.score(token, layer)).collect();
        if scores.is_empty() {
            return Err(Error::NothingRestored);
        }
        let row = |&token: &usize| {
            let text = self.input_tokens().get(token).cloned().unwrap_or_default();
            if self.is_subject(token) { RowLabel::subject(text) } else { RowLabel::plain(text) }
        };
        let map = Heatmap::new(
            self.tokens().iter().map(row),
            self.layers().iter().map(usize::to_string),
            scores,
        )?;
        Ok(map
            .column_label(self.column_words())
            .nouns("token", "layer")
            .scale_label(self.label())
            .palette(Palette::Diverging))
    }
}

/// The cells whose paired differences are beyond chance at this false discovery rate, those up to `rounding` counted as none.
fn found(mut differences: Vec<Vec<f64>>, rounding: f64, rate: f64) -> Vec<usize> {
    for difference in differences.iter_mut().flatten() {
        if difference.abs() <= rounding {
            *difference = 0.0;
        }
    }
    let tested = sign_flips(&differences, Flips::default());
    let p: Vec<f64> = tested.iter().map(|one| one.p).collect();
    let rates = false_discovery(&p, Dependence::Positive);
    (0..rates.len()).filter(|&index| rates[index] <= rate).collect()
}
