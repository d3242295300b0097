//! Figures to files, by extension.

use std::path::Path;

use crate::error::Error;
use crate::figure::Figure;

/// What a figure can be written as.
#[derive(Debug, Clone, Copy)]
enum Format {
    Svg,
    #[cfg(feature = "png")]
    Png,
    #[cfg(feature = "pdf")]
    Pdf,
    Text,
    Json,
}

/// The formats of this build by extension.
const FORMATS: &[(&str, Format)] = &[
    ("svg", Format::Svg),
    #[cfg(feature = "png")]
    ("png", Format::Png),
    #[cfg(feature = "pdf")]
    ("pdf", Format::Pdf),
    ("txt", Format::Text),
    ("json", Format::Json),
];

impl Figure {
    /// Writes the figure to a file: `.svg`, `.png`, `.pdf`, `.txt` ([`text`](Figure::text)) or `.json` (the figure as data,
    /// to be read back by serde).
    ///
    /// The file is written aside and then renamed, so that a reader sees the old one or the new one, never a part; rights
    /// and links are as `mambascope_files` says.
    ///
    /// # Errors
    /// When the extension is none of these, the figure cannot be drawn, or the file cannot be written.
    ///
    /// # Example
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("trace.svg");
    /// let map = mambascope_figure::Heatmap::new(["a"], ["0", "1"], vec![0.0, 1.0])?;
    /// map.figure().save(&path)?.save(path.with_extension("json"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<&Self, Error> {
        let path = path.as_ref();
        let bytes = self.encode(format_of(path)?)?;
        mambascope_files::write(path, &bytes)?;
        Ok(self)
    }

    fn encode(&self, format: Format) -> Result<Vec<u8>, Error> {
        Ok(match format {
            Format::Svg => self.svg().into_bytes(),
            #[cfg(feature = "png")]
            Format::Png => self.png()?,
            #[cfg(feature = "pdf")]
            Format::Pdf => self.pdf()?,
            Format::Text => self.text().into_bytes(),
            Format::Json => serde_json::to_vec(self).map_err(|source| Error::Json { source })?,
        })
    }
}

fn format_of(path: &Path) -> Result<Format, Error> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let named = FORMATS
        .iter()
        .find(|(name, _)| extension.is_some_and(|extension| extension.eq_ignore_ascii_case(name)));
    named.map(|(_, format)| *format).ok_or_else(|| Error::Extension {
        path: path.to_owned(),
        known: FORMATS.iter().map(|(name, _)| *name).collect(),
    })
}
