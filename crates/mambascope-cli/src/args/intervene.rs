//! Arguments of a trace's interventions: fills, held sites, and other places that values come from.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use mambascope::{Elsewhere, Fill, Sever, Site, Stream};

use super::{Place, Run, Tokens};

#[derive(Debug, Args)]
pub(crate) struct InterveneArguments {
    /// Corrupt nothing: --fill says what is put in place in the clean run
    #[arg(long, requires = "fill", conflicts_with_all = ["noise", "samples", "seed", "swap", "swap_ids", "swap_drawn"])]
    pub(crate) uncorrupted: bool,
    /// Another prompt as the corrupted run, instead of noise; with --direction noise the prompt is patched, cell by cell, with
    /// what the other one has
    #[arg(long, value_name = "PROMPT", conflicts_with_all = ["other_ids", "noise", "samples", "seed", "swap", "swap_ids", "swap_drawn", "uncorrupted"])]
    pub(crate) other: Option<String>,
    /// The tokens of another prompt, such as 12,7,31
    #[arg(long, value_name = "IDS", value_delimiter = ',', conflicts_with_all = ["noise", "samples", "seed", "swap", "swap_ids", "swap_drawn", "uncorrupted"])]
    pub(crate) other_ids: Vec<u32>,
    /// The other prompt's subject, as it stands there; else its first run of capitalised words
    #[arg(
        long,
        value_name = "SUBJECT",
        requires = "other",
        conflicts_with = "other_subject_tokens"
    )]
    pub(crate) other_subject: Option<String>,
    /// The tokens of the other prompt's subject, such as 1..3
    #[arg(long, value_name = "I..J")]
    pub(crate) other_subject_tokens: Option<Tokens>,
    /// Pairs of a patched and a giving token, such as 3:4,5:6; the others go by the parts they play
    #[arg(long, value_name = "I:J", value_delimiter = ',')]
    pub(crate) pairs: Vec<TokenPair>,
    /// Put this in place, instead of the other run's values: zero, scaled:0.5, constant:0.1 or constant:0.1,-2,.. (a
    /// number for each of the site's), mean:FILE (over the file's prompts), noise:0.3 or noised:0.3 (that deviation,
    /// alone or added; seed 1, or noise:0.3:SEED), clean:TOKEN, patched:TOKEN, clean:TOKEN:LAYER or clean::LAYER (the same
    /// site elsewhere)
    #[arg(long, value_name = "FILL")]
    pub(crate) fill: Option<Filled>,
    /// A site held as it is in the patched run at tokens that are named, such as gate:subject or gate:subject:2..4; may be
    /// given several times
    #[arg(long, value_name = "SITE:TOKENS")]
    pub(crate) sever_at: Vec<Held>,
    /// Restore the residual stream while this site (scan_out, gate, mixer_out) stays as it is at the restored token, in all
    /// layers
    #[arg(long, value_name = "SITE", conflicts_with_all = ["sites", "window", "original", "severed_modules", "memory_boundary"])]
    pub(crate) path_blocking: Option<Site>,
    /// Restore the residual stream at the subject's last token while each block adds there what it adds in the corrupted run;
    /// the same as --path-blocking mixer_out --tokens subject-last
    #[arg(long, conflicts_with_all = ["sites", "window", "tokens", "original", "memory_boundary"])]
    pub(crate) severed_modules: bool,
    /// Which draws of the noise severed sites keep
    #[arg(long, value_enum, default_value_t = Draws::Same)]
    pub(crate) stream: Draws,
    /// Restore this site as well, alone and together with --site, and draw what only both bring back; npz holds all maps
    #[arg(long, value_name = "SITE", conflicts_with_all = ["original", "path_blocking", "severed_modules", "memory_boundary", "until", "normalise", "metrics", "explain"])]
    pub(crate) interaction: Option<Site>,
    /// Take the state of one layer after one token (--layers 4 --tokens subject-last) apart: print its N largest numbers, and
    /// what each brings back alone
    #[arg(long, value_name = "N", conflicts_with_all = ["sites", "and", "original", "interaction", "path_blocking", "severed_modules", "memory_boundary", "until", "normalise", "metrics", "window", "out", "explain"])]
    pub(crate) decompose: Option<usize>,
    /// Restore scan and convolution together for later tokens only: what each layer's memory carries past each token
    #[arg(long, conflicts_with_all = ["sites", "and", "timing", "window", "original"])]
    pub(crate) memory_boundary: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Draws {
    /// Those of the run that is patched
    Same,
    /// ROME's: those of a first pass, after which the patched run goes on drawing
    Rome,
}

impl From<Draws> for Stream {
    fn from(draws: Draws) -> Self {
        match draws {
            Draws::Same => Self::Same,
            Draws::Rome => Self::Rome,
        }
    }
}

/// A patched and a giving token: `3:4`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenPair(pub(crate) (usize, usize));

impl FromStr for TokenPair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{text}` is no pair; write a patched and a giving token, such as 3:4");
        let (patched, giving) = text.split_once(':').ok_or_else(refused)?;
        let number = |text: &str| text.trim().parse().map_err(|_| refused());
        Ok(Self((number(patched)?, number(giving)?)))
    }
}

/// A site held at tokens: `gate:subject`, `gate:subject:2..4`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held(pub(crate) Sever);

impl FromStr for Held {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (site, tokens, layers) = match parts[..] {
            [site, tokens] => (site, tokens, ".."),
            [site, tokens, layers] => (site, tokens, layers),
            _ => {
                return Err(format!(
                    "`{text}`: write a site and its tokens, such as gate:subject or gate:subject:2..4"
                ));
            }
        };
        let site: Site =
            site.parse().map_err(|error: mambascope::model::Error| error.to_string())?;
        let (tokens, layers) = (Place::from_str(tokens)?.0, Run::from_str(layers)?.0);
        Ok(Self(Sever { at: (site, layers).into(), tokens: Some(tokens) }))
    }
}

/// A fill as it is typed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filled {
    /// One number for all of the site's.
    Even(f64),
    /// Any other fill.
    Said(Fill),
}

const FILLS: &str = "zero, scaled:0.5, constant:0.1, mean:FILE, noise:0.3, noised:0.3, clean:TOKEN, patched:TOKEN, \
                     clean:TOKEN:LAYER or clean::LAYER";

impl FromStr for Filled {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let refused = |why: &str| format!("cannot parse `{text}` as a fill{why}; use {FILLS}");
        let number = |text: &str| match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(refused(&format!(": `{text}` is no finite number"))),
        };
        let noise = || -> Result<(f64, u32), String> {
            let (deviation, seed) = rest.split_once(':').unwrap_or((rest, "1"));
            let seed = seed.parse().map_err(|_| refused(&format!(": `{seed}` is no seed")))?;
            Ok((number(deviation)?, seed))
        };
        Ok(Self::Said(match kind {
            "zero" if rest.is_empty() => Fill::Zero,
            "scaled" => Fill::Scaled(number(rest)?),
            "constant" if !rest.contains(',') => return Ok(Self::Even(number(rest)?)),
            "constant" => Fill::Constant(rest.split(',').map(number).collect::<Result<_, _>>()?),
            "mean" if !rest.is_empty() => Fill::mean_over(PathBuf::from(rest)),
            "noise" => noise().map(|(deviation, seed)| Fill::Noise { deviation, seed })?,
            "noised" => noise().map(|(deviation, seed)| Fill::Noised { deviation, seed })?,
            "clean" => elsewhere(Elsewhere::clean(), rest).map_err(|why| refused(&why))?,
            "patched" => elsewhere(Elsewhere::patched(), rest).map_err(|why| refused(&why))?,
            _ => return Err(refused("")),
        }))
    }
}

/// Another place: `TOKEN`, `TOKEN:LAYER` or `:LAYER`.
fn elsewhere(place: Elsewhere, text: &str) -> Result<Fill, String> {
    let (token, layer) = text.split_once(':').unwrap_or((text, ""));
    let place = match token {
        "" => place,
        token => place.token(Place::from_str(token).map_err(|why| format!(": {why}"))?.0),
    };
    Ok(match layer {
        "" => place,
        layer => place.layer(layer.parse().map_err(|_| format!(": `{layer}` is no layer"))?),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_are_what_is_typed() {
        let said = |text: &str| text.parse::<Filled>().expect(text);
        for (text, fill) in [
            ("zero", Fill::Zero),
            ("scaled:-0.5", Fill::Scaled(-0.5)),
            ("constant:1,2.5", Fill::Constant(vec![1.0, 2.5])),
            ("noise:0.3", Fill::Noise { deviation: 0.3, seed: 1 }),
            ("noised:0.3:7", Fill::Noised { deviation: 0.3, seed: 7 }),
            ("mean:a folder/prompts.txt", Fill::mean_over("a folder/prompts.txt")),
            (
                "clean:subject-last",
                Elsewhere::clean().token(mambascope::TokenSet::SubjectLast).into(),
            ),
            ("patched:3:2", Elsewhere::patched().token(3).layer(2).into()),
            ("clean::2", Elsewhere::clean().layer(2).into()),
        ] {
            assert_eq!(said(text), Filled::Said(fill), "{text}");
        }
        assert_eq!(said("constant:0.1"), Filled::Even(0.1));
        for text in [
            "",
            "zero:1",
            "scaled:",
            "scaled:nan",
            "noise:0.3:x",
            "mean:",
            "clean:who",
            "clean::x",
            "loud:1",
        ] {
            let refused = text.parse::<Filled>().expect_err(text);
            assert!(refused.contains("cannot parse") && refused.contains("use zero"), "{refused}");
        }
    }

    #[test]
    fn pairs_and_held_sites_are_what_is_typed() {
        assert_eq!("3:4".parse::<TokenPair>().expect("a pair").0, (3, 4));
        for text in ["3", "3:", "a:4", "3:4:5", "-1:2"] {
            assert!(text.parse::<TokenPair>().is_err(), "{text}");
        }
        let held = "gate:subject:2..4".parse::<Held>().expect("a lane").0;
        assert_eq!((held.at.site, held.tokens), (Site::Gate, Some(mambascope::TokenSet::Subject)));
        for text in ["gate", "gate:nobody", "lane:subject", "gate:subject:x", "gate:1:2:3"] {
            assert!(text.parse::<Held>().is_err(), "{text}");
        }
    }
}
