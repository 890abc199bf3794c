//! Where a seal's picture appears on the pages.

use std::fmt;

/// A length on a page, exact to a micrometre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millimetres {
    micrometres: i32,
}

impl Millimetres {
    /// `from_micrometres(12_500)` is 12.5 mm.
    pub const fn from_micrometres(micrometres: i32) -> Self {
        Self { micrometres }
    }

    /// `whole(210)` is the width of an A4 page.
    pub fn whole(millimetres: i16) -> Self {
        Self { micrometres: i32::from(millimetres) * 1_000 }
    }
}

/// As OFD writes lengths: `12.5`, without trailing zeros.
impl fmt::Display for Millimetres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micrometres < 0 { "-" } else { "" };
        let magnitude = self.micrometres.unsigned_abs();
        let (whole, fraction) = (magnitude / 1_000, magnitude % 1_000);
        if fraction == 0 {
            write!(formatter, "{sign}{whole}")
        } else {
            let digits = format!("{fraction:03}");
            write!(formatter, "{sign}{whole}.{}", digits.trim_end_matches('0'))
        }
    }
}

/// A rectangle; the origin is at the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub x: Millimetres,
    pub y: Millimetres,
    pub width: Millimetres,
    pub height: Millimetres,
}

/// As OFD writes boxes (ST_Box): `x y width height`.
impl fmt::Display for Area {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {} {}", self.x, self.y, self.width, self.height)
    }
}

/// One appearance of the seal (StampAnnot, GB/T 33190 18.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The `ID` of the page in Document.xml.
    pub page_id: u32,
    pub boundary: Area,
    /// The visible part, relative to the corner of the boundary; all of it if absent.
    pub clip: Option<Area>,
}

impl Stamp {
    /// A seal that shows whole on one page.
    pub fn on_page(page_id: u32, boundary: Area) -> Self {
        Self { page_id, boundary, clip: None }
    }

    /// The seal across the edges of all pages (骑缝章): each page shows the next strip of it at its right edge, so that
    /// pages laid one behind the other complete the picture.
    ///
    /// `width` and `height` are the size of the whole seal, `y` its upper edge. The pages are of equal width.
    pub fn riding(
        page_ids: &[u32],
        page_width: Millimetres,
        y: Millimetres,
        width: Millimetres,
        height: Millimetres,
    ) -> Vec<Self> {
        let Ok(pages) = i64::try_from(page_ids.len()) else { return Vec::new() };
        // Cutting by the whole width and not by a rounded strip width keeps the last strip from missing a sliver.
        let cut = |index: i64| {
            let micrometres = i64::from(width.micrometres) * index / pages;
            Millimetres { micrometres: i32::try_from(micrometres).unwrap_or(width.micrometres) }
        };
        let strip = |index: i64, page_id: u32| {
            let (left, right) = (cut(index), cut(index + 1));
            let boundary = Area {
                x: Millimetres { micrometres: page_width.micrometres - right.micrometres },
                y,
                width,
                height,
            };
            let visible = Millimetres { micrometres: right.micrometres - left.micrometres };
            let clip = Area { x: left, y: Millimetres::default(), width: visible, height };
            Self { page_id, boundary, clip: Some(clip) }
        };
        (0..pages).zip(page_ids).map(|(index, page_id)| strip(index, *page_id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_riding_seal_is_cut_into_strips_that_complete_it() {
        let mm = Millimetres::whole;
        let stamps = Stamp::riding(&[3, 7, 9], mm(210), mm(130), mm(40), mm(40));
        let written: Vec<_> = stamps
            .iter()
            .map(|stamp| (stamp.page_id, stamp.boundary.to_string(), stamp.clip.unwrap().to_string()))
            .collect();
        assert_eq!(
            written,
            [
                (3, "196.667 130 40 40".to_owned(), "0 0 13.333 40".to_owned()),
                (7, "183.334 130 40 40".to_owned(), "13.333 0 13.333 40".to_owned()),
                (9, "170 130 40 40".to_owned(), "26.666 0 13.334 40".to_owned()),
            ]
        );
        assert!(Stamp::riding(&[], mm(210), mm(130), mm(40), mm(40)).is_empty());
    }

    #[test]
    fn lengths_have_no_superfluous_digits() {
        let written: Vec<_> = [0, 1, 12_500, -12_500, -1, 297_000]
            .map(|um| Millimetres::from_micrometres(um).to_string())
            .into();
        assert_eq!(written, ["0", "0.001", "12.5", "-12.5", "-0.001", "297"]);
    }
}
