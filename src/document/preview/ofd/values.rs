//! The simple values of OFD's attributes (GB/T 33190 7.3): arrays of numbers, boxes, flags.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use crate::document::display_list::Matrix;
use crate::document::ofd::element::Element;
use crate::document::preview::canvas::Rect;

/// Ten kilometres: whatever is longer is a mistake or an attack.
const LONGEST: f64 = 1e7;

/// One number that is no more than [`LONGEST`].
pub(super) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.trim().parse().ok()?;
    (value.abs() <= LONGEST).then_some(value)
}

/// Numbers between blanks; some programs write commas. `None` if one is not a number.
pub(super) fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split(|character: char| character.is_whitespace() || character == ',')
        .filter(|word| !word.is_empty())
        .map(number)
        .collect()
}

pub(super) fn attribute(element: &Element, name: &str) -> Option<f64> {
    element.attribute(name).and_then(number)
}

/// ST_Box with sides that are not negative.
pub(super) fn rect(text: &str) -> Option<Rect> {
    let [x, y, width, height] = *numbers(text)?.as_slice() else { return None };
    (width >= 0.0 && height >= 0.0).then_some(Rect { x, y, width, height })
}

/// CTM; the identity where there is none. `None` if it is not six numbers.
pub(super) fn matrix(element: &Element) -> Option<Matrix> {
    let Some(text) = element.attribute("CTM") else { return Some(Matrix::IDENTITY) };
    let [a, b, c, d, e, f] = *numbers(text)?.as_slice() else { return None };
    Some(Matrix { a, b, c, d, e, f })
}

pub(super) fn flag(element: &Element, name: &str, otherwise: bool) -> bool {
    match element.attribute(name).map(str::trim) {
        Some("true" | "1") => true,
        Some("false" | "0") => false,
        _ => otherwise,
    }
}

/// Alpha, from 0 to 255.
pub(super) fn alpha(element: &Element) -> u8 {
    element.attribute("Alpha").and_then(|text| text.trim().parse().ok()).unwrap_or(255)
}

/// DeltaX and DeltaY, of which no more than `most` count: `g 5 2.5` says 2.5 five times.
pub(super) fn steps(text: &str, most: usize) -> Option<Vec<f64>> {
    let mut steps = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if steps.len() >= most {
            break;
        }
        if word == "g" {
            let count: usize = words.next()?.parse().ok()?;
            let step = number(words.next()?)?;
            steps.extend(std::iter::repeat_n(step, count.min(most - steps.len())));
        } else {
            steps.push(number(word)?);
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_repeated_as_often_as_there_are_characters() {
        assert_eq!(steps("1 g 3 2.5 4", 10), Some(vec![1.0, 2.5, 2.5, 2.5, 4.0]));
        assert_eq!(steps("g 4000000000 1", 3), Some(vec![1.0; 3]));
        assert_eq!(steps("g -1 1", 3), None);
        assert_eq!(steps("g 3", 3), None);
        assert_eq!(steps("1 NaN", 3), None);
    }

    #[test]
    fn boxes_and_numbers_that_mean_nothing_are_none() {
        assert_eq!(rect("0 0 210 297"), Some(Rect { x: 0.0, y: 0.0, width: 210.0, height: 297.0 }));
        for text in ["", "1 2 3", "1 2 -3 4", "1 2 inf 4", "1 2 NaN 4", "1 2 1e300 4", "a b c d"] {
            assert_eq!(rect(text), None, "{text}");
        }
    }
}
