//! Trains the bundled model: `cargo run --release -p mambascope-train --example bundled [TABLES [FOLDER [RECIPE]]]`.
#![expect(clippy::print_stdout, reason = "an example that reports")]

use std::path::PathBuf;
use std::time::Instant;

use mambascope_train::{Recipe, train_into};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bundled =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../mambascope-model/bundled"));
    let mut arguments = std::env::args().skip(1);
    let tables = arguments.next().map_or_else(|| bundled.clone(), PathBuf::from);
    let folder = arguments.next().map_or_else(|| bundled, PathBuf::from);
    let recipe = match arguments.next() {
        Some(recipe) => serde_json::from_str(&recipe)?,
        None => Recipe::default(),
    };
    let start = Instant::now();
    let outcome = train_into(&recipe, tables, folder, &mut |point| {
        println!(
            "{:6.0} s  step {:5}  loss {:.4}  language {:.3}  accuracy {:.3}",
            start.elapsed().as_secs_f64(),
            point.step,
            point.loss,
            point.language_loss,
            point.accuracy
        );
    })?;
    println!("trained templates {:.4}", outcome.trained.share());
    println!("held-out template {:.4}", outcome.held_out.share());
    println!("{:?}", outcome.held_out.relations);
    println!("{:.0} s in all", start.elapsed().as_secs_f64());
    Ok(())
}
