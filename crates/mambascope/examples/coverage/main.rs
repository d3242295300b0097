//! Prints the table of interval coverage.
//!
//!     cargo run --release -p mambascope --example coverage
//!
//! Each line is simulated with the seed that it names by its place; truth is exact, or the mean over a pool of 20,000 samples of
//! the default trace from which the samples are drawn.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod judge;
mod laws;

use judge::{Judged, of_effect, of_mean, of_share, of_stopping};
use laws::{Cells, Law};
use mambascope::prelude::*;
use rayon::prelude::*;

const POOL: usize = 20_000;
const COUNTS: [usize; 7] = [1, 2, 5, 10, 30, 100, 1000];
/// Trials of a cell of the table, fewer where each takes long; the standard error of a share of 0.95 is 0.0034 for 4,000.
const fn trials(samples: usize) -> usize {
    if samples > 100 { 1000 } else { 4000 }
}

fn main() -> Result<(), Error> {
    println!("# Coverage of intervals\n");
    println!(
        "Made by `cargo run --release -p mambascope --example coverage`. The share of 95 % intervals that hold the true value, \
         over 4,000 simulated samples a cell (1,000 at n = 1000), whose own error is 0.0034 (0.007). The distributions were not used \
         to make the method.\n"
    );
    let traces = [Cells::of_default_trace(3.0, POOL)?, Cells::of_default_trace(1.0, POOL)?];
    means(&traces);
    pairs(&traces);
    stopping(&traces);
    Ok(())
}

fn header(first: &str) {
    let counts = COUNTS.map(|count| format!("n = {count}")).join(" | ");
    println!("| {first} | {counts} |\n|---|{}", "---|".repeat(COUNTS.len()));
}

fn row(name: &str, judged: &[Judged]) {
    let shares: Vec<String> = judged.iter().map(|one| format!("{:.3}", one.coverage)).collect();
    println!("| {name} | {} |", shares.join(" | "));
}

/// The cells of a trace as laws.
fn pools(traces: &[Cells]) -> Vec<Law> {
    let cells = traces.iter().flat_map(|trace| &trace.grid);
    cells.map(|(name, samples)| Law::Pool(name.clone(), samples.clone())).collect()
}

/// The entries of a least row: for each number of samples that of the line that covers least.
fn least(rows: &[Vec<Judged>]) -> Vec<Judged> {
    let of = |column: usize| {
        let entries = rows.iter().map(|row| row[column]);
        entries.min_by(|one, other| one.coverage.total_cmp(&other.coverage)).expect("a row")
    };
    (0..COUNTS.len()).map(of).collect()
}

fn judged_means(laws: &[Law]) -> Vec<Vec<Judged>> {
    let of = |(index, law): (usize, &Law)| {
        let seed = |count: usize| (index * 10_000 + count) as u32;
        COUNTS.iter().map(|&count| of_mean(law, count, trials(count), seed(count))).collect()
    };
    laws.par_iter().enumerate().map(of).collect()
}

fn means(traces: &[Cells]) {
    println!("## A cell's mean\n\n`Interval::probability`, which is Gaffke's.\n");
    let (laws, pools) = (Law::all(), pools(traces));
    let (of_laws, of_pools) = (judged_means(&laws), judged_means(&pools));
    header("distribution");
    for (law, judged) in laws.iter().zip(&of_laws) {
        row(&law.name(), judged);
    }
    let name = format!("least of {} cells of the default trace, at 3 and at 1 sigmas", pools.len());
    row(&name, &least(&of_pools));
    let ten = COUNTS.iter().position(|&count| count == 10).expect("ten");
    println!(
        "\nMedian width at n = 10 (Hoeffding's is 0.859 for every distribution; Clopper and Pearson's are of as many ones as"
    );
    println!("the sum of the values, rounded; they are not valid for values between 0 and 1):\n");
    println!("| distribution | Gaffke | Clopper and Pearson |\n|---|---|---|");
    for (law, judged) in laws.iter().zip(&of_laws) {
        let ones = (law.mean() * 10.0).round() as usize;
        let as_many = [vec![1.0; ones], vec![0.0; 10 - ones]].concat();
        let exact = mambascope::stats::Interval::probability(&as_many, mambascope::stats::LEVEL);
        println!("| {} | {:.3} | {:.3} |", law.name(), judged[ten].width, exact.width());
    }
    println!();
}

fn pairs(traces: &[Cells]) {
    println!(
        "## Effects and shares recovered\n\nThe least over the cells of the default trace, whose samples keep their noise in common.\n"
    );
    header("interval");
    for (trace, sigmas) in traces.iter().zip([3, 1]) {
        for (name, judge) in [
            ("effect", of_effect as fn(&Cells, usize, usize, usize, u32) -> Judged),
            ("share recovered", of_share),
        ] {
            let of = |cell: usize| -> Vec<Judged> {
                let seed = |count: usize| (cell * 10_000 + count + 5) as u32;
                let trials = |count: usize| trials(count) / 4;
                COUNTS
                    .iter()
                    .map(|&count| judge(trace, cell, count, trials(count), seed(count)))
                    .collect()
            };
            let cells = (0..trace.grid.len()).step_by(3).collect::<Vec<_>>();
            let judged: Vec<Vec<Judged>> = cells.into_par_iter().map(of).collect();
            row(
                &format!("{name}, {sigmas} sigmas, least of {} cells", judged.len()),
                &least(&judged),
            );
        }
    }
    println!();
}

fn stopping(traces: &[Cells]) {
    println!(
        "## Stopping\n\nSamples drawn until every interval is narrower than asked, at most 2,000: coverage at the stopping time.\n"
    );
    println!("| cells | width | median samples | coverage |\n|---|---|---|---|");
    let laws = Law::all();
    for width in [0.3, 0.1] {
        let until = Until::width(width).most(2000);
        let of = |(index, law): (usize, &Law)| {
            of_stopping(std::slice::from_ref(law), until, 500, index as u32)
        };
        let judged: Vec<_> = laws.par_iter().enumerate().map(of).collect();
        for (law, stopped) in laws.iter().zip(judged) {
            println!(
                "| {} | {width} | {} | {:.3} |",
                law.name(),
                stopped.samples,
                stopped.coverage
            );
        }
        for (trace, sigmas) in traces.iter().zip([3, 1]) {
            let cells = pools(std::slice::from_ref(trace));
            let stopped = of_stopping(&cells, until, 200, 99);
            println!(
                "| {} cells of the default trace, {sigmas} sigmas, the least of them | {width} | {} | {:.3} |",
                cells.len(),
                stopped.samples,
                stopped.coverage
            );
        }
    }
}
