//! The drawing as the renderers read it.

use std::sync::Arc;

use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use crate::error::Error;

/// Reads a drawing, set in these fonts alone.
///
/// # Errors
/// When it is no SVG that the renderer knows.
pub(crate) fn parse(drawing: &str, fonts: Database) -> Result<Tree, Error> {
    let options = Options {
        fontdb: Arc::new(fonts),
        font_family: "DejaVu Sans".to_owned(),
        ..Options::default()
    };
    Tree::from_str(drawing, &options).map_err(|error| Error::Render { reason: error.to_string() })
}
