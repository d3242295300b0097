//! Whether the bundled model is a real organism: causal tracing of its facts, by place and layer.
//!
//! For facts that the model knows, the subject's embeddings are corrupted with three standard deviations of noise, and
//! the residual after one layer is restored at one token. Prints the mean probability of the answer.
#![expect(clippy::print_stdout, reason = "an example that reports")]

use candle_core::{D, Device, Result, Tensor};
use mambascope_model::grad::Spans;
use mambascope_train::{Facts, Network, Split, Templates};
use rand_mt::Mt;
use tokenizers::Tokenizer;

const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mambascope-model/bundled");
/// One fact in so many is traced.
const STRIDE: usize = 25;
const SAMPLES: usize = 5;

/// A prompt whose subject lies in the middle.
struct Case {
    tokens: Vec<u32>,
    subject: std::ops::Range<usize>,
    answer: usize,
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| BUNDLED.to_owned());
    let (network, tokenizer) = Network::read(&folder)?;
    let facts = Facts::read(format!("{BUNDLED}/facts.tsv"))?;
    let templates = Templates::read(format!("{BUNDLED}/templates.tsv"))?;
    let sigma = sigma(&network, &tokenizer, &facts)?;
    println!("three standard deviations are {:.4}", 3.0 * sigma);
    let places = ["subject's first", "subject's last", "after subject", "last"];
    let mut grid = vec![vec![0.0; network.shape().layers]; places.len()];
    let (mut clean, mut corrupted, mut count) = (0.0, 0.0, 0.0);
    for fact in facts.rows().iter().step_by(STRIDE) {
        for template in templates.of(&fact.relation, Split::Train) {
            let prompt = template.fill(&fact.subject);
            let Some(case) = case(&tokenizer, &prompt, &fact.subject, &fact.object) else {
                continue;
            };
            let (states, before) = clean_run(&network, &case)?;
            if before < 0.5 {
                continue;
            }
            let noise = noise(case.subject.len() * network.shape().width, 3.0 * sigma);
            clean += before;
            corrupted += corrupted_run(&network, &case, &noise, None)?;
            let last = case.tokens.len() - 1;
            let tokens = [case.subject.start, case.subject.end - 1, case.subject.end, last];
            for (place, token) in tokens.into_iter().enumerate() {
                for layer in 0..network.shape().layers {
                    let restore = Some((layer, token, &states[layer]));
                    grid[place][layer] += corrupted_run(&network, &case, &noise, restore)?;
                }
            }
            count += 1.0;
            break;
        }
    }
    println!("{count} facts: clean {:.3}, corrupted {:.3}", clean / count, corrupted / count);
    for (place, row) in places.iter().zip(grid) {
        let row: Vec<String> = row.iter().map(|sum| format!("{:.2}", sum / count)).collect();
        println!("{place:>16}  {}", row.join(" "));
    }
    Ok(())
}

/// The case, where the subject is several tokens, in the middle, with tokens after it.
fn case(tokenizer: &Tokenizer, prompt: &str, subject: &str, object: &str) -> Option<Case> {
    let encoding = tokenizer.encode(prompt, false).ok()?;
    let start = prompt.find(subject).filter(|start| *start > 0)?;
    let end = start + subject.len();
    let inside = |offset: &(usize, usize)| offset.1 > start && offset.0 < end;
    let first = encoding.get_offsets().iter().position(inside)?;
    let count = encoding.get_offsets().iter().filter(|offset| inside(offset)).count();
    let answer = tokenizer.encode(format!(" {object}"), false).ok()?.get_ids()[0] as usize;
    let tokens = encoding.get_ids().to_vec();
    let subject = first..first + count;
    (count > 1 && subject.end + 1 < tokens.len()).then_some(Case { tokens, subject, answer })
}

/// The standard deviation of all elements of the embeddings of all subjects, each tokenized alone.
fn sigma(
    network: &Network,
    tokenizer: &Tokenizer,
    facts: &Facts,
) -> std::result::Result<f64, Box<dyn std::error::Error>> {
    let mut tokens = vec![];
    for fact in facts.rows() {
        let encoding =
            tokenizer.encode(fact.subject.as_str(), false).map_err(|error| error.to_string())?;
        tokens.extend_from_slice(encoding.get_ids());
    }
    let all = network.embed(&tokens)?.flatten_all()?.to_vec1::<f32>()?;
    let mean = all.iter().map(|value| f64::from(*value)).sum::<f64>() / all.len() as f64;
    let square: f64 = all.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum();
    Ok((square / (all.len() - 1) as f64).sqrt())
}

/// Normal draws, `[S, subject, D]`.
fn noise(count: usize, deviation: f64) -> Vec<f32> {
    let mut random = Mt::new(1);
    let mut uniform = || (f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0;
    let mut normal = || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    (0..SAMPLES * count).map(|_| (deviation * normal()) as f32).collect()
}

/// The residual after each layer, and the answer's probability.
fn clean_run(network: &Network, case: &Case) -> Result<(Vec<Tensor>, f64)> {
    let spans = Spans::from_lengths(&[case.tokens.len()]);
    let mut states = vec![];
    let last = network.run(network.embed(&case.tokens)?.detach(), &spans, &mut |_, residual| {
        states.push(residual.detach());
        Ok(residual.detach())
    })?;
    Ok((states, probability(network, &last, case, 1)?))
}

/// The answer's mean probability with a corrupted subject and perhaps one residual restored.
fn corrupted_run(
    network: &Network,
    case: &Case,
    noise: &[f32],
    restore: Option<(usize, usize, &Tensor)>,
) -> Result<f64> {
    let length = case.tokens.len();
    let embedded = network.embed(&case.tokens)?.detach();
    let width = embedded.dim(1)?;
    let mut rows = embedded.flatten_all()?.to_vec1::<f32>()?.repeat(SAMPLES);
    for (sample, noise) in noise.chunks_exact(case.subject.len() * width).enumerate() {
        let start = (sample * length + case.subject.start) * width;
        for (value, noise) in rows[start..start + noise.len()].iter_mut().zip(noise) {
            *value += noise;
        }
    }
    let embedded = Tensor::from_vec(rows, (SAMPLES * length, width), &Device::Cpu)?;
    let spans = Spans::from_lengths(&[length; SAMPLES]);
    let last = network.run(embedded, &spans, &mut |layer, residual| match restore {
        Some((at, token, clean)) if at == layer => {
            let clean = clean.narrow(0, token, 1)?;
            let rows = (0..SAMPLES * length).map(|row| {
                if row % length == token { Ok(clean.clone()) } else { residual.narrow(0, row, 1) }
            });
            Ok(Tensor::cat(&rows.collect::<Result<Vec<_>>>()?, 0)?.detach())
        }
        _ => Ok(residual.detach()),
    })?;
    probability(network, &last, case, SAMPLES)
}

fn probability(network: &Network, residual: &Tensor, case: &Case, samples: usize) -> Result<f64> {
    let length = case.tokens.len() as u32;
    let rows: Vec<u32> = (1..=samples as u32).map(|sample| sample * length - 1).collect();
    let logits = network.logits(residual, &rows)?;
    let probabilities = candle_nn::ops::softmax(&logits, D::Minus1)?.narrow(1, case.answer, 1)?;
    Ok(f64::from(probabilities.mean_all()?.to_scalar::<f32>()?))
}
