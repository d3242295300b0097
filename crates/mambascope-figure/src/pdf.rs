//! The drawing on a page of its own size.

use krilla::Document;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::usvg::fontdb::Database;

use crate::error::Error;
use crate::tree::parse;

/// Points (1/72 inch) for a pixel of the drawing (1/96 inch).
const POINTS: f32 = 0.75;

pub(crate) fn pdf(drawing: &str, fonts: Database, title: &str) -> Result<Vec<u8>, Error> {
    let tree = parse(drawing, fonts)?;
    let (width, height) = (tree.size().width() * POINTS, tree.size().height() * POINTS);
    let no_page = || Error::Render { reason: format!("no page of {width} x {height} points") };
    let size = Size::from_wh(width, height).ok_or_else(no_page)?;
    let settings = PageSettings::from_wh(width, height).ok_or_else(no_page)?;

    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()));
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let drawn = surface.draw_svg(&tree, size, SvgSettings::default());
    surface.finish();
    page.finish();
    drawn.ok_or_else(no_page)?;
    document.finish().map_err(|error| Error::Render { reason: format!("{error:?}") })
}
