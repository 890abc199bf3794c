//! From places on paper, in millimetres from the top left, to rectangles on PDF pages, in points from the bottom left.
#![expect(clippy::disallowed_types, reason = "geometry of pages")]

use anyhow::{Context, ensure};
use lopdf::{Dictionary, Document, Object, ObjectId};

use crate::document::SealPlace;

const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// No page tree is deeper; it bounds the way up through parents.
const DEEPEST: usize = 32;

/// Millimetres in points.
pub fn points(millimetres: f64) -> f64 {
    millimetres * POINTS_PER_MM
}

/// Where a picture of that size (width and height in millimetres) stands, as `Rect` has it.
///
/// # Errors
/// When the page's size cannot be found, or the page is turned.
pub fn rectangle(
    document: &Document,
    page: ObjectId,
    place: &SealPlace,
    size_mm: (u16, u16),
) -> anyhow::Result<String> {
    let page = document.get_dictionary(page)?;
    let turned = inherited(document, page, b"Rotate").and_then(|value| value.as_i64().ok()).unwrap_or(0);
    ensure!(
        turned == 0,
        "page {}: expected one that is not turned, found /Rotate {turned}",
        place.page_index + 1
    );
    let visible = inherited(document, page, b"CropBox").or_else(|| inherited(document, page, b"MediaBox"));
    let sides = visible
        .and_then(|value| value.as_array().ok())
        .with_context(|| format!("page {}: its size is missing", place.page_index + 1))?;
    let [left, bottom, right, top] = sides.as_slice() else {
        anyhow::bail!("page {}: expected a size of four numbers", place.page_index + 1)
    };
    let number = |side: &Object| anyhow::Ok(f64::from(side.as_float()?));
    // Either pair of opposite corners may be given.
    let left = number(left)?.min(number(right)?);
    let top = number(top)?.max(number(bottom)?);
    let (half_width, half_height) = (points(f64::from(size_mm.0)) / 2.0, points(f64::from(size_mm.1)) / 2.0);
    let (x, y) = (left + points(place.x_mm), top - points(place.y_mm));
    Ok(format!("[{:.2} {:.2} {:.2} {:.2}]", x - half_width, y - half_height, x + half_width, y + half_height))
}

/// An entry of the page or of the nearest parent that has it.
fn inherited<'a>(document: &'a Document, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = page;
    for _ in 0..DEEPEST {
        if let Ok(value) = node.get_deref(key, document) {
            return Some(value);
        }
        node = document.get_dictionary(node.get(b"Parent").ok()?.as_reference().ok()?).ok()?;
    }
    None
}
