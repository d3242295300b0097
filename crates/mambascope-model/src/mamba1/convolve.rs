//! The convolution of a block: fused where nobody looks at its window, else window by window.

use super::scan::{put, tails_of};
use super::{Block, Seer};
use crate::block::{Pass, Past};
use crate::ops::Operations;
use crate::site::Timing;
use crate::{Error, Ragged, Site, Span};

/// The last K inputs of several rows, oldest first, each `[rows, E]`.
type Window<O> = Vec<<O as Operations>::Rows>;

impl<O: Operations> Block<O> {
    /// The last K inputs at some rows of a past, `[rows, E K]`; `tokens` are their positions in their prompts.
    pub(crate) fn windows(
        &self,
        operations: &O,
        past: &Past<O>,
        rows: &[usize],
        tokens: &[usize],
    ) -> Result<O::Rows, Error> {
        let known = rows.iter().zip(tokens).map(|(&row, &token)| Some((row, token)));
        let known: Vec<_> = known.collect();
        operations.interleave(&self.window_at(operations, Some(past), &known)?)
    }

    /// The windows that end at rows of a past; zeros before a prompt's start.
    fn window_at(
        &self,
        operations: &O,
        past: Option<&Past<O>>,
        ends: &[Option<(usize, usize)>],
    ) -> Result<Window<O>, Error> {
        let part = |back: usize| {
            let mut part = operations.zeros(ends.len(), self.inner)?;
            let Some(past) = past else { return Ok(part) };
            let at = |(index, end): (usize, &Option<(usize, usize)>)| {
                end.filter(|(_, token)| *token >= back)
                    .map(|(row, _)| (row + past.lead - back, index))
            };
            let pairs: Vec<_> = ends.iter().enumerate().filter_map(at).collect();
            operations.scatter(&past.inputs, &mut part, &pairs)?;
            Ok(part)
        };
        (0..self.taps).rev().map(part).collect()
    }

    /// The convolution with its bias.
    pub(super) fn convolve(
        &self,
        inputs: &O::Rows,
        pass: &Pass<'_, O>,
        see: &mut Seer<'_, O>,
    ) -> Result<O::Rows, Error> {
        if see.tap.wants(Site::ConvState) {
            return self.stepped_convolve(inputs, pass, see);
        }
        let past = pass.past.map(|past| &past.inputs);
        let behind = |lead: usize| {
            let later = move |row: usize| row + lead;
            pass.ragged.spans().map(move |(_, span)| Span { past: span.past.map(later), ..span })
        };
        let ragged = match pass.past.map_or(0, |past| past.lead) {
            0 => pass.ragged,
            lead => &Ragged::new(behind(lead).collect()),
        };
        see.operations.convolve(inputs, past, ragged, &self.convolution)
    }

    fn stepped_convolve(
        &self,
        inputs: &O::Rows,
        pass: &Pass<'_, O>,
        see: &mut Seer<'_, O>,
    ) -> Result<O::Rows, Error> {
        let operations = see.operations;
        let spans: Vec<(usize, Span)> = pass.ragged.spans().collect();
        let begins = |(_, span): &(usize, Span)| Some((span.past?, span.token.checked_sub(1)?));
        let begins: Vec<_> = spans.iter().map(begins).collect();
        let mut window = self.window_at(operations, pass.past, &begins)?;
        let mut out = operations.zeros(pass.ragged.rows(), self.inner)?;
        for place in 0..pass.places() {
            let live: Vec<usize> =
                (0..spans.len()).filter(|&index| spans[index].1.length > place).collect();
            let rows: Vec<usize> = live.iter().map(|&index| spans[index].0 + place).collect();
            let gather = |part: &O::Rows| operations.gather(part, &live);
            let mut here: Window<O> = window.iter().map(gather).collect::<Result<_, _>>()?;
            let begun = |index: &usize| spans[live[*index]].1.token + place > 0;
            let with_past: Vec<usize> = (0..live.len()).filter(begun).collect();
            self.show(&mut here, &with_past, &rows, Timing::SeedCompat, see)?;
            here.remove(0);
            here.push(operations.gather(inputs, &rows)?);
            let all: Vec<usize> = (0..live.len()).collect();
            self.show(&mut here, &all, &rows, Timing::ReadThrough, see)?;
            let mut seen = here.clone();
            self.show(&mut seen, &all, &rows, Timing::ReadOnly, see)?;
            put(operations, &self.weigh(operations, &seen)?, &mut out, &rows)?;
            self.show(&mut here, &all, &rows, Timing::CarryOnly, see)?;
            for (part, here) in window.iter_mut().zip(&here) {
                put(operations, here, part, &live)?;
            }
        }
        if !pass.steps_all() {
            self.convolve_tails(operations, inputs, pass.ragged, &window, &mut out)?;
        }
        Ok(out)
    }

    /// Shows some of the windows, if this is the time for it.
    fn show(
        &self,
        window: &mut Window<O>,
        which: &[usize],
        rows: &[usize],
        time: Timing,
        see: &mut Seer<'_, O>,
    ) -> Result<(), Error> {
        if see.timing(Site::ConvState) != Some(time) || which.is_empty() {
            return Ok(());
        }
        let operations = see.operations;
        let at: Vec<usize> = which.iter().map(|&index| rows[index]).collect();
        let some = operations.gather(&operations.interleave(window)?, which)?;
        let mut shown = some;
        see.some(Site::ConvState, &mut shown, &at)?;
        for (part, shown) in window.iter_mut().zip(operations.separate(&shown, self.taps)?) {
            put(operations, &shown, part, which)?;
        }
        Ok(())
    }

    /// The convolution at the end of each window.
    fn weigh(&self, operations: &O, window: &Window<O>) -> Result<O::Rows, Error> {
        let count = window.first().map_or(0, |part| operations.count(part));
        let (laid, ragged) = self.laid(operations, window, count)?;
        let convolved = operations.convolve(&laid, None, &ragged, &self.convolution)?;
        operations.gather(&convolved, &ragged.last_rows())
    }

    /// Windows laid end to end, each a span of K tokens.
    fn laid(
        &self,
        operations: &O,
        window: &Window<O>,
        count: usize,
    ) -> Result<(O::Rows, Ragged), Error> {
        let order: Vec<usize> =
            (0..count).flat_map(|row| (0..self.taps).map(move |part| part * count + row)).collect();
        let laid = operations.gather(&operations.stack(window)?, &order)?;
        Ok((laid, Ragged::prompts(&vec![self.taps; count])))
    }

    /// The tokens after the first of each span, fused, from the windows after it.
    fn convolve_tails(
        &self,
        operations: &O,
        inputs: &O::Rows,
        ragged: &Ragged,
        window: &Window<O>,
        out: &mut O::Rows,
    ) -> Result<(), Error> {
        let (tails, rows) = tails_of(ragged);
        if rows.is_empty() {
            return Ok(());
        }
        let (laid, windows) = self.laid(operations, window, ragged.spans().len())?;
        let ends = windows.last_rows();
        // A window is whole, zeros before the prompt and all, so its tail may look back as far as it likes.
        let from_window = |(_, span): (usize, Span)| Span {
            past: span.past.map(|index| ends[index]),
            token: span.token.max(self.taps),
            ..span
        };
        let tails = Ragged::new(tails.spans().map(from_window).collect());
        let inputs = operations.gather(inputs, &rows)?;
        let convolved = operations.convolve(&inputs, Some(&laid), &tails, &self.convolution)?;
        put(operations, &convolved, out, &rows)
    }
}
