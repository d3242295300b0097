//! The scan of a block: fused where nobody changes anything inside it, else step by step through its equation.

use super::{Block, Seer, Selected};
use crate::block::{Pass, Past};
use crate::ops::{Keep, Operations, Selection};
use crate::site::Timing;
use crate::{Error, Ragged, Site, Span};

impl<O: Operations> Block<O> {
    /// What a past kept of the scan at some rows, `[rows, E N]`.
    pub(crate) fn states(
        &self,
        operations: &O,
        past: &Past<O>,
        rows: &[usize],
    ) -> Result<O::Rows, Error> {
        operations.unpack_states(&past.states, rows, &self.decay)
    }

    /// What a past has at one row, alone: its state and the inputs that the next token's window has.
    pub(crate) fn end_of(
        &self,
        operations: &O,
        past: &Past<O>,
        row: usize,
    ) -> Result<Past<O>, Error> {
        let state = operations.unpack_states(&past.states, &[row], &self.decay)?;
        let end = past.lead + row + 1;
        let kept: Vec<usize> = (end.saturating_sub(self.taps.max(2) - 1)..end).collect();
        Ok(Past {
            inputs: operations.gather(&past.inputs, &kept)?,
            states: operations.pack_states(&state, &self.decay)?,
            lead: kept.len() - 1,
            gates: None,
        })
    }

    /// What follows a past of one row by another.
    pub(crate) fn follow(
        &self,
        operations: &O,
        past: &Past<O>,
        next: Past<O>,
    ) -> Result<Past<O>, Error> {
        let inputs = operations.stack(&[past.inputs.clone(), next.inputs])?;
        let end = operations.count(&inputs);
        let kept: Vec<usize> = (end.saturating_sub(self.taps.max(2) - 1)..end).collect();
        let inputs = operations.gather(&inputs, &kept)?;
        Ok(Past { inputs, states: next.states, lead: kept.len() - 1, gates: None })
    }

    /// The scan with its direct path, and the states after each row where they are kept.
    pub(super) fn scan(
        &self,
        x: &O::Rows,
        selected: &Selected<O>,
        pass: &Pass<'_, O>,
        see: &mut Seer<'_, O>,
    ) -> Result<(O::Rows, Option<O::States>), Error> {
        let is_seen = Site::INSIDE_SCAN.iter().any(|&site| see.tap.wants(site));
        let is_kept = pass.keep == Keep::States;
        if is_seen && !(is_kept && see.tap.only_looks()) {
            return self.stepped_scan(x, selected, pass, see);
        }
        let past = pass.past.map(|past| &past.states);
        let selection = Selection { delta: &selected.delta, b: &selected.b, c: &selected.c };
        let (out, kept) =
            see.operations.scan(x, &selection, past, pass.ragged, &self.decay, pass.keep)?;
        if let (true, Some(states)) = (is_seen, &kept) {
            self.show_inside(x, selected, (pass, states), see)?;
        }
        Ok((out, kept))
    }

    /// Shows a tap that only looks what the fused scan never writes down, from the states that it left.
    fn show_inside(
        &self,
        x: &O::Rows,
        selected: &Selected<O>,
        (pass, states): (&Pass<'_, O>, &O::States),
        see: &mut Seer<'_, O>,
    ) -> Result<(), Error> {
        let (operations, decay) = (see.operations, &self.decay);
        let Selected { delta, b, c } = selected;
        for site in [Site::DeltaDecay, Site::DeltaWrite] {
            if see.tap.wants(site) {
                see.every(site, &mut delta.clone())?;
            }
        }
        if see.tap.wants(Site::Decay) {
            see.every(Site::Decay, &mut operations.decays(delta, decay)?)?;
        }
        if see.tap.wants(Site::Write) {
            see.every(Site::Write, &mut operations.writes(delta, x, b, decay)?)?;
        }
        if [Site::State, Site::ScanRead].iter().any(|&site| see.tap.wants(site)) {
            let all: Vec<usize> = (0..pass.ragged.rows()).collect();
            let mut states = operations.unpack_states(states, &all, decay)?; // [rows, E N]
            see.every(Site::State, &mut states)?;
            see.every(Site::ScanRead, &mut operations.read(&states, c, decay)?)?;
        }
        Ok(())
    }

    /// The scan with every quantity of its equation as a matrix; past the stepped tokens fused again.
    pub(super) fn stepped_scan(
        &self,
        x: &O::Rows,
        selected: &Selected<O>,
        pass: &Pass<'_, O>,
        see: &mut Seer<'_, O>,
    ) -> Result<(O::Rows, Option<O::States>), Error> {
        let operations = see.operations;
        let at = pass.inner_rows();
        let inner = |rows: &O::Rows| operations.gather(rows, &at);
        let (x_here, b, c) = (inner(x)?, inner(&selected.b)?, inner(&selected.c)?);
        let mut step = inner(&selected.delta)?;
        see.some(Site::DeltaDecay, &mut step, &at)?;
        let mut decays = operations.decays(&step, &self.decay)?; // [rows, E N]
        see.some(Site::Decay, &mut decays, &at)?;
        let mut step = inner(&selected.delta)?;
        see.some(Site::DeltaWrite, &mut step, &at)?;
        let mut writes = operations.writes(&step, &x_here, &b, &self.decay)?; // [rows, E N]
        see.some(Site::Write, &mut writes, &at)?;
        let carried = self.carry(&decays, &writes, pass, see)?;
        let mut read = operations.read(&carried.read, &c, &self.decay)?; // [rows, E]
        see.some(Site::ScanRead, &mut read, &at)?;
        let here = operations.direct(&read, &x_here, &self.decay)?;
        if pass.steps_all() {
            let kept = (pass.keep == Keep::States)
                .then(|| operations.pack_states(&carried.after, &self.decay))
                .transpose()?;
            return Ok((here, kept));
        }
        Ok((self.tails(x, selected, pass, see, &carried.last, &here)?, None))
    }

    /// Walks the state through the stepped tokens of all spans, all spans abreast.
    fn carry(
        &self,
        decays: &O::Rows,
        writes: &O::Rows,
        pass: &Pass<'_, O>,
        see: &mut Seer<'_, O>,
    ) -> Result<Carried<O>, Error> {
        let operations = see.operations;
        let spans: Vec<(usize, Span)> = pass.ragged.spans().collect();
        let mut last = self.first_states(operations, &spans, pass.past)?;
        let mut read = operations.zeros(operations.count(decays), self.inner * self.state)?;
        let mut after = read.clone();
        for place in 0..pass.places() {
            let live: Vec<usize> =
                (0..spans.len()).filter(|&index| spans[index].1.length > place).collect();
            let rows: Vec<usize> = live.iter().map(|&index| spans[index].0 + place).collect();
            let here = if pass.steps_all() { rows.clone() } else { live.clone() };
            let mut state = operations.gather(&last, &live)?;
            before(&mut state, &live, &spans, place, see)?;
            state = operations.multiply(state, &operations.gather(decays, &here)?)?;
            state = operations.add(state, &operations.gather(writes, &here)?)?;
            see.at_time(Site::State, Timing::ReadThrough, &mut state, &rows)?;
            let mut seen = state.clone();
            see.at_time(Site::State, Timing::ReadOnly, &mut seen, &rows)?;
            put(operations, &seen, &mut read, &here)?;
            see.at_time(Site::State, Timing::CarryOnly, &mut state, &rows)?;
            put(operations, &state, &mut after, &here)?;
            put(operations, &state, &mut last, &live)?;
        }
        Ok(Carried { read, after, last })
    }

    /// The state that each span begins with, `[spans, E N]`.
    fn first_states(
        &self,
        operations: &O,
        spans: &[(usize, Span)],
        past: Option<&Past<O>>,
    ) -> Result<O::Rows, Error> {
        let mut first = operations.zeros(spans.len(), self.inner * self.state)?;
        let Some(past) = past else { return Ok(first) };
        let with_past = |(index, (_, span)): (usize, &(usize, Span))| Some((index, span.past?));
        let (targets, rows): (Vec<usize>, Vec<usize>) =
            spans.iter().enumerate().filter_map(with_past).unzip();
        put(operations, &self.states(operations, past, &rows)?, &mut first, &targets)?;
        Ok(first)
    }

    /// The tokens after the first of each span, fused, from the states after it; the outputs of all rows.
    fn tails(
        &self,
        x: &O::Rows,
        selected: &Selected<O>,
        pass: &Pass<'_, O>,
        see: &Seer<'_, O>,
        states: &O::Rows,
        heads: &O::Rows,
    ) -> Result<O::Rows, Error> {
        let operations = see.operations;
        let mut out = operations.zeros(pass.ragged.rows(), self.inner)?;
        put(operations, heads, &mut out, &pass.inner_rows())?;
        let (ragged, rows) = tails_of(pass.ragged);
        if !rows.is_empty() {
            let some = |whole: &O::Rows| operations.gather(whole, &rows);
            let (delta, b, c) = (some(&selected.delta)?, some(&selected.b)?, some(&selected.c)?);
            let selection = Selection { delta: &delta, b: &b, c: &c };
            let states = operations.pack_states(states, &self.decay)?;
            let (tails, _) = operations.scan(
                &some(x)?,
                &selection,
                Some(&states),
                &ragged,
                &self.decay,
                Keep::Nothing,
            )?;
            put(operations, &tails, &mut out, &rows)?;
        }
        Ok(out)
    }
}

/// States of a walk.
struct Carried<O: Operations> {
    /// What each stepped row reads from.
    read: O::Rows,
    /// What each stepped row leaves to the next.
    after: O::Rows,
    /// What each span's last stepped row leaves.
    last: O::Rows,
}

/// Shows the state before a token, in the original project's order; at the start of a prompt there is none.
fn before<O: Operations>(
    state: &mut O::Rows,
    live: &[usize],
    spans: &[(usize, Span)],
    place: usize,
    see: &mut Seer<'_, O>,
) -> Result<(), Error> {
    if see.timing(Site::State) != Some(Timing::SeedCompat) {
        return Ok(());
    }
    let begun = |index: &usize| spans[live[*index]].1.token + place > 0;
    let which: Vec<usize> = (0..live.len()).filter(begun).collect();
    let rows: Vec<usize> = which.iter().map(|&index| spans[live[index]].0 + place).collect();
    let mut some = see.operations.gather(state, &which)?;
    see.some(Site::State, &mut some, &rows)?;
    put(see.operations, &some, state, &which)
}

/// The spans without their first tokens, each with its own number as its past, and their rows.
pub(super) fn tails_of(ragged: &Ragged) -> (Ragged, Vec<usize>) {
    let (mut spans, mut rows) = (Vec::new(), Vec::new());
    for (index, (start, span)) in ragged.spans().enumerate() {
        if span.length > 1 {
            rows.extend(start + 1..start + span.length);
            let (length, token) = (span.length - 1, span.token + 1);
            spans.push(Span { length, token, past: Some(index) });
        }
    }
    (Ragged::new(spans), rows)
}

/// Copies rows, in order, over rows of another matrix at these places.
pub(super) fn put<O: Operations>(
    operations: &O,
    from: &O::Rows,
    into: &mut O::Rows,
    places: &[usize],
) -> Result<(), Error> {
    let pairs: Vec<(usize, usize)> = places.iter().copied().enumerate().collect();
    operations.scatter(from, into, &pairs)
}
