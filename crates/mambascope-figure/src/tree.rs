//! The drawing as the renderers read it, set in the bundled font alone.

use std::sync::Arc;

use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use crate::error::Error;
use crate::font::BYTES;

/// Reads a drawing.
///
/// # Errors
/// When it is no SVG that the renderer knows.
pub(crate) fn parse(drawing: &str) -> Result<Tree, Error> {
    let mut fonts = Database::new();
    fonts.load_font_data(BYTES.to_vec());
    let options = Options {
        fontdb: Arc::new(fonts),
        font_family: "DejaVu Sans".to_owned(),
        ..Options::default()
    };
    Tree::from_str(drawing, &options).map_err(|error| Error::Render { reason: error.to_string() })
}
