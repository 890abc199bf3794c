//! XML written byte by byte, so that equal data give equal files.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

/// A document under construction. Elements are opened, given attributes, and filled or closed.
pub(crate) struct Xml {
    text: String,
    open: Vec<&'static str>,
    /// Whether the last start tag still takes attributes.
    in_tag: bool,
}

impl Xml {
    pub(crate) fn new() -> Self {
        Self { text: r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned(), open: Vec::new(), in_tag: false }
    }

    pub(crate) fn start(&mut self, name: &'static str) -> &mut Self {
        self.end_tag();
        self.text.push('<');
        self.text.push_str(name);
        self.open.push(name);
        self.in_tag = true;
        self
    }

    pub(crate) fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
        escape(value, &mut self.text);
        self.text.push('"');
        self
    }

    pub(crate) fn number(&mut self, name: &str, value: u32) -> &mut Self {
        self.attribute(name, &value.to_string())
    }

    /// Lengths in millimetres, separated by spaces.
    pub(crate) fn lengths(&mut self, name: &str, values: &[f64]) -> &mut Self {
        let mut text = String::with_capacity(values.len() * 7);
        for value in values {
            push_length(&mut text, *value);
        }
        self.attribute(name, &text)
    }

    pub(crate) fn content(&mut self, value: &str) -> &mut Self {
        self.end_tag();
        escape(value, &mut self.text);
        self
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        let Some(name) = self.open.pop() else { return self };
        if self.in_tag {
            self.text.push_str("/>");
            self.in_tag = false;
        } else {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
        self
    }

    /// An element that holds text only.
    pub(crate) fn element(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.start(name).content(value).end()
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.end();
        }
        self.text.into_bytes()
    }

    fn end_tag(&mut self) {
        if self.in_tag {
            self.text.push('>');
            self.in_tag = false;
        }
    }
}

/// Appends `value` with at most four decimals (a tenth of a micrometre), after a space if something precedes.
pub(super) fn push_length(text: &mut String, value: f64) {
    if !text.is_empty() {
        text.push(' ');
    }
    let digits = format!("{value:.4}");
    let trimmed = digits.trim_end_matches('0').trim_end_matches('.');
    text.push_str(if trimmed == "-0" { "0" } else { trimmed });
}

/// Characters that XML 1.0 cannot carry become U+FFFD.
fn escape(value: &str, text: &mut String) {
    for character in value.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            // Readers fold these in attributes unless they are references.
            '\t' => text.push_str("&#9;"),
            '\n' => text.push_str("&#10;"),
            '\r' => text.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => text.push('\u{fffd}'),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_and_never_minus_zero() {
        let mut text = String::new();
        for value in [0.0, -0.00001, 210.0, 1.5, -12.34567, 0.00004] {
            push_length(&mut text, value);
        }
        assert_eq!(text, "0 0 210 1.5 -12.3457 0");
    }

    #[test]
    fn what_xml_cannot_carry_is_escaped_or_replaced() {
        let mut xml = Xml::new();
        xml.start("a").attribute("b", "\"<&>\n").content("x<y\u{1}").end();
        assert_eq!(
            String::from_utf8(xml.finish()).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a b=\"&quot;&lt;&amp;&gt;&#10;\">x&lt;y\u{fffd}</a>"
        );
    }
}
