//! Writes a gallery of heatmaps and line plots, in every form, to the folder that is its argument.

use std::error::Error;
use std::path::Path;

use mambascope_figure::{Figure, Heatmap, Lines, Palette, Peak, RowLabel, Series};

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

/// A line of a traced map with a band that is widest where it is high.
fn averaged(name: &str, row: usize, layers: usize, spread: f64) -> Series {
    let map = traced(&["The", " Space", " Need", "le", " is", " in"], 0..4, layers);
    let values: Vec<f64> = (0..layers).map(|layer| map.value(row, layer) - 0.012).collect();
    let reach = |value: &f64| spread * (0.006 + 0.16 * value);
    let low = values.iter().map(|value| value - reach(value)).collect();
    let high = values.iter().map(|value| value + reach(value)).collect();
    Series::new(name, values).band(low, high)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|layer| layer.to_string()).collect()
}

fn lines(layers: usize) -> Lines {
    let series = [
        averaged("Last subject token", 3, layers, 1.0),
        averaged("Last token", 5, layers, 1.6),
        averaged("First subject token", 0, layers, 0.8),
        averaged("Further tokens", 4, layers, 0.8),
    ];
    Lines::new(names(layers), series)
        .expect("one value a layer")
        .title("Average indirect effect of restoring the residual, by token")
        .column_label("single restored layer within Mamba-370M")
        .value_label("average indirect effect")
        .column_noun("layer")
}

fn blocked() -> Lines {
    let layers = 24;
    let part = |name: &str, row: usize, share: f64, palette: Palette| {
        let line = averaged(name, row, layers, 1.0);
        let scaled = |values: &[f64]| values.iter().map(|value| value * share).collect();
        Series::new(name, scaled(&line.values))
            .band(scaled(&line.low), scaled(&line.high))
            .palette(palette)
    };
    let series = [
        part("Nothing held", 3, 1.5, Palette::Purples),
        part("Scan held", 3, 0.9, Palette::Greens),
        part("Gate held", 3, 0.6, Palette::Oranges),
    ];
    Lines::new(names(layers), series)
        .expect("one value a layer")
        .title("Recovery with lanes held at their corrupted values")
        .column_label("layer at which the residual is restored")
        .value_label("p( Seattle)")
        .column_noun("layer")
        .rule("clean run", 0.97)
        .rule("corrupted run", 0.026)
        .caption("Bands: 95 % Student t intervals over 10 samples of noise.")
}

fn gaps() -> Lines {
    let nan = f64::NAN;
    let first = Series::new("Change after knock-out", vec![-0.5, -0.3, nan, 0.4, nan, -0.1])
        .band(vec![-0.7, -0.5, nan, 0.1, nan, -0.4], vec![-0.3, -0.1, nan, 0.7, nan, 0.2]);
    let second = Series::new("without a band", vec![0.1, 0.2, 0.1, nan, 0.3, 0.9]);
    Lines::new(names(6), [first, second])
        .expect("six values")
        .title("Gaps, lone points and values of both signs")
        .column_label("layer")
        .range(-0.8, 0.6)
}

fn many_lines() -> Lines {
    let series = (0..9).map(|index| {
        let values = (0..32).map(|layer| (f64::from(layer) / 5.0 + f64::from(index) * 0.7).sin());
        Series::new(format!("group {index}"), values.collect())
    });
    Lines::new(names(32), series)
        .expect("32 values")
        .title("Nine lines")
        .column_label("layer")
        .value_label("effect")
}

/// Weights as hidden attention has them: each row a share of 1, high on itself, its neighbours and some anchors.
fn attention(tokens: &[&str], subject: std::ops::Range<usize>, layer: usize) -> Heatmap {
    let count = tokens.len();
    let mut values = vec![0.0; count * count];
    for to in 0..count {
        let weight = |from: usize| {
            let near = (-((to - from) as f64) / (1.5 + layer as f64)).exp();
            let anchor = if subject.contains(&from) { 0.6 } else { 0.0 };
            near + anchor + 0.05 * ((from * 7 + to * 3 + layer) % 5) as f64
        };
        let total: f64 = (0..=to).map(weight).sum();
        for from in 0..=to {
            values[to * count + from] = weight(from) / total;
        }
    }
    let rows = tokens.iter().enumerate().map(|(index, token)| {
        if subject.contains(&index) { RowLabel::subject(*token) } else { RowLabel::plain(*token) }
    });
    Heatmap::attention(rows, values)
        .expect("as many values as pairs")
        .scale_label("weight")
        .palette(Palette::Blues)
        .range(0.0, 0.6)
}

const PROMPT: [&str; 12] =
    ["The", " Space", " Need", "le", ",", " a", " tower", " of", " 1962", ",", " is", " in"];

fn attended() -> Heatmap {
    attention(&PROMPT, 0..4, 2)
        .title("Hidden attention of layer 17, mean over channels")
        .column_label("read from")
        .row_label("read by")
}

fn attended_long(count: usize) -> Heatmap {
    let words =
        [" It", " is", " said", " that", " Мария", ",", " who", " lives", " internationally", "\n"];
    let tokens: Vec<&str> = words.iter().cycle().take(count).copied().collect();
    attention(&tokens, 4..5, 6).title(format!("Hidden attention over {count} tokens"))
}

fn difference() -> Heatmap {
    let mut other = needle().title("gate");
    for (index, value) in other.values.iter_mut().enumerate() {
        *value = 0.75 * *value + 0.12 * (index as f64 / 9.0).sin();
    }
    let map = needle().title("state").minus(&other).expect("maps of one size");
    let sure: Vec<(usize, usize)> = (0..map.rows.len())
        .flat_map(|row| (0..map.columns.len()).map(move |column| (row, column)))
        .filter(|(row, column)| map.value(*row, *column).abs() > 0.09)
        .collect();
    map.title("Restored state less restored gate").dotted(sure).caption(
        "Dots: the paired 95 % interval over 10 samples of noise does not hold zero (false discovery rate 5 %).",
    )
}

fn shared() -> Figure {
    let scale = |mut map: Heatmap, share: f64, title: &str| {
        map.values.iter_mut().for_each(|value| *value *= share);
        map.title(title).column_label("layer")
    };
    Figure::shared([
        scale(needle(), 1.0, "residual"),
        scale(needle(), 0.7, "scan output"),
        scale(needle(), 0.3, "gate"),
    ])
}

fn shared_attention() -> Figure {
    let map = |layer: usize| attention(&PROMPT, 0..4, layer).title(format!("layer {}", 8 * layer));
    Figure::shared([map(0), map(1), map(2)])
}

fn newer() -> Vec<(&'static str, Figure)> {
    let one = Series::new("", vec![0.5]);
    let equal = Series::new("the same everywhere", vec![0.25; 12]);
    let differences = [difference(), difference().title("The other way round")];
    vec![
        ("lines", lines(48).figure()),
        ("lines_few", lines(8).figure()),
        ("lines_deep", lines(64).figure().above(&deep().figure())),
        ("lines_blocked", blocked().figure()),
        ("lines_gaps", gaps().figure()),
        ("lines_many", many_lines().figure()),
        ("lines_one", Lines::new(["0"], [one]).expect("one value").title("One").figure()),
        ("lines_equal", Lines::new(names(12), [equal]).expect("twelve values").figure()),
        ("attention", attended().figure()),
        ("attention_one", attention(&["The"], 0..1, 1).title("One token").figure()),
        ("attention_long", attended_long(60).figure()),
        ("attention_longest", attended_long(200).figure()),
        ("difference", difference().figure()),
        ("differences", Figure::shared(differences)),
        ("shared", shared()),
        ("shared_attention", shared_attention()),
        ("shared_deep", Figure::shared([deep().title("one"), deep().title("two")])),
        ("mixed", lines(24).figure().above(&needle().figure()).beside(&attended().figure())),
    ]
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
    for (name, figure) in gallery().into_iter().chain(newer()) {
        for extension in ["svg", "png", "pdf", "txt", "json"] {
            figure.save(folder.join(name).with_extension(extension))?;
        }
        std::fs::write(folder.join(name).with_extension("ansi"), figure.ansi())?;
    }
    Ok(())
}
