//! The drawing in pixels.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;

use crate::error::Error;
use crate::tree::parse;

/// Most pixels on a side.
const LIMIT: u64 = 16_384;
/// Pixels for one of the drawing, on each side; past `LARGE` pixels in all the next is taken.
const SCALES: [u64; 3] = [3, 2, 1];
const LARGE: u64 = 40_000_000;

pub(crate) fn png(drawing: &str, fonts: Database) -> Result<Vec<u8>, Error> {
    let tree = parse(drawing, fonts)?;
    let size = tree.size().to_int_size();
    let scaled = |scale: u64| (u64::from(size.width()) * scale, u64::from(size.height()) * scale);
    let fits = |scale: &u64| {
        let (width, height) = scaled(*scale);
        width.max(height) <= LIMIT && (width * height <= LARGE || *scale == 1)
    };
    let (width, height) = scaled(1);
    let too_large = Error::TooLarge { width, height, limit: LIMIT };
    let scale = SCALES.into_iter().find(fits).ok_or(too_large)?;
    let (width, height) = scaled(scale);
    let mut pixels = Pixmap::new(width as u32, height as u32).ok_or(Error::TooLarge {
        width,
        height,
        limit: LIMIT,
    })?;
    let transform = Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Error::Render { reason: error.to_string() })
}
