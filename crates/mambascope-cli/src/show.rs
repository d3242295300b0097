//! Results in the terminal.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mambascope::figure::isolated;
use mambascope::{Figure, Metric};

/// Prints a result's picture and words, what was chosen for it, and what a reader should know.
pub(crate) fn result(
    figure: &Figure,
    words: &dyn Display,
    (notes, warnings): (&[String], &[String]),
) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", figure.terminal().trim_end())?;
    writeln!(out, "{}", isolated(&words.to_string()))?;
    for note in notes {
        writeln!(out, "{}", isolated(note))?;
    }
    for warning in warnings {
        writeln!(out, "warning: {}", isolated(warning))?;
    }
    Ok(())
}

/// Says which of a picture's characters PNG and PDF cannot show here, if one of these files is such.
pub(crate) fn fonts(figure: &Figure, files: &[impl AsRef<Path>]) -> anyhow::Result<()> {
    let is_print = |file: &Path| {
        let ending = file.extension().unwrap_or_default();
        ["png", "pdf"].iter().any(|print| ending.eq_ignore_ascii_case(print))
    };
    if files.iter().any(|file| is_print(file.as_ref())) {
        for warning in figure.warnings() {
            writeln!(io::stdout().lock(), "warning: {warning}")?;
        }
    }
    Ok(())
}

/// Every file that will be written: one of numbers holds all metrics, a picture shows one.
pub(crate) fn files(
    outs: &[PathBuf],
    is_numbers: fn(&Path) -> bool,
    site: Option<&str>,
    metrics: &[Metric],
) -> Vec<PathBuf> {
    let (numbers, pictures): (Vec<&PathBuf>, Vec<&PathBuf>) =
        outs.iter().partition(|file| is_numbers(file));
    let numbers = numbers.into_iter().map(|file| named(file, &[site]));
    let pictures = pictures.into_iter().flat_map(|file| {
        let metric = |metric: &Metric| (metrics.len() > 1).then(|| metric.name());
        metrics.iter().map(move |each| named(file, &[site, metric(each)]))
    });
    numbers.chain(pictures).collect()
}

/// `map.svg` of a site and a metric is `map_gate_rank.svg`.
pub(crate) fn named(file: &Path, names: &[Option<&str>]) -> PathBuf {
    let mut name = OsString::from(file.file_stem().unwrap_or_default());
    for part in names.iter().flatten() {
        name.push("_");
        name.push(part);
    }
    if let Some(ending) = file.extension() {
        name.push(".");
        name.push(ending);
    }
    file.with_file_name(name)
}
