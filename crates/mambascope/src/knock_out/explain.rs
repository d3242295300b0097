//! A knock-out in words, with the work it will take.

use mambascope_model::{Lanes, Removal, Rest};

use super::KnockOut;
use super::check::{self, Settled};
use super::knock::Knock;
use crate::at::Ends;
use crate::explain::cost_of;
use crate::wavefront::planned_alone;

/// The words; or the problems, where the knock-out does not fit its model.
pub(super) fn explain(knock_out: &KnockOut) -> String {
    match check::resolve(knock_out) {
        Ok(settled) => words(knock_out, &settled),
        Err(error) => error.to_string(),
    }
}

fn words(knock_out: &KnockOut, settled: &Settled) -> String {
    let (model, knock) = (knock_out.trace.model(), &knock_out.knock);
    let tokens = settled.plan.prompt.ids.len();
    let mut lines =
        vec![format!("knock-out on {} ({} layers)", model.name(), model.config().layers)];
    for (index, row) in settled.rows.iter().enumerate() {
        let name = if index == 0 { "tokens" } else { "" };
        let (from, to) = (&row.sight.from, &row.sight.to);
        lines.push(format!("  {name:<9}{to:?} do not see {from:?}, of {tokens}"));
    }
    let together = knock
        .window
        .map_or_else(|| "together".to_owned(), |window| format!("in {window}{}", ends(knock)));
    lines.push(format!("  layers   {}, {together}", knock.layers));
    lines.push(format!("  through  {}", through(knock)));
    let planned = planned_alone(&settled.plan, &settled.cells, model.config().layers);
    let cells = settled.rows.len() * settled.windows.len();
    let one_pass = tokens * model.config().layers;
    lines.push(format!("  cost     {}", cost_of(cells, 1, (cells + 1) * one_pass, planned)));
    lines.extend(settled.plan.said.notes.iter().map(|note| format!("  note     {note}")));
    let warnings = settled.plan.warnings.iter();
    lines.extend(warnings.map(|warning| format!("  warning  {warning}")));
    lines.join("\n")
}

/// Which windows there are at the ends, where that is not the usual.
const fn ends(knock: &Knock) -> &'static str {
    match knock.ends {
        Ends::Clipped => "",
        Ends::Fitting => ", only those that fit",
    }
}

/// Which lanes are cut, and what of the sources is not seen in the scan.
fn through(knock: &Knock) -> String {
    if let Some(prompts) = &knock.mean {
        return format!(
            "the convolution's input: of the sources the mean over {} prompts, of others but the targets as it was",
            prompts.len()
        );
    }
    let lanes = match knock.lanes {
        Lanes::Both => "scan and convolution",
        Lanes::Scan => "the scan",
        Lanes::Convolution => return "the convolution".to_owned(),
    };
    let removal = match knock.removal {
        Removal::Invisible => "neither written nor decayed by",
        Removal::Write => "not written by",
    };
    let rest = match knock.rest {
        Rest::Whole => "",
        Rest::Undecayed => "; written, but not decayed, in the rest",
    };
    format!("{lanes}; states are {removal} the sources, in {}{rest}", knock.channels)
}
