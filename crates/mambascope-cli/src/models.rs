//! `mambascope models`.

use std::io::{self, Write as _};

use mambascope::Model;
use mambascope::model::{Config, cached};

/// Lists what is bundled and what is cached.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let bundled = Model::bundled()?;
    writeln!(out, "bundled  {}; trained on the facts in this library", shape(bundled.config()))?;
    let cached = cached();
    for model in &cached {
        let megabytes = model.bytes as f64 / 1e6;
        writeln!(
            out,
            "{}  {}, {megabytes:.0} MB, {}",
            model.id,
            model.commit,
            model.path.display()
        )?;
    }
    if cached.is_empty() {
        writeln!(
            out,
            "no Mamba checkpoint is in the hub's cache; a folder works as well: --model ./mamba-130m"
        )?;
    }
    Ok(())
}

/// A model's shape in a line.
fn shape(config: &Config) -> String {
    let Config { layers, width, inner, state, known_vocabulary, .. } = config;
    format!("Mamba-1, {layers} layers, D {width}, E {inner}, N {state}, {known_vocabulary} tokens")
}
