//! The verbs that the README lists, each run on the bundled model.

#![expect(clippy::print_stdout, reason = "it shows what it finds")]

use mambascope::prelude::*;

fn main() -> Result<(), Error> {
    let model = Model::bundled()?;
    let prompt = "Books describe Vincent van Gogh as a great";
    let trace = model.trace(prompt).subject("Vincent van Gogh");
    let noisy = trace.corrupt(Noise::sigmas(3.0).samples(2).seed(1));
    let traces = [
        noisy.restore((Site::State, 2..6)).timing(Timing::CarryOnly).channels(0..64).dims(3),
        noisy.restore(Site::ScanOut).and(Site::Gate),
        noisy.corrupt(swap("Marie Curie")).direction(Direction::Noise).restore(..),
        model.trace(prompt).patch((Site::State, 4), "The Rhine flows through"),
        trace.corrupt(Corruption::Nothing).restore(Site::Gate).fill(Fill::Zero),
        noisy.restore(..).tokens(SubjectLast).sever(Site::Gate),
        noisy.path_blocking(Site::ScanOut),
        noisy.severed_modules(),
        noisy.corrupt(Noise::student(3.0)),
        noisy.corrupt(Noise::multivariate()),
        noisy.restore(..).until(Until::width(0.05).most(500)),
    ];
    for trace in traces {
        println!("{}", trace.run()?);
    }
    println!(
        "{}",
        noisy.foil("poet").metrics(Metric::ALL).restore(..).run()?.metric(Metric::Rank)?
    );
    let effects = noisy.restore(..).run()?;
    println!("{}", effects.normalised(Normalisation::Recovered)?);
    println!("{:?}", noisy.interaction(Site::ScanOut, Site::Gate)?.term(3, 4));
    let knocked = model.trace(prompt).knock_out(Subject, Last, 2..6).removal(Removal::Write);
    println!("{:?}", knocked.run()?);
    println!("{:?}", noisy.decompose(4, 3)?.confirm(5)?);
    println!("{:?}", trace.hidden_attention(4)?.mean(Through::Block));
    Ok(())
}
