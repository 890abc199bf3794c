//! Outlines: AbbreviatedData (GB/T 33190 9.1) as SVG path commands.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use super::values::number;
use crate::document::preview::canvas::digits;

/// An outline with the box round its points, of which those of curves may lie outside of the ink.
pub(super) struct Shape {
    pub(super) commands: String,
    /// Left, top, right, bottom.
    pub(super) bounds: (f64, f64, f64, f64),
}

/// Reads up to the first mistake; `None` if nothing is left.
pub(super) fn shape(data: &str) -> Option<Shape> {
    let mut commands = String::with_capacity(data.len());
    let mut points = Vec::new();
    let mut words = Words(data);
    while let Some(Word::Command(letter)) = words.next() {
        let (target, count) = match letter {
            'S' | 'M' => ('M', 2),
            'L' => ('L', 2),
            'Q' => ('Q', 4),
            'B' => ('C', 6),
            'A' => ('A', 7),
            'C' => ('Z', 0),
            _ => break,
        };
        let mut values = Vec::with_capacity(count);
        while let Some(value) = words.value(values.len() < count) {
            values.push(value);
        }
        // SVG wants a first point.
        if values.len() < count || (commands.is_empty() && target != 'M') {
            break;
        }
        if !commands.is_empty() {
            commands.push(' ');
        }
        commands.push(target);
        if let [rx, ry, angle, large, sweep, x, y] = *values.as_slice() {
            let flag = |value: f64| if value == 0.0 { 0.0 } else { 1.0 };
            write(&mut commands, &[rx.abs(), ry.abs(), angle, flag(large), flag(sweep), x, y]);
            let reach = rx.abs().max(ry.abs()) * 2.0;
            points.extend([(x - reach, y - reach), (x + reach, y + reach)]);
        } else {
            write(&mut commands, &values);
            points.extend(values.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))));
        }
    }
    (!commands.is_empty()).then(|| Shape { commands, bounds: crate::document::display_list::bounds(points) })
}

fn write(commands: &mut String, values: &[f64]) {
    for value in values {
        commands.push(' ');
        commands.push_str(&digits(*value, 4));
    }
}

enum Word {
    Command(char),
    Value(f64),
}

/// Letters and numbers; blanks and commas may stand between them or not.
struct Words<'a>(&'a str);

impl Words<'_> {
    /// The next word if it is a number and one is wanted.
    fn value(&mut self, wanted: bool) -> Option<f64> {
        let before = self.0;
        match self.next() {
            Some(Word::Value(value)) if wanted => Some(value),
            _ => {
                self.0 = before;
                None
            }
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        let blank = |character: char| character.is_whitespace() || character == ',';
        self.0 = self.0.trim_start_matches(blank);
        let first = self.0.chars().next()?;
        if first.is_ascii_alphabetic() {
            self.0 = self.0.get(1..)?;
            return Some(Word::Command(first));
        }
        let end = self.0.find(|character: char| {
            blank(character) || character.is_ascii_alphabetic() && !matches!(character, 'e' | 'E')
        });
        let (word, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        number(word).map(Word::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(data: &str) -> Option<String> {
        shape(data).map(|shape| shape.commands)
    }

    #[test]
    fn every_command_has_its_counterpart() {
        let data = "S 1 2 L 3 4 Q 5 6 7 8 B 1 2 3 4 5 6 A 2 3 45 1 0 9 9 C";
        let svg = "M 1 2 L 3 4 Q 5 6 7 8 C 1 2 3 4 5 6 A 2 3 45 1 0 9 9 Z";
        assert_eq!(commands(data).as_deref(), Some(svg));
        assert_eq!(commands("M1,2L-3.50000,1e1C").as_deref(), Some("M 1 2 L -3.5 10 Z"));
    }

    #[test]
    fn an_outline_ends_where_it_makes_no_sense() {
        assert_eq!(commands("M 0 0 L 1 1 X 2 2").as_deref(), Some("M 0 0 L 1 1"));
        assert_eq!(commands("M 0 0 L 1").as_deref(), Some("M 0 0"));
        assert_eq!(commands("M 0 0 L 1 1 2 2 L 3 3").as_deref(), Some("M 0 0 L 1 1"));
        for nothing in ["", "L 1 1", "M 1", "M 1 NaN", "M 0 1e999", "\"/><script>alert(1)</script>", "中 1 1"]
        {
            assert_eq!(commands(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_bounds_are_those_of_the_points() {
        assert_eq!(shape("M 1 2 L 5 -1").unwrap().bounds, (1.0, -1.0, 5.0, 2.0));
    }
}
