//! A small tree of an OFD XML file, for those whose structure a seal depends on and for pages that are drawn.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

/// GB/T 33190-2016 6.1; the older form without the year stands in files of 2020 to 2022.
const NAMESPACES: [&str; 2] = ["http://www.ofdspec.org/2016", "http://www.ofdspec.org"];

const DEEPEST: usize = 64;
const MOST_ELEMENTS: usize = 200_000;

/// Why a file is not XML that every reader understands alike.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    #[error("not UTF-8")]
    NotUtf8,
    #[error("not well-formed: {0}")]
    Syntax(#[from] quick_xml::Error),
    #[error("a DOCTYPE is not allowed")]
    Doctype,
    #[error("the entity `{0}` is not defined")]
    Entity(String),
    #[error("the root must be `{expected}` in the OFD namespace, found `{found}`")]
    Root { expected: &'static str, found: String },
    #[error("nested too deeply or too many elements")]
    TooLarge,
    #[error("expected exactly one root element")]
    OneRoot,
}

/// An element with its OFD children; elements of other namespaces are left out.
#[derive(Debug, Default)]
pub struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    /// Parses a file whose root element is `root`.
    ///
    /// # Errors
    /// When the bytes are not well-formed XML in UTF-8 without DOCTYPE, or the root is another.
    pub fn parse(bytes: &[u8], root: &'static str) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError::NotUtf8)?;
        let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        let mut open: Vec<(Element, bool)> = Vec::new();
        let mut done: Option<(Element, bool)> = None;
        let mut elements = 0;
        loop {
            let (namespace, event) = reader.read_resolved_event()?;
            let ofd = matches!(namespace, ResolveResult::Bound(Namespace(uri)) if NAMESPACES.contains(&uri));
            let closed = match event {
                Event::Start(_) | Event::Empty(_) if open.len() == DEEPEST || elements == MOST_ELEMENTS => {
                    return Err(XmlError::TooLarge);
                }
                Event::Start(start) => {
                    elements += 1;
                    open.push((Self::start(&start)?, ofd));
                    None
                }
                Event::Empty(start) => {
                    elements += 1;
                    Some((Self::start(&start)?, ofd))
                }
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    append(&mut open, &text)?;
                    None
                }
                Event::CData(text) => {
                    append(&mut open, &text)?;
                    None
                }
                Event::GeneralRef(reference) => {
                    match (reference.resolve_char_ref()?, resolve_predefined_entity(&reference)) {
                        (Some(character), _) => append(&mut open, character.encode_utf8(&mut [0; 4]))?,
                        (None, Some(text)) => append(&mut open, text)?,
                        (None, None) => return Err(XmlError::Entity(reference.to_string())),
                    }
                    None
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
                Event::Eof => break,
            };
            if let Some((element, ofd)) = closed {
                match open.last_mut() {
                    Some((parent, _)) if ofd => parent.children.push(element),
                    Some(_) => {}
                    None if done.is_some() => return Err(XmlError::OneRoot),
                    None => done = Some((element, ofd)),
                }
            }
        }
        match done {
            Some((element, true)) if open.is_empty() && element.name == root => Ok(element),
            Some((element, _)) if open.is_empty() => {
                Err(XmlError::Root { expected: root, found: element.name })
            }
            _ => Err(XmlError::OneRoot),
        }
    }

    fn start(start: &BytesStart<'_>) -> Result<Self, XmlError> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(quick_xml::Error::from)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned();
            attributes.push((attribute.key.local_name().into_inner().to_owned(), value));
        }
        let name = start.local_name().into_inner().to_owned();
        Ok(Self { name, attributes, ..Self::default() })
    }

    /// The name without its prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The children of any name, in the order of the file.
    pub fn all_children(&self) -> &[Element] {
        &self.children
    }

    /// The same, taken out of the tree.
    pub fn into_children(self) -> Vec<Element> {
        self.children
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Takes the first child of that name out of the tree.
    pub fn take_child(&mut self, name: &str) -> Option<Element> {
        let at = self.children.iter().position(|child| child.name == name)?;
        Some(self.children.swap_remove(at))
    }

    /// The text directly inside, without blanks around it.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// The text directly inside with its blanks, which count as characters where positions are listed.
    pub fn exact_text(&self) -> &str {
        &self.text
    }

    /// The text of the first child of that name.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(Element::text)
    }
}

fn append(open: &mut [(Element, bool)], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some((element, _)) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::OneRoot),
    }
    Ok(())
}

/// Whether a file that is not parsed otherwise has a DOCTYPE. Anything that cannot be read counts as none: it is covered
/// by a digest, and no reader can open it.
pub fn has_doctype(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"<!DOCTYPE";
    // Most files have no mark at all, so the parser seldom runs; it tells a declaration from a comment about one.
    if !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return true };
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::DocType(_)) => return true,
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// Text for an XML attribute or element.
pub fn escape(text: &str) -> std::borrow::Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// Resolves a path (ST_Loc) found in the file `from`: with a leading slash from the package's root, otherwise from the
/// file's folder. `None` for paths with `.`, `..` or empty parts.
pub fn resolve(from: &str, location: &str) -> Option<String> {
    let path = match location.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => match from.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{location}"),
            None => location.to_owned(),
        },
    };
    let safe = path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\\');
    safe.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_namespaces_and_any_prefix_are_read() {
        for (open, close) in [
            (
                r#"<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:A x="1&amp;2"> t&#x4e2d;&lt; </ofd:A>"#,
                "</ofd:OFD>",
            ),
            (r#"<OFD xmlns="http://www.ofdspec.org"><A x="1&amp;2"><![CDATA[t中<]]></A>"#, "</OFD>"),
        ] {
            let root =
                Element::parse(format!("\u{feff}<?xml version=\"1.0\"?>{open}{close}").as_bytes(), "OFD")
                    .unwrap();
            let child = root.child("A").unwrap();
            assert_eq!((child.text(), child.attribute("x")), ("t中<", Some("1&2")));
        }
    }

    #[test]
    fn elements_of_other_namespaces_are_not_seen() {
        let xml = r#"<o:OFD xmlns:o="http://www.ofdspec.org/2016" xmlns:e="urn:e"><e:A>1</e:A><A>2</A><o:A>3</o:A></o:OFD>"#;
        let root = Element::parse(xml.as_bytes(), "OFD").unwrap();
        assert_eq!(root.children("A").map(Element::text).collect::<Vec<_>>(), ["3"]);
        assert!(matches!(Element::parse(b"<OFD/>", "OFD"), Err(XmlError::Root { .. })));
    }

    #[test]
    fn doctypes_entities_and_second_roots_are_refused() {
        let doctype =
            br#"<!DOCTYPE OFD [<!ENTITY e "x">]><OFD xmlns="http://www.ofdspec.org/2016">&e;</OFD>"#;
        assert!(matches!(Element::parse(doctype, "OFD"), Err(XmlError::Doctype)));
        let entity = br#"<OFD xmlns="http://www.ofdspec.org/2016">&e;</OFD>"#;
        assert!(matches!(Element::parse(entity, "OFD"), Err(XmlError::Entity(_))));
        let roots =
            br#"<OFD xmlns="http://www.ofdspec.org/2016"/><OFD xmlns="http://www.ofdspec.org/2016"/>"#;
        assert!(matches!(Element::parse(roots, "OFD"), Err(XmlError::OneRoot)));
        let unclosed = br#"<OFD xmlns="http://www.ofdspec.org/2016"><A>"#;
        assert!(Element::parse(unclosed, "OFD").is_err());
        let deep = format!("<OFD xmlns=\"http://www.ofdspec.org/2016\">{}", "<A>".repeat(100));
        assert!(matches!(Element::parse(deep.as_bytes(), "OFD"), Err(XmlError::TooLarge)));
        let many =
            format!("<OFD xmlns=\"http://www.ofdspec.org/2016\">{}</OFD>", "<A/>".repeat(MOST_ELEMENTS));
        assert!(matches!(Element::parse(many.as_bytes(), "OFD"), Err(XmlError::TooLarge)));
    }

    #[test]
    fn a_doctype_is_told_from_a_comment_about_one() {
        assert!(has_doctype(b"<?xml version=\"1.0\"?><!DOCTYPE a><a/>"));
        assert!(!has_doctype(b"<a><!-- <!DOCTYPE a> --></a>"));
        assert!(!has_doctype(b"<a/>"));
    }

    #[test]
    fn locations_are_resolved_like_the_standard_says() {
        assert_eq!(
            resolve("Doc_0/Signs/Signatures.xml", "Sign_0/Signature.xml").unwrap(),
            "Doc_0/Signs/Sign_0/Signature.xml"
        );
        assert_eq!(resolve("Doc_0/Document.xml", "/OFD.xml").unwrap(), "OFD.xml");
        assert_eq!(resolve("OFD.xml", "Doc_0/Document.xml").unwrap(), "Doc_0/Document.xml");
        for unsafe_path in ["../OFD.xml", "/../x", "a/../b", "a//b", "", "/", "a\\b", "./a"] {
            assert_eq!(resolve("Doc_0/Document.xml", unsafe_path), None, "{unsafe_path}");
        }
    }
}
