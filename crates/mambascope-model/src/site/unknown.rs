//! What to write instead of a name that is no site's: names of other programs explained, else the nearest names first.

use super::Site;
use crate::nearest;

/// What to write instead of a name that no site has.
pub(crate) fn advice(name: &str) -> String {
    let plain = name.trim();
    transformer(plain).or_else(|| of_a_layer(plain)).unwrap_or_else(|| listed(plain))
}

/// What to write instead of a name that no timing has.
pub(crate) fn timing_advice(name: &str) -> String {
    let known = ["read-through", "carry-only", "read-only", "seed-compat"];
    let all = "`read-through`, `carry-only`, `read-only` or `seed-compat`";
    match nearest(name, &known).first() {
        Some(first) => format!("did you mean `{first}`? Timings are {all}"),
        None => format!("write {all}"),
    }
}

/// The nearest names, then all of them.
fn listed(name: &str) -> String {
    let mut known: Vec<&str> = Site::ALL.iter().map(|site| site.name()).collect();
    known.extend(Site::ALL.iter().flat_map(|site| site.aliases()));
    let near: Vec<String> = nearest(name, &known).iter().map(|name| format!("`{name}`")).collect();
    let all = Site::ALL.map(|site| format!("`{site}`")).join(", ");
    if near.is_empty() {
        format!("write one of {all}")
    } else {
        format!("did you mean {}? Sites are {all}", near.join(" or "))
    }
}

/// Parts of a transformer that a Mamba block does not have, ROME's kinds among them.
fn transformer(name: &str) -> Option<String> {
    let plain = name.to_ascii_lowercase();
    let last = plain.rsplit('.').next().unwrap_or_default();
    let is_one_of = |names: &[&str]| names.contains(&plain.as_str()) || names.contains(&last);
    if ["", "none"].contains(&plain.as_str()) {
        return Some(
            "ROME's kind `None` restores the whole hidden state: write `resid`, the residual stream after the block"
                .to_owned(),
        );
    }
    if plain.contains("mlp") || plain.contains("ffn") || is_one_of(&["fc1", "fc2", "feed_forward"])
    {
        return Some(
            "`mlp` is a part of a transformer that a Mamba block does not have: write `mixer_out` for what the whole \
             block adds to the residual stream, or `gate`, the block's own nonlinear path beside the scan"
                .to_owned(),
        );
    }
    if plain.contains("attn")
        || plain.contains("attention")
        || is_one_of(&["hook_z", "hook_pattern"])
    {
        return Some(
            "`attn` is a part of a transformer that a Mamba block does not have: write `scan_out` for what the scan \
             brings from earlier tokens, or `mixer_out` for what the whole block adds to the residual stream"
                .to_owned(),
        );
    }
    None
}

/// Names that hold a layer: hooks of TransformerLens, modules of a checkpoint.
fn of_a_layer(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('.').filter(|part| !part.is_empty()).collect();
    let number = parts.iter().position(|part| part.parse::<usize>().is_ok());
    let Some(number) = number else {
        let site = module(parts.last()?)?;
        return (parts.len() > 1 || site.name() != name).then(|| {
            format!("`{name}` is the site `{site}`: write `--site {site}`, or `Site::{site:?}`")
        });
    };
    let layer = parts[number];
    let site = match parts.get(number + 1..).unwrap_or_default() {
        [] => Site::Resid,
        rest => rest.iter().rev().find_map(|part| module(part))?,
    };
    Some(format!(
        "a site and its layer are named apart: `{name}` is `{site}` in layer {layer}; write `--site {site} --layers {layer}`, \
         or `(Site::{site:?}, {layer})`"
    ))
}

/// The site that a hook or the output of a module is.
fn module(name: &str) -> Option<Site> {
    Some(match name.to_ascii_lowercase().as_str() {
        "mixer" | "out_proj" | "block" => Site::MixerOut,
        "in_proj" => Site::ConvIn,
        "conv1d" | "conv" => Site::ConvOut,
        "act" => Site::ScanIn,
        "x_proj" => Site::DeltaLow,
        "dt_proj" => Site::Delta,
        "ssm" | "scan" | "selective_scan" => Site::ScanOut,
        "norm" | "ln" | "ln1" => Site::NormOut,
        "embeddings" | "wte" | "embed_tokens" => Site::Embed,
        "ln_f" | "ln_final" => Site::FinalNorm,
        "resid_post" => Site::Resid,
        "resid_pre" => Site::ResidIn,
        other => return other.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::advice;

    /// A name, and what its advice says first.
    const ADVICE: [(&str, &str); 16] = [
        (
            "blocks.3.hook_resid_post",
            "a site and its layer are named apart: `blocks.3.hook_resid_post` is `resid` in layer 3",
        ),
        (
            "blocks.11.hook_resid_pre",
            "a site and its layer are named apart: `blocks.11.hook_resid_pre` is `resid_in`",
        ),
        (
            "backbone.layers.3.mixer",
            "a site and its layer are named apart: `backbone.layers.3.mixer` is `mixer_out`",
        ),
        ("layers.7", "a site and its layer are named apart: `layers.7` is `resid` in layer 7"),
        (
            "model.layers.0.mixer.conv1d",
            "a site and its layer are named apart: `model.layers.0.mixer.conv1d` is `conv_out`",
        ),
        ("backbone.embeddings", "`backbone.embeddings` is the site `embed`"),
        ("blocks.3.mlp.hook_post", "`mlp` is a part of a transformer"),
        ("mlp", "`mlp` is a part of a transformer"),
        ("attn", "`attn` is a part of a transformer"),
        ("transformer.h.3.attn", "`attn` is a part of a transformer"),
        ("None", "ROME's kind `None` restores the whole hidden state: write `resid`"),
        ("", "ROME's kind `None`"),
        ("residual", "did you mean `resid`"),
        ("scanout_", "did you mean `scan_out`"),
        ("mixer_uot", "did you mean `mixer_out`"),
        ("banana", "write one of `embed`, `resid_in`"),
    ];

    #[test]
    fn unknown_names_are_explained_or_the_nearest_come_first() {
        for (name, start) in ADVICE {
            let found = advice(name);
            assert!(found.starts_with(start), "{name}: {found}");
        }
    }

    #[test]
    fn the_nearest_timing_comes_first() {
        for (name, first) in [
            ("carry_onl", "did you mean `carry-only`?"),
            ("readthrough", "did you mean `read-through`?"),
            ("seed", "did you mean `seed-compat`?"),
            ("later", "write `read-through`"),
        ] {
            let found = super::timing_advice(name);
            assert!(found.starts_with(first), "{name}: {found}");
        }
    }
}
