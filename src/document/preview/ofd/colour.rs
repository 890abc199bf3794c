//! Colours (GB/T 33190 8.3) as red, green and blue.

use super::resources::Resources;
use crate::document::ofd::element::Element;
use crate::document::preview::canvas::Colour;

/// A colour, or what stands in for it.
pub(super) struct Found {
    pub(super) colour: Colour,
    /// Whether it is a shading or a pattern of which this is the first colour.
    pub(super) approximate: bool,
}

/// Reads FillColor, StrokeColor or the colour of a segment. What cannot be read is black, as where nothing is said.
pub(super) fn read(element: &Element, resources: &[&Resources]) -> Found {
    if let Some(plain) = plain(element, resources) {
        return Found { colour: plain, approximate: false };
    }
    let Some(shading) = element.all_children().first() else {
        return Found { colour: Colour::BLACK, approximate: false };
    };
    let segment = shading.child("Segment").and_then(|segment| segment.child("Color"));
    let colour = segment.and_then(|colour| plain(colour, resources)).unwrap_or(Colour::BLACK);
    Found { colour, approximate: true }
}

fn plain(element: &Element, resources: &[&Resources]) -> Option<Colour> {
    let space = element
        .attribute("ColorSpace")
        .and_then(|id| resources.iter().find_map(|resources| resources.get("ColorSpace", id)))
        .map(|found| &found.element);
    let components = match element.attribute("Value") {
        Some(value) => components(value)?,
        None => {
            let index: usize = element.attribute("Index")?.trim().parse().ok()?;
            components(space?.child("Palette")?.children("CV").nth(index)?.text())?
        }
    };
    let deep = space.and_then(|space| space.attribute("BitsPerComponent")) == Some("16");
    let components: Vec<u8> = components
        .into_iter()
        .map(|value| u8::try_from(if deep { value >> 8 } else { value }).unwrap_or(255))
        .collect();
    let rgb = match *components.as_slice() {
        [grey] => [grey; 3],
        [red, green, blue] => [red, green, blue],
        [cyan, magenta, yellow, black] => [cyan, magenta, yellow].map(|ink| mixed(ink, black)),
        _ => return None,
    };
    Some(Colour { rgb, alpha: super::values::alpha(element) })
}

/// Decimal numbers, or hexadecimal ones behind `#`.
fn components(text: &str) -> Option<Vec<u16>> {
    let component = |word: &str| match word.strip_prefix('#') {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        // Some programs write `255.0`.
        None => word.split('.').next()?.parse().ok(),
    };
    text.split_whitespace().map(component).collect()
}

/// What light an ink and black leave.
fn mixed(ink: u8, black: u8) -> u8 {
    let left = (255 - u16::from(ink)) * (255 - u16::from(black)) / 255;
    u8::try_from(left).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(inside: &str) -> (Option<[u8; 3]>, u8) {
        let xml = format!("<FillColor xmlns=\"http://www.ofdspec.org/2016\" {inside}");
        let found = read(&Element::parse(xml.as_bytes(), "FillColor").unwrap(), &[]);
        ((!found.approximate).then_some(found.colour.rgb), found.colour.alpha)
    }

    #[test]
    fn components_are_read_by_their_number() {
        assert_eq!(found("Value=\"255 128 0\" Alpha=\"128\"/>"), (Some([255, 128, 0]), 128));
        assert_eq!(found("Value=\"#FF #80 #0\"/>"), (Some([255, 128, 0]), 255));
        assert_eq!(found("Value=\"7\"/>"), (Some([7; 3]), 255));
        assert_eq!(found("Value=\"0 255 255 0\"/>"), (Some([255, 0, 0]), 255));
        assert_eq!(found("Value=\"1 2\"/>"), (Some([0; 3]), 255));
        assert_eq!(found("/>"), (Some([0; 3]), 255));
    }

    #[test]
    fn a_shading_is_its_first_colour_and_says_so() {
        let shading = "><AxialShd><Segment><Color Value=\"9 9 9\"/></Segment></AxialShd></FillColor>";
        assert_eq!(found(shading), (None, 255));
    }
}
