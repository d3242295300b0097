//! A figure for a notebook: the same picture in several forms, of which the reader's program shows the richest it knows.

use crate::direction::isolated;
use crate::figure::Figure;
use crate::{draw, vega};

/// What a notebook shows of a figure, beside its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// The drawing, as SVG.
    #[default]
    Drawing,
    /// The drawing, and a picture whose cells tell more when the pointer rests on them.
    Interactive,
    /// The drawing in pixels, for places that take SVG out.
    Pixels,
}

impl Figure {
    /// The figure as an interactive picture in a notebook: a cell under the pointer tells its row, column, value and interval.
    ///
    /// # Source
    /// Vega-Lite 5, which JupyterLab and VS Code draw by themselves; nothing is fetched.
    #[must_use]
    pub fn interactive(&self) -> Figure {
        Figure { look: Look::Interactive, ..self.clone() }
    }

    /// The figure as pixels in a notebook, for places that take SVG out of notebooks.
    #[cfg(feature = "png")]
    #[must_use]
    pub fn pixels(&self) -> Figure {
        Figure { look: Look::Pixels, ..self.clone() }
    }

    /// The figure by MIME type, the plainest first.
    ///
    /// `text/plain`, `application/pdf` in base64 and `image/svg+xml`; after [`interactive`](Figure::interactive)
    /// `application/vnd.vegalite.v5+json` as well; after `pixels` `image/png`, in base64, in place of the drawing.
    ///
    /// No notebook shows the PDF. It is there for `nbconvert --to latex` and `--to pdf`, which take no SVG without Inkscape.
    ///
    /// # Cost
    /// The PDF is about 12 kB and takes 3 ms.
    pub fn bundle(&self) -> Vec<(&'static str, String)> {
        let text = ("text/plain", self.text());
        let drawing = || ("image/svg+xml", self.svg());
        let mut forms = match self.look {
            Look::Drawing => vec![text, drawing()],
            Look::Interactive => vec![text, drawing(), (vega::MIME, isolated(&vega::spec(self)))],
            Look::Pixels => return vec![text, self.encoded().unwrap_or_else(drawing)],
        };
        if let Some(page) = self.page() {
            forms.insert(1, page);
        }
        forms
    }

    /// Width and height of the drawing, in its own pixels.
    pub fn size(&self) -> (f64, f64) {
        draw::size(self)
    }

    #[cfg(feature = "pdf")]
    fn page(&self) -> Option<(&'static str, String)> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        Some(("application/pdf", STANDARD.encode(self.pdf().ok()?)))
    }

    #[cfg(not(feature = "pdf"))]
    #[expect(clippy::unused_self, reason = "with the feature it is not")]
    fn page(&self) -> Option<(&'static str, String)> {
        None
    }

    #[cfg(feature = "png")]
    fn encoded(&self) -> Option<(&'static str, String)> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        Some(("image/png", STANDARD.encode(self.png().ok()?)))
    }

    #[cfg(not(feature = "png"))]
    #[expect(clippy::unused_self, reason = "with the feature it is not")]
    fn encoded(&self) -> Option<(&'static str, String)> {
        None
    }
}
