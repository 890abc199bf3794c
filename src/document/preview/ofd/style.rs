//! How outlines and text are inked: parameters in resources (GB/T 33190 8.2), overridden by the object's own.

use super::colour;
use super::resources::Resources;
use super::values::{attribute, numbers};
use crate::document::ofd::element::Element;
use crate::document::preview::canvas::{Colour, Line};

/// Parameters that build on parameters; no file needs more, and one that refers to itself ends here.
const DEEPEST: usize = 8;

#[derive(Clone)]
pub(super) struct Style {
    pub(super) fill: Option<Colour>,
    pub(super) stroke: Option<Colour>,
    pub(super) line: Line,
    /// Whether a shading stands behind one of the colours.
    pub(super) approximate: bool,
}

impl Default for Style {
    fn default() -> Self {
        let line = Line {
            width: 0.353,
            cap: "butt",
            join: "miter",
            miter_limit: 3.528,
            dashes: Vec::new(),
            dash_offset: 0.0,
        };
        Self { fill: None, stroke: None, line, approximate: false }
    }
}

impl Style {
    /// This style with what an object or a layer says differently.
    pub(super) fn overridden(&self, by: &Element, resources: &[&Resources]) -> Self {
        let mut style = self.clone();
        let mut chain = Vec::new();
        let mut next = by.attribute("DrawParam");
        while let Some(id) = next.filter(|_| chain.len() < DEEPEST) {
            let found = resources.iter().find_map(|resources| resources.get("DrawParam", id));
            next = found.and_then(|found| found.element.attribute("Relative"));
            chain.extend(found.map(|found| &found.element));
        }
        for parameters in chain.into_iter().rev() {
            style.take(parameters, resources);
        }
        style.take(by, resources);
        style
    }

    fn take(&mut self, from: &Element, resources: &[&Resources]) {
        for (name, own) in [("FillColor", &mut self.fill), ("StrokeColor", &mut self.stroke)] {
            if let Some(found) = from.child(name).map(|element| colour::read(element, resources)) {
                *own = Some(found.colour);
                self.approximate |= found.approximate;
            }
        }
        let line = &mut self.line;
        let length = |name: &str| attribute(from, name).filter(|length| *length >= 0.0);
        line.width = length("LineWidth").unwrap_or(line.width);
        line.miter_limit = length("MiterLimit").unwrap_or(line.miter_limit);
        line.dash_offset = attribute(from, "DashOffset").unwrap_or(line.dash_offset);
        line.cap = match from.attribute("Cap") {
            Some("Butt") => "butt",
            Some("Round") => "round",
            Some("Square") => "square",
            _ => line.cap,
        };
        line.join = match from.attribute("Join") {
            Some("Miter") => "miter",
            Some("Round") => "round",
            Some("Bevel") => "bevel",
            _ => line.join,
        };
        if let Some(pattern) = from.attribute("DashPattern").and_then(numbers) {
            let sound =
                pattern.iter().all(|length| *length >= 0.0) && pattern.iter().any(|length| *length > 0.0);
            line.dashes = if sound { pattern } else { Vec::new() };
        }
    }
}
