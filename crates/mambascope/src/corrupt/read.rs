//! A corruption from JSON: one of its forms, told by its keys.

use serde::{Deserialize, Deserializer, de};

use super::{Corruption, Distribution, Noise, Placement, Scale};
use crate::plan::{Prompt, Subject};
use crate::swap::{Alternative, Other, Swap};

/// All keys that a corruption may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    distribution: Option<Distribution>,
    scale: Option<Scale>,
    subjects: Option<Vec<String>>,
    samples: Option<usize>,
    seed: Option<u32>,
    placement: Option<Placement>,
    swap: Option<Alternative>,
    prompt: Option<Prompt>,
    subject: Option<Subject>,
}

impl<'de> Deserialize<'de> for Corruption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A plan writes nothing as null.
        let Some(keys) = Option::<Keys>::deserialize(deserializer)? else {
            return Ok(Self::Nothing);
        };
        keys.corruption().map_err(de::Error::custom)
    }
}

impl Keys {
    /// The keys of each form that are there, the forms by name.
    fn forms(&self) -> Vec<(&'static str, &'static str)> {
        let noise = [
            ("distribution", self.distribution.is_some()),
            ("scale", self.scale.is_some()),
            ("subjects", self.subjects.is_some()),
            ("samples", self.samples.is_some()),
            ("seed", self.seed.is_some()),
            ("placement", self.placement.is_some()),
        ];
        let other = [("prompt", self.prompt.is_some()), ("subject", self.subject.is_some())];
        let first = |keys: &[(&'static str, bool)]| {
            keys.iter().find(|(_, there)| *there).map(|(key, _)| *key)
        };
        [
            ("noise", first(&noise)),
            ("another subject", first(&[("swap", self.swap.is_some())])),
            ("another prompt", first(&other)),
        ]
        .into_iter()
        .filter_map(|(form, key)| key.map(|key| (form, key)))
        .collect()
    }

    fn corruption(self) -> Result<Corruption, String> {
        match self.forms().as_slice() {
            [] => Err(
                "an object without keys\nhelp: write noise, as in `{\"distribution\": \"gaussian\", ..}`, `{\"swap\": ..}`, \
                 `{\"prompt\": ..}`, or null where nothing is corrupted"
                    .to_owned(),
            ),
            [("noise", _)] => self.noise().map(Corruption::Noise),
            [("another subject", _)] => self.swap.map_or_else(
                || Err("the key `swap` is missing\nhelp: add `\"swap\": ..`".to_owned()),
                |swap| Ok(Corruption::Swap(Swap { swap })),
            ),
            [_] => self.prompt.map_or_else(
                || Err("the key `prompt` is missing\nhelp: add `\"prompt\": ..`".to_owned()),
                |prompt| {
                    let subject = self.subject.unwrap_or_default();
                    Ok(Corruption::Other(Other { prompt, subject }))
                },
            ),
            several => {
                let named: Vec<String> =
                    several.iter().map(|(form, key)| format!("{form} (`{key}`)")).collect();
                Err(format!(
                    "{} corruptions in one: {}\nhelp: leave the keys of all but one out: a plan has one corruption",
                    several.len(),
                    named.join(" and ")
                ))
            }
        }
    }

    fn noise(self) -> Result<Noise, String> {
        let missing = |key: &str| format!("noise lacks the key `{key}`\nhelp: add `\"{key}\": ..`");
        Ok(Noise {
            distribution: self.distribution.ok_or_else(|| missing("distribution"))?,
            scale: self.scale.ok_or_else(|| missing("scale"))?,
            subjects: self.subjects.unwrap_or_default(),
            samples: self.samples.ok_or_else(|| missing("samples"))?,
            seed: self.seed.ok_or_else(|| missing("seed"))?,
            placement: self.placement.ok_or_else(|| missing("placement"))?,
        })
    }
}
