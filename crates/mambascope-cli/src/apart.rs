//! A trace's effect taken apart: the numbers of a state, and the part that two sites bring back only together.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mambascope::figure::{Heatmap, Palette, RowLabel};
use mambascope::npz::{Array, Npz};
use mambascope::{Effects, Figure, Interaction, Site, TokenSet, Trace};

use crate::args::TraceArguments;
use crate::show;
use crate::subject::Refused;

/// Prints the largest numbers of a restored state, each with what it moves and what it brings back alone.
pub(crate) fn decompose(
    trace: &Trace,
    arguments: &TraceArguments,
    count: usize,
) -> anyhow::Result<()> {
    let layers = arguments.layers.0;
    let one_layer =
        matches!((layers.first, layers.end), (Some(first), Some(end)) if end == first + 1);
    if !one_layer || arguments.tokens.0 == TokenSet::All {
        return Err(one_place().into());
    }
    let whole = trace.restore((Site::State, layers)).window(1).run()?;
    let (&[token], &[layer]) = (whole.tokens(), whole.layers()) else {
        return Err(one_place().into());
    };
    let parts = trace.decompose(layer, token)?;
    let mut out = io::stdout().lock();
    let score = whole.score(token, layer).unwrap_or_else(|| whole.low());
    writeln!(
        out,
        "state of layer {layer} after token {token}, {} numbers: {} clean {:.4}, corrupted {:.4}, all restored {score:.4}",
        parts.cells().len(),
        whole.label(),
        whole.high(),
        whole.low()
    )?;
    writeln!(out, "channel\tdim\tsize\t{}", whole.label())?;
    for confirmed in parts.confirm(count)? {
        let cell = confirmed.cell;
        writeln!(out, "{}\t{}\t{:.6}\t{:.6}", cell.channel, cell.dim, cell.size, confirmed.score)?;
    }
    Ok(())
}

fn one_place() -> Refused {
    Refused {
        what: "--decompose takes the state of one layer after one token apart".to_owned(),
        help: "name both, such as --layers 4 --tokens subject-last".to_owned(),
    }
}

/// Refuses a name under which an interaction cannot be written.
pub(crate) fn check_name(file: &Path) -> Result<(), Refused> {
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("npz" | "svg" | "png" | "pdf" | "txt") => Ok(()),
        _ => Err(Refused {
            what: format!("{} cannot hold an interaction", file.display()),
            help: "end the name in `.npz`, `.svg`, `.png`, `.pdf` or `.txt`".to_owned(),
        }),
    }
}

/// Prints the map of what two sites only bring back together, and writes each file.
pub(crate) fn interaction(joint: &Interaction, outs: &[PathBuf]) -> anyhow::Result<()> {
    let figure = figure(joint)?;
    let (first, second) = (joint.first().site(), joint.second().site());
    let words = format!("p({first} and {second}) - p({first}) - p({second}) + p(corrupted)");
    let first = joint.first();
    show::result(&figure, &words, (first.notes(), first.warnings()))?;
    show::fonts(&figure, outs)?;
    for file in outs {
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz")) {
            numbers(joint)?.save(file)?;
        } else {
            figure.save(file)?;
        }
        writeln!(io::stdout().lock(), "wrote {}", file.display())?;
    }
    Ok(())
}

/// The cells of a grid, token by token.
fn cells(effects: &Effects) -> impl Iterator<Item = (usize, usize)> {
    let layers = effects.layers();
    effects.tokens().iter().flat_map(move |&token| layers.iter().map(move |&layer| (token, layer)))
}

fn terms(joint: &Interaction) -> Vec<f64> {
    cells(joint.first())
        .map(|(token, layer)| joint.term(token, layer).unwrap_or(f64::NAN))
        .collect()
}

fn figure(joint: &Interaction) -> anyhow::Result<Figure> {
    let first = joint.first();
    let row = |&token: &usize| {
        let text = first.input_tokens().get(token).cloned().unwrap_or_default();
        if first.subject().contains(&token) {
            RowLabel::subject(text)
        } else {
            RowLabel::plain(text)
        }
    };
    let rows: Vec<RowLabel> = first.tokens().iter().map(row).collect();
    let (one, other) = (first.site().words(), joint.second().site().words());
    let map = Heatmap::new(rows, first.layers().iter().map(usize::to_string), terms(joint))?
        .title(format!("Impact of {one} and {other} together, beyond that of each alone"))
        .column_label("center of restored layers")
        .nouns("token", "layer")
        .scale_label(format!("interaction in {}", first.label()))
        .palette(Palette::Diverging);
    Ok(Figure::from(map))
}

/// The scores of each site, of both, and the terms, `[tokens, layers]`.
fn numbers(joint: &Interaction) -> anyhow::Result<Npz> {
    let first = joint.first();
    let shape = [first.tokens().len(), first.layers().len()];
    let places =
        |places: &[usize]| Array::vector(places.iter().map(|&place| place as i64).collect());
    let mut npz = Npz::default();
    let maps = [("first", first), ("second", joint.second()), ("together", joint.together())];
    for (name, effects) in maps {
        let scores: Option<Vec<f64>> =
            cells(effects).map(|(token, layer)| effects.score(token, layer)).collect();
        npz.insert(name, Array::new(shape, scores.unwrap_or_default())?);
    }
    npz.insert("term", Array::new(shape, terms(joint))?);
    npz.insert("sites", Array::vector(vec![first.site().name(), joint.second().site().name()]));
    npz.insert("low_score", Array::scalar(first.low()));
    npz.insert("high_score", Array::scalar(first.high()));
    npz.insert("tokens", places(first.tokens()));
    npz.insert("layers", places(first.layers()));
    Ok(npz)
}
