//! `mambascope models`.

use std::io::{self, Write as _};

use mambascope::Model;
use mambascope::model::cached;

/// Lists what is bundled and what is cached.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let bundled = Model::bundled()?;
    let config = bundled.config();
    writeln!(
        out,
        "bundled  Mamba-1, {} layers, D {}, E {}, N {}, {} tokens; trained on the facts in this library",
        config.layers, config.width, config.inner, config.state, config.known_vocabulary
    )?;
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
