//! `mambascope attention`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use mambascope::figure::{Figure, Heatmap};
use mambascope::npz::{Array, Npz};
use mambascope::{Effects, Model, Scope as _, Through};

use crate::args::AttentionArguments;
use crate::{show, subject};

/// Draws how much each token reads of each earlier one through a layer's scan, and writes each file.
pub(crate) fn run(arguments: &AttentionArguments) -> anyhow::Result<()> {
    let default = [PathBuf::from("attention.svg")];
    let outs = if arguments.out.is_empty() { &default[..] } else { &arguments.out };
    for out in outs {
        crate::apart::check_name(out)?;
        Effects::check_file(out)?;
    }
    let (prompt, _) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let ids = model.record_all(prompt.clone(), &[])?.input_ids().to_vec();
    // Whoever reads whom does not depend on a subject.
    let attention = model.trace(prompt).subject(0..1).hidden_attention(arguments.layer)?;
    let through: Through = arguments.through.into();
    let map = match arguments.channel {
        Some(channel) => attention.channel(channel, through)?,
        None => attention.mean(through)?,
    };
    let values: Vec<f64> = map.flatten_all()?.to_vec1()?;
    let labels: Vec<String> = ids.iter().map(|&id| label(&model, id)).collect();
    let title = format!("Hidden attention of layer {}", arguments.layer);
    let figure = Figure::from(Heatmap::attention(labels.clone(), values.clone())?.title(title));
    let channels = match arguments.channel {
        Some(channel) => format!("channel {channel}"),
        None => "mean over channels".to_owned(),
    };
    show::result(&figure, &format!("{channels}; row reads column"), (&[], &[]))?;
    show::fonts(&figure, outs)?;
    for file in outs {
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz")) {
            let mut npz = Npz::default();
            npz.insert("attention", Array::new([ids.len(), ids.len()], values.clone())?);
            npz.insert("input_ids", Array::vector(ids.iter().map(|&id| i64::from(id)).collect()));
            npz.insert("labels", Array::vector(labels.clone()));
            npz.insert("layer", Array::scalar(arguments.layer as i64));
            npz.save(file)?;
        } else {
            figure.save(file)?;
        }
        writeln!(io::stdout().lock(), "wrote {}", file.display())?;
    }
    Ok(())
}

fn label(model: &Model, id: u32) -> String {
    model.tokens().map_or_else(|| format!("#{id}"), |tokens| tokens.readable(id))
}
