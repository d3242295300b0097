//! Pictures as they are, and the words around them. Figures here are small; the gallery example draws larger ones.

use std::io::IsTerminal;

use mambascope_figure::{Figure, Heatmap, Lines, Palette, Peak, RowLabel, Series};

fn louvre() -> Heatmap {
    let rows = [
        RowLabel::subject("The"),
        RowLabel::subject(" Louvre"),
        RowLabel::plain(" is"),
        RowLabel::plain("\n"),
        RowLabel::plain(" in"),
    ];
    #[rustfmt::skip]
    let values = vec![
        0.02, 0.02, 0.03, 0.02, 0.02, 0.01,
        0.52, 0.61, 0.58, 0.31, 0.12, 0.03,
        0.02, 0.05, 0.09, 0.08, 0.05, 0.02,
        0.02, f64::NAN, f64::NAN, 0.03, 0.02, 0.01,
        0.01, 0.02, 0.12, 0.38, 0.62, 0.64,
    ];
    Heatmap::new(rows, (0..6).map(|layer| layer.to_string()), values)
        .expect("thirty values")
        .title("Impact of restoring the residual after corrupted input")
        .column_label("single restored layer")
        .scale_label("p( Paris)")
        .nouns("token", "layer")
}

fn wide(columns: usize) -> Figure {
    let values = (0..columns).map(|column| column as f64).collect();
    let names = (0..columns).map(|column| column.to_string());
    Heatmap::new([" Tower"], names, values).expect("one row").figure()
}

#[test]
fn drawing() {
    insta::assert_snapshot!("heatmap.svg", louvre().peak(Peak::Outlined).figure().svg());
}

#[test]
fn two_panels() {
    let small = Heatmap::new(["a"], ["0", "1"], vec![-0.5, 0.25]).expect("two values");
    let small = small.palette(Palette::Diverging).title("Difference");
    insta::assert_snapshot!(
        "beside.svg",
        small.figure().beside(&small.title("Other").figure()).svg()
    );
}

#[test]
fn words() {
    insta::assert_snapshot!(louvre().caption("10 samples").figure().text(), @r#"
    Impact of restoring the residual after corrupted input

        The* ▁▁▁▁▁▁▁▁▁▁▁▁
    ·Louvre* ▇▇████▄▄▂▂▁▁
        ·is  ▁▁▁▁▂▂▁▁▁▁▁▁
          ⏎  ▁▁····▁▁▁▁▁▁
        ·in  ▁▁▁▁▂▂▅▅████
             0 1 2 3 4 5
             single restored layer

             p( Paris)  0.0100 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ 0.640

    10 samples
    "#);
}

/// Three lines with bands, gaps and rules over six layers.
fn restored() -> Lines {
    let nan = f64::NAN;
    let last = Series::new("last token", vec![0.01, 0.02, 0.12, 0.38, 0.62, 0.64])
        .band(vec![0.0, 0.01, 0.06, 0.28, 0.51, 0.56], vec![0.02, 0.03, 0.18, 0.48, 0.73, 0.72]);
    let subject = Series::new("last subject token", vec![0.52, 0.61, nan, 0.31, nan, 0.03])
        .band(vec![0.42, 0.51, nan, 0.21, nan, 0.01], vec![0.62, 0.71, nan, 0.41, nan, 0.05])
        .palette(Palette::Greens);
    Lines::new((0..6).map(|layer| layer.to_string()), [last, subject])
        .expect("six values a line")
        .title("Effect of restoring the residual")
        .column_label("layer")
        .column_noun("layer")
        .value_label("p( Paris)")
        .rule("clean run", 0.7)
        .caption("95 % intervals over 10 samples")
}

/// What four tokens take from each other.
fn read() -> Heatmap {
    let tokens =
        [RowLabel::subject("The"), RowLabel::subject(" Louvre"), "\n".into(), " in".into()];
    let nan = f64::NAN;
    let values =
        vec![1.0, 9.0, 9.0, 9.0, 0.25, 0.75, 9.0, 9.0, 0.1, 0.6, 0.3, 9.0, 0.05, 0.5, nan, 0.45];
    Heatmap::attention(tokens, values)
        .expect("sixteen values")
        .title("Attention")
        .scale_label("weight")
}

fn compared() -> Heatmap {
    let less = louvre().title("less");
    let mut more = less.title("more");
    more.values
        .iter_mut()
        .enumerate()
        .for_each(|(index, value)| *value += index as f64 / 60.0 - 0.2);
    more.minus(&less).expect("maps of one size").dotted([(0, 0), (4, 5)])
}

#[test]
fn line_drawing() {
    insta::assert_snapshot!("lines.svg", restored().figure().svg());
}

#[test]
fn attention_drawing() {
    insta::assert_snapshot!("attention.svg", read().figure().svg());
}

#[test]
fn difference_drawing() {
    insta::assert_snapshot!("difference.svg", compared().figure().svg());
}

#[test]
fn shared_drawing() {
    let small = |title: &str, values| {
        Heatmap::new(["a", " b"], ["0", "1"], values).expect("four values").title(title)
    };
    let figure = Figure::shared([
        small("state", vec![0.1, 0.2, 0.3, 0.4]),
        small("gate", vec![-0.2, 0.0, 0.1, 0.9]),
    ]);
    insta::assert_snapshot!("shared.svg", figure.svg());
    insta::assert_snapshot!(figure.text(), @r#"
    state

     a  ▃▃▃▃
    ·b  ▄▄▅▅
        0 1

        -0.200 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ 0.900

    gate

     a  ▁▁▂▂
    ·b  ▃▃██
        0 1

        -0.200 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ 0.900
    "#);
}

#[test]
fn lines_in_words() {
    insta::assert_snapshot!(restored().figure().text(), @r#"
    Effect of restoring the residual

    ● last token
    ■ last subject token
    ╌ clean run  0.700

    p( Paris)
        │
        │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
        │     ░░░░░░░                     ░░░░░░░····●···
    0.6 ┤░░░░░░░░░···■                  ░░░··●···░░░░░░░░
        │░░░░·····░░░                 ░░░░·░░░░░░░░░░░░░░
        │····■░░░░░░░                ░░░··░░░░░
        │░░░░░░░░                  ░░░··░░░
    0.4 ┤                         ░░·●░░░░
        │                       ░░░·░■░░
        │                      ░░··░░░
    0.2 ┤                    ░░··░░░
        │                  ░░░·░░░
        │               ░░···●░░
        │          ░░░····░░░░                       ■···
      0 ┤····●·······●░░                             ░░░░
        └────────────────────────────────────────────────
             0       1       2       3       4       5
         layer

    95 % intervals over 10 samples
    "#);
}

#[test]
fn line_colors() {
    let series = Series::new("one", vec![0.0, 1.0]).band(vec![0.0, 0.5], vec![0.2, 1.0]);
    let lines = Lines::new(["0", "1"], [series]).expect("two values").rule("rule", 0.5);
    insta::assert_snapshot!(lines.figure().ansi().replace('\x1b', "␛"), @r#"
    ␛[38;2;0;114;178m●␛[0m one
    ␛[38;2;140;149;159m╌␛[0m rule  0.500

        │
    1.0 ┤           ␛[38;2;0;114;178m░●···␛[0m
        │           ␛[38;2;0;114;178m·░░░░␛[0m
        │          ␛[38;2;0;114;178m·░░░░░␛[0m
        │         ␛[38;2;0;114;178m░░░░░░░␛[0m
        │        ␛[38;2;0;114;178m░·░░░░░░␛[0m
        │        ␛[38;2;0;114;178m░░░░░░░░␛[0m
    0.5 ┤␛[38;2;140;149;159m╌╌╌╌╌╌╌╌␛[0m␛[38;2;0;114;178m·␛[0m␛[38;2;140;149;159m╌╌╌╌╌╌╌␛[0m
        │      ␛[38;2;0;114;178m░·░░░░␛[0m
        │     ␛[38;2;0;114;178m░░░░░░␛[0m
        │     ␛[38;2;0;114;178m░·░░␛[0m
        │␛[38;2;0;114;178m░░░░░░░░␛[0m
        │␛[38;2;0;114;178m░░░░░·░␛[0m
        │␛[38;2;0;114;178m░░░░·░␛[0m
      0 ┤␛[38;2;0;114;178m····●␛[0m
        └────────────────
             0       1
    "#);
}

#[test]
fn attention_in_words() {
    insta::assert_snapshot!(read().figure().text(), @r#"
    Attention

    0     The* ██
    1 ·Louvre* ▂▂▆▆
    2       ⏎  ▁▁▅▅▃▃
    3     ·in  ▁▁▄▄··▄▄
               0 1 2 3

               weight  0.0500 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ 1.000
    "#);
}

#[test]
fn differences_in_words() {
    insta::assert_snapshot!(compared().figure().text(), @r#"
    more − less

        The* ▂▂▂▂▂▂▂▂▃▃▃▃
    ·Louvre* ▃▃▃▃▄▄▄▄▄▄▄▄
        ·is  ▅▅▅▅▅▅▅▅▅▅▆▆
          ⏎  ▆▆····▇▇▇▇▇▇
        ·in  ▇▇██████████
             0 1 2 3 4 5
             single restored layer

             Δ p( Paris)  -0.283 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ 0.283
    "#);
}

#[test]
fn many_columns_in_words() {
    insta::assert_snapshot!(wide(64).text(), @r#"
    ·Tower  ▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████████
            0    5    10   15   20   25   30   35   40   45   50   55   60

            0 ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███ 63.00
    "#);
}

#[test]
fn colors() {
    let ansi = louvre().figure().ansi().replace('\x1b', "␛");
    insta::assert_snapshot!(ansi, @r#"
    ␛[1mImpact of restoring the residual after corrupted input␛[0m

        The* ␛[48;2;250;249;252m        ␛[48;2;249;247;251m    ␛[48;2;250;249;252m        ␛[48;2;252;251;253m    ␛[0m
    ␛[2m·␛[0mLouvre* ␛[48;2;96;61;153m    ␛[48;2;71;15;132m    ␛[48;2;79;30;139m    ␛[48;2;164;161;204m    ␛[48;2;231;229;241m    ␛[48;2;249;247;251m    ␛[0m
        ␛[2m·␛[0mis  ␛[48;2;250;249;252m    ␛[48;2;245;244;249m    ␛[48;2;239;237;245m    ␛[48;2;240;239;246m    ␛[48;2;245;244;249m    ␛[48;2;250;249;252m    ␛[0m
          ⏎  ␛[48;2;250;249;252m    ␛[49m␛[2m····␛[0m␛[2m····␛[0m␛[48;2;249;247;251m    ␛[48;2;250;249;252m    ␛[48;2;252;251;253m    ␛[0m
        ␛[2m·␛[0min  ␛[48;2;252;251;253m    ␛[48;2;250;249;252m    ␛[48;2;231;229;241m    ␛[48;2;137;134;190m    ␛[48;2;68;10;130m    ␛[48;2;63;0;125m    ␛[0m
             0   1   2   3   4   5
             single restored layer

             p( Paris)  0.0100 ␛[48;2;252;251;253m ␛[48;2;247;246;250m ␛[48;2;243;241;247m ␛[48;2;238;236;245m ␛[48;2;231;230;241m ␛[48;2;223;223;238m ␛[48;2;215;215;234m ␛[48;2;205;205;228m ␛[48;2;195;195;223m ␛[48;2;184;184;217m ␛[48;2;174;172;210m ␛[48;2;163;160;203m ␛[48;2;153;149;198m ␛[48;2;142;139;193m ␛[48;2;132;129;188m ␛[48;2;123;115;181m ␛[48;2;116;100;173m ␛[48;2;108;85;165m ␛[48;2;100;70;158m ␛[48;2;93;55;151m ␛[48;2;85;41;144m ␛[48;2;78;27;138m ␛[48;2;70;14;131m ␛[48;2;63;0;125m ␛[0m 0.640
    "#);
}

#[test]
fn columns_past_the_width_share_a_character() {
    let ansi = wide(130).ansi();
    let row = ansi.lines().next().expect("the one row");
    // Column 0 is the half block, column 1 its ground.
    assert!(row.contains("\x1b[38;2;252;251;253m\x1b[48;2;251;250;253m▌"), "{row}");
    assert_eq!(row.matches('▌').count(), 65);
    assert!(!wide(64).ansi().contains('▌'));
}

#[test]
fn display_is_what_the_standard_output_wants() {
    let figure = louvre().figure();
    let wanted = if std::io::stdout().is_terminal() { figure.terminal() } else { figure.text() };
    assert_eq!(figure.to_string(), wanted);
}

#[test]
fn errors_say_what_to_do() {
    let count = Heatmap::new(["a", "b"], ["0"], vec![1.0]).expect_err("one value for two cells");
    insta::assert_snapshot!(count, @r#"
    1 values for 2 rows by 1 columns
    help: give rows x columns = 2 values, row after row; NaN for a cell that was not computed
    "#);
    let line = Lines::new(["0", "1"], [Series::new("last", vec![1.0])]).expect_err("one of two");
    insta::assert_snapshot!(line, @r#"
    line `last` has 1 values for 2 columns
    help: give one for each column; NaN where none was computed
    "#);
    let band = Series::new("last", vec![1.0, 2.0]).band(vec![0.5, 1.5], vec![]);
    insta::assert_snapshot!(Lines::new(["0", "1"], [band]).expect_err("half a band"), @r#"
    line `last` has 0 upper ends for 2 columns
    help: give one for each column; NaN where none was computed
    "#);
    insta::assert_snapshot!(louvre().minus(&read()).expect_err("two sizes"), @r#"
    a map of 5 rows by 6 columns less one of 4 by 4
    help: subtract maps of the same tokens and layers
    "#);
    let figure = wide(2);
    let extension = figure.save("trace.jpeg").expect_err("no such format");
    insta::assert_snapshot!(extension, @r#"
    cannot tell from `trace.jpeg` what to write
    help: end the name with one of: svg, png, pdf, txt, json
    "#);
    let tall = Heatmap::new(vec!["a"; 2000], ["0"], vec![0.0; 2000]).expect("2000 values").figure();
    insta::assert_snapshot!(tall.png().expect_err("too tall"), @r#"
    a picture of 312 x 26056 pixels is past the limit of 16384 a side
    help: save it as svg or pdf, or show fewer rows or columns
    "#);
}

#[test]
fn files_are_whole_and_alone() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    for name in ["a.svg", "a.PNG", "a.pdf", "a.txt", "a.json"] {
        louvre().figure().save(folder.path().join(name))?;
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("a.svg"))?, louvre().figure().svg());
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 5);
    let figure = louvre().figure();
    let missing = figure.save(folder.path().join("none/a.svg")).expect_err("no such folder");
    assert!(missing.to_string().contains("help:"));
    Ok(())
}

/// Two figures in one page: an identifier would be the page's, and the second figure's colours gone where the first is hidden.
#[test]
fn nothing_in_a_drawing_has_an_identifier() {
    let figures = [
        louvre().figure(),
        louvre().palette(Palette::Diverging).figure().beside(&louvre().figure()),
        louvre().figure().above(&restored().figure()),
        read().figure(),
        compared().figure(),
        Figure::shared([louvre(), louvre()]),
    ];
    for figure in figures {
        let drawing = figure.svg();
        for reference in [" id=", "url(", "href", "<defs", "<style", "class="] {
            assert!(!drawing.contains(reference), "{reference}");
        }
    }
}

#[test]
fn text_from_right_to_left_turns_nothing_around_it() {
    let (begin, end) = ("\u{2068}", "\u{2069}");
    let rows = [RowLabel::subject(" القاهرة"), RowLabel::plain(" שלום"), RowLabel::plain(" in")];
    let map = Heatmap::new(rows, ["0"], vec![0.1, 0.2, 0.3])
        .expect("three values")
        .title("p(القاهرة) = 0.5, then (0.7)")
        .scale_label("p(ܫܠܡܐ) (share)")
        .caption("answers `سلام`, `عالم` (p = 0.5)");
    let figure = map.figure().interactive();
    let vega = figure.bundle().into_iter().find(|(mime, _)| mime.ends_with("json"));
    let vega = vega.map(|(_, text)| text).unwrap_or_default();
    for form in [figure.svg(), figure.text(), figure.ansi(), vega] {
        for piece in ["القاهرة", "ܫܠܡܐ"] {
            assert!(form.contains(&format!("{begin}{piece}{end}")), "{piece}: {form}");
            assert_eq!(
                form.matches(piece).count(),
                form.matches(&format!("{begin}{piece}")).count()
            );
        }
    }
    assert!(figure.svg().contains("`\u{2068}سلام\u{2069}`, `\u{2068}عالم\u{2069}` (p = 0.5)"));
    // Isolates take no room: the rows' bars begin in one column.
    let text = figure.text();
    let rows: Vec<&str> = text.lines().skip(2).take(3).collect();
    let start = |row: &&str| {
        row.replace([begin, end].map(|sign| sign.chars().next().expect("a sign")), "")
            .chars()
            .position(|sign| "▁▂▃▄▅▆▇█".contains(sign))
    };
    assert!(rows.iter().all(|row| start(row) == start(&rows[0])), "{text}");
}
