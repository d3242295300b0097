//! Knock-outs as pictures: how much of p(answer) is lost, by layers.

use mambascope_figure::{Figure, Heatmap, Lines, Palette, RowLabel, Series};

use super::Knocked;
use super::knock::Sources;
use crate::Error;

impl Knocked {
    /// The changes as curves over layers, one for each pair: of p relative, as published, of other metrics the differences.
    ///
    /// # Errors
    /// Never for numbers of a run.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3);
    /// let figure = trace.knock_out(Subject, Last, ..).window(1).run()?.lines()?;
    /// assert!(figure.svg().contains("subject to last token"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn lines(&self) -> Result<Figure, Error> {
        let changes = self.changes();
        let rows = self.rows.iter().zip(changes.chunks(self.layers.len().max(1)));
        let series = rows.map(|(name, values)| Series::new(name, values.to_vec()));
        let lines = Lines::new(self.columns(), series)?
            .title(self.title())
            .column_label(self.column_label())
            .column_noun("layer")
            .value_label(self.change_label())
            .rule("clean run", 0.0);
        Ok(if self.captions.is_empty() { lines } else { lines.caption(self.captions.join(" ")) }
            .figure())
    }

    /// The changes as a map: pairs down, layers across, white where nothing changes.
    ///
    /// # Errors
    /// Never for numbers of a run.
    pub fn heatmap(&self) -> Result<Figure, Error> {
        let map = Heatmap::new(self.labels(), self.columns(), self.changes())?
            .title(self.title())
            .column_label(self.column_label())
            .nouns("pair", "layer")
            .scale_label(self.change_label())
            .palette(Palette::Diverging);
        Ok(if self.captions.is_empty() { map } else { map.caption(self.captions.join(" ")) }
            .figure())
    }

    /// One picture for what was asked: a map of single tokens, else curves.
    ///
    /// # Errors
    /// As [`Knocked::lines`].
    pub fn figure(&self) -> Result<Figure, Error> {
        match self.knock.sources {
            Sources::Each => self.heatmap(),
            Sources::Together => self.lines(),
        }
    }

    /// Rows by the text of their token where each stands alone for one, else by their words.
    fn labels(&self) -> Vec<RowLabel> {
        let single = self.knock.sources == Sources::Each && self.knock.pairs.len() == 1;
        let label = |(name, from): (&String, &std::ops::Range<usize>)| match self
            .input_tokens
            .get(from.start)
            .filter(|_| single)
        {
            Some(text) if self.subject.contains(&from.start) => RowLabel::subject(text),
            Some(text) => RowLabel::plain(text),
            None => RowLabel::plain(name),
        };
        self.rows.iter().zip(&self.from).map(label).collect()
    }

    fn columns(&self) -> Vec<String> {
        let whole = |layers: &std::ops::Range<usize>| format!("{}..{}", layers.start, layers.end);
        match self.knock.window {
            Some(_) => self.centres.iter().map(usize::to_string).collect(),
            None => self.layers.iter().map(whole).collect(),
        }
    }

    fn title(&self) -> String {
        let what = if self.knock.mean.is_some() { "Knock-out by the mean" } else { "Knock-out" };
        format!("{what}: change of {}", self.label())
    }

    fn column_label(&self) -> String {
        match self.knock.window {
            None => format!("layers knocked out together within {}", self.model),
            Some(window) if window.size == 1 => {
                format!("single knocked-out layer within {}", self.model)
            }
            Some(window) => format!("center of interval of {} knocked-out layers", window.size),
        }
    }
}
