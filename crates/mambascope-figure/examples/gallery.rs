//! Writes a gallery of heatmaps, in every form, to the folder that is its argument.

use std::error::Error;
use std::path::Path;

use mambascope_figure::{Figure, Heatmap, Palette, Peak, RowLabel};

/// A map as causal tracing makes them: high at the subject's last token in early layers and at the last token in late ones.
fn traced(tokens: &[&str], subject: std::ops::Range<usize>, layers: usize) -> Heatmap {
    let rows = tokens.iter().enumerate().map(|(index, token)| {
        if subject.contains(&index) { RowLabel::subject(*token) } else { RowLabel::plain(*token) }
    });
    let bump = |x: f64, center: f64, width: f64| (-((x - center) / width).powi(2)).exp();
    let values = (0..tokens.len()).flat_map(|token| {
        let subject = &subject;
        (0..layers).map(move |layer| {
            let depth = layer as f64 / (layers.max(2) - 1) as f64;
            let site = if token + 1 == subject.end {
                0.62 * bump(depth, 0.2, 0.42)
            } else if token + 1 == tokens.len() {
                0.7 / (1.0 + (-(depth - 0.68) * 14.0).exp())
            } else if subject.contains(&token) {
                0.1 * bump(depth, 0.05, 0.25)
            } else {
                0.05 * bump(depth, 0.55, 0.3)
            };
            let grain = ((token * 31 + layer * 17) % 11) as f64 / 11.0;
            0.012 + site + 0.012 * grain
        })
    });
    let names = (0..layers).map(|layer| layer.to_string());
    Heatmap::new(rows, names, values.collect())
        .expect("as many values as cells")
        .nouns("token", "layer")
}

fn needle() -> Heatmap {
    let tokens = ["The", " Space", " Need", "le", " is", " in", " downtown"];
    traced(&tokens, 0..4, 24)
        .title("Impact of restoring the residual after corrupted input")
        .column_label("single restored layer within Mamba-130M")
        .scale_label("p( Seattle)")
}

fn deep() -> Heatmap {
    let tokens = [
        "The",
        " home",
        " town",
        " of",
        " Shaquille",
        " O",
        "'",
        "Neal",
        " is",
        " the",
        " city",
        " of",
    ];
    traced(&tokens, 4..8, 64)
        .title("Impact of restoring the mixer output after corrupted input, averaged over ten samples of noise")
        .column_label("center of interval of 10 restored mixer output layers")
        .scale_label("p( Newark)")
        .palette(Palette::Greens)
        .caption("Noise 3 sigma, 10 samples, seed 1. Mamba-2.8B.")
}

fn long(count: usize) -> Heatmap {
    let words = [
        "It",
        " is",
        " said",
        " that",
        " Мария",
        ",",
        " who",
        " lives",
        " near",
        " the",
        " Seine",
        "\n",
    ];
    let tokens: Vec<&str> = words.iter().cycle().take(count).copied().collect();
    traced(&tokens, 4..5, 8)
        .title("Impact of restoring the scan output after corrupted input")
        .column_label("single restored layer")
        .scale_label("p( Paris)")
        .palette(Palette::Reds)
}

fn scripts() -> Heatmap {
    let tokens = [
        "Эйфелева",
        " башня",
        "\n",
        "\t\t",
        "    ",
        " naïve",
        " 東京",
        "🗼",
        " a",
        "&<\"'>",
        "<0xE2>",
        "\u{7}\u{200b}",
        "",
        " internationalization_of_everything_there_is",
        " в",
    ];
    let map = traced(&tokens, 0..2, 12)
        .title("Tokens as a person reads them: scripts, white space, markup & bytes")
        .column_label("layer")
        .row_label("token")
        .scale_label("p( Париже)")
        .palette(Palette::Blues);
    map.peak(Peak::Outlined)
}

fn partial() -> Heatmap {
    let mut map = needle().palette(Palette::Oranges).title("Only the subject's tokens");
    for row in [0, 4, 5, 6] {
        let width = map.columns.len();
        map.values[row * width..(row + 1) * width].fill(f64::NAN);
    }
    map
}

fn signed() -> Heatmap {
    let mut map =
        needle().palette(Palette::Diverging).title("Difference of two sites").scale_label("Δ p");
    for (index, value) in map.values.iter_mut().enumerate() {
        *value = (*value - 0.2) * if index % 48 < 24 { 0.8 } else { -0.5 };
    }
    map
}

fn gallery() -> Vec<(&'static str, Figure)> {
    let both = needle().figure().beside(&deep().figure());
    let stack = needle().figure().above(&partial().figure());
    vec![
        ("needle", needle().figure()),
        ("deep", deep().figure()),
        ("long", long(60).figure()),
        ("longest", long(200).figure()),
        ("scripts", scripts().figure()),
        ("partial", partial().figure()),
        ("signed", signed().figure()),
        ("beside", both),
        ("above", stack),
        (
            "single",
            Heatmap::new(["one"], ["0"], vec![0.5]).expect("one value").title("One").figure(),
        ),
        ("wide", traced(&["a", " b", " c"], 1..2, 130).title("130 columns").figure()),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: gallery FOLDER")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    for (name, figure) in gallery() {
        for extension in ["svg", "png", "pdf", "txt", "json"] {
            figure.save(folder.join(name).with_extension(extension))?;
        }
        std::fs::write(folder.join(name).with_extension("ansi"), figure.ansi())?;
    }
    Ok(())
}
