//! The verbs that the README lists, each run on the bundled model.

#![expect(clippy::print_stdout, reason = "it shows what it finds")]

use candle_core::Tensor;
use mambascope::model::{self, Spot, Tap};
use mambascope::prelude::*;

/// Half of what is there.
#[derive(Clone)]
struct Half;

impl Tap for Half {
    fn wants(&self, _: Spot) -> bool {
        true
    }

    fn visit(&mut self, _: Spot, value: Tensor) -> Result<Tensor, model::Error> {
        Ok((value * 0.5)?)
    }
}

fn main() -> Result<(), Error> {
    let model = Model::bundled()?;
    let prompt = "Books describe Vincent van Gogh as a great";
    let trace = model.trace(prompt).subject("Vincent van Gogh");
    let noisy = trace.corrupt(Noise::sigmas(3.0).samples(2).seed(1));
    let file = std::env::temp_dir().join(format!("mambascope-verbs-{}.txt", std::process::id()));
    std::fs::write(&file, "The Rhine flows through\nThe capital of Fiji is the city of\n")
        .map_err(|source| Error::File { file: file.clone(), source })?;
    let traces = [
        noisy.restore((Site::State, 2..6)).timing(Timing::CarryOnly).channels(0..64).dims(3),
        noisy.restore(Site::ScanOut).and(Site::Gate),
        noisy.corrupt(swap("Marie Curie")).direction(Direction::Noise).restore(..),
        model.trace(prompt).patch((Site::State, 4), "The Rhine flows through"),
        trace.corrupt(Corruption::Nothing).restore(Site::Gate).fill(Fill::Zero),
        noisy.restore(Site::State).fill(Elsewhere::clean().token(SubjectLast).layer(3)),
        trace.restore(Site::State).fill(Fill::mean_over(&file)),
        trace.restore(Site::Gate).tap("half", Half),
        noisy.restore(..).tokens(SubjectLast).sever(Site::Gate),
        noisy.path_blocking(Site::ScanOut),
        noisy.restore(Site::ConvState).taps(2),
        noisy.severed_modules(),
        noisy.severed_modules().stream(Stream::Rome),
        noisy.corrupt(Noise::student(3.0)),
        noisy.corrupt(Noise::multivariate()),
        noisy.restore(..).until(Until::width(0.05).most(500)),
    ];
    for trace in traces {
        println!("{}", trace.run()?);
    }
    // What is left behind in a folder of temporary files does no harm.
    let _ = std::fs::remove_file(&file);
    println!(
        "{}",
        noisy.foil("poet").metrics(Metric::ALL).restore(..).run()?.metric(Metric::Rank)?
    );
    let maps = together([noisy.restore(..), noisy.restore(Site::Gate)]).run()?;
    println!("{} and {}", maps[0], maps[1]);
    let effects = noisy.restore(..).run()?;
    println!("{}", effects.normalised(Normalisation::Recovered)?);
    println!("{:?}", noisy.interaction(Site::ScanOut, Site::Gate)?.term(3, 4));
    let knocked = model.trace(prompt).knock_out(Subject, Last, 2..6).removal(Removal::Write);
    println!("{}", knocked.run()?);
    let each = trace.knock_out(All, Last, ..).sources(Sources::Each).window(3);
    println!("{}", each.run()?.heatmap()?);
    let slow = trace.knock_out(Subject, Last, ..).channels(Channels::Slowest(0.25));
    println!("{}", slow.run()?);
    println!("{:?}", noisy.decompose(4, 3)?.confirm(5)?);
    println!("{:?}", trace.hidden_attention(4)?.mean(Through::Block));
    Ok(())
}
