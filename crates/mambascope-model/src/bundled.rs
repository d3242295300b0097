//! The model inside this library: a small one, trained on well-known facts.

use crate::error::Error;
use crate::source::Files;

/// The bundled model's files.
#[cfg(feature = "bundled")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature there are none")]
pub(crate) fn files() -> Result<Files, Error> {
    use crate::blob::Blob;
    use crate::source::Format;
    let blob = |name: &str, bytes: &'static [u8]| Blob::Bytes {
        name: format!("bundled/{name}").into(),
        bytes: bytes.into(),
    };
    Ok(Files {
        name: "bundled".to_owned(),
        config: blob("config.json", include_bytes!("../bundled/config.json")),
        weights: vec![blob("model.safetensors", include_bytes!("../bundled/model.safetensors"))],
        format: Format::Safetensors,
        tokenizer: Some(blob("tokenizer.json", include_bytes!("../bundled/tokenizer.json"))),
        slow_tokenizer: None,
    })
}

/// The bundled model's files, which this build lacks.
#[cfg(not(feature = "bundled"))]
pub(crate) fn files() -> Result<Files, Error> {
    Err(Error::NotBundled)
}

/// The facts that the bundled model was trained on: tab-separated, with a header line.
#[cfg(feature = "bundled")]
pub fn bundled_facts() -> &'static str {
    include_str!("../bundled/facts.tsv")
}

/// The templates that turned those facts into prompts: tab-separated, with a header line.
#[cfg(feature = "bundled")]
pub fn bundled_templates() -> &'static str {
    include_str!("../bundled/templates.tsv")
}
