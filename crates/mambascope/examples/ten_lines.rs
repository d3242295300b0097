//! The README's ten lines.
#![expect(clippy::print_stdout, reason = "a program prints")]

use mambascope::prelude::*;

fn main() -> Result<(), Error> {
    let model = Model::bundled()?; // or Model::load("state-spaces/mamba-130m")?, or a folder
    let prompt = "Books describe Vincent van Gogh as a great";
    let noisy = model
        .trace(prompt)
        .subject("Vincent van Gogh")
        .corrupt(Noise::sigmas(3.0).samples(10).seed(1));
    noisy.restore(..).heatmap()?.save("residual.svg")?; // every token, every layer
    noisy.restore(Site::MixerOut).window(4).heatmap()?.save("mixer.pdf")?; // four layers at a time
    let effects = noisy.restore((Site::ScanOut, 2..6)).tokens(SubjectLast).run()?; // numbers, with labels
    effects.save("effects.npz")?; // ROME's layout; numpy reads it
    println!("{effects}\n{}", noisy.restore(..).explain()); // a plan in words, and its cost
    let acts = model.record(prompt, (Site::Gate, 3))?; // candle tensors, [tokens, width]
    acts.save("gate.safetensors")?;
    Ok(())
}
