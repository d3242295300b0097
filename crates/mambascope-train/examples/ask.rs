//! What the bundled model says after a prompt: `cargo run --release -p mambascope-train --example ask -- PROMPT...`.
#![expect(clippy::print_stdout, reason = "an example that reports")]

use candle_core::D;
use mambascope_model::grad::Spans;
use mambascope_train::Network;

const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mambascope-model/bundled");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (network, tokenizer) = Network::read(BUNDLED)?;
    for prompt in std::env::args().skip(1) {
        let encoding = tokenizer.encode(prompt.as_str(), false).map_err(|e| e.to_string())?;
        let spans = Spans::from_lengths(&[encoding.len()]);
        let embedded = network.embed(encoding.get_ids())?;
        let residual = network.run(embedded, &spans, &mut |_, residual| Ok(residual))?;
        let logits = network.logits(&residual, &[encoding.len() as u32 - 1])?;
        let probabilities = candle_nn::ops::softmax(&logits, D::Minus1)?.squeeze(0)?;
        let probabilities = probabilities.to_vec1::<f32>()?;
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        println!("{prompt}  {:?}", encoding.get_tokens());
        for token in order.into_iter().take(3) {
            let word = tokenizer.id_to_token(token as u32).unwrap_or_default();
            println!("  {:.4}  {word}", probabilities[token]);
        }
    }
    Ok(())
}
