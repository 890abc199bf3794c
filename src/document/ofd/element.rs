//! A small tree of an OFD XML file, for those whose structure a seal depends on and for pages that are drawn.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

/// GB/T 33190-2016 6.1; the older form without the year stands in files of 2020 to 2022.
const NAMESPACES: [&str; 2] = ["http://www.ofdspec.org/2016", "http://www.ofdspec.org"];

const DEEPEST: usize = 64;
const MOST_ELEMENTS: usize = 200_000;

/// Of one element. No element of the standard has more than thirty attributes.
const MOST_ATTRIBUTES: usize = 64;
/// Bytes of one attribute, and of the texts of one element: long lists of positions and outlines stand in them.
const LONGEST_VALUE: usize = 1 << 20;
const LONGEST_TEXT: usize = 8 << 20;

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
    #[error("nested too deeply, too many elements or attributes, or too long a text")]
    TooLarge,
    #[error("expected exactly one root element")]
    OneRoot,
    #[error("the declaration must come first and say XML 1.0 in UTF-8")]
    Declaration,
    #[error("a processing instruction is not allowed")]
    Instruction,
    #[error("a comment is not allowed inside a text; readers differ in what they make of it")]
    Comment,
    #[error("the prefix of `{0}` is not bound to a namespace")]
    Prefix(String),
    #[error("`{parent}` has more than one `{child}`; readers differ in which they take")]
    Repeated { parent: String, child: &'static str },
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
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = NsReader::from_str(text);
        let mut open: Vec<Open> = Vec::new();
        let mut done: Option<Open> = None;
        let mut elements = 0;
        loop {
            let at_start = reader.buffer_position() == 0;
            let (namespace, event) = reader.read_resolved_event()?;
            let ofd = matches!(namespace, ResolveResult::Bound(Namespace(uri)) if NAMESPACES.contains(&uri));
            let unbound = matches!(namespace, ResolveResult::Unknown(_));
            let closed = match event {
                Event::Start(_) | Event::Empty(_) if open.len() == DEEPEST || elements == MOST_ELEMENTS => {
                    return Err(XmlError::TooLarge);
                }
                Event::Start(start) | Event::Empty(start) if unbound => {
                    return Err(XmlError::Prefix(shown(start.name().into_inner())));
                }
                Event::Start(start) => {
                    elements += 1;
                    open.push(Open::new(Self::start(&start)?, ofd));
                    None
                }
                Event::Empty(start) => {
                    elements += 1;
                    Some(Open::new(Self::start(&start)?, ofd))
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
                        (None, None) => return Err(XmlError::Entity(shown(&reference))),
                    }
                    None
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::PI(_) => return Err(XmlError::Instruction),
                Event::Decl(declaration) => {
                    if !at_start || !is_plain(&declaration) {
                        return Err(XmlError::Declaration);
                    }
                    None
                }
                Event::Comment(_) => {
                    if let Some(inner) = open.last_mut() {
                        inner.comment = true;
                        inner.interrupted()?;
                    }
                    None
                }
                Event::Eof => break,
            };
            if let Some(element) = closed {
                match open.last_mut() {
                    Some(parent) if element.ofd => parent.element.children.push(element.element),
                    Some(_) => {}
                    None if done.is_some() => return Err(XmlError::OneRoot),
                    None => done = Some(element),
                }
            }
        }
        match done {
            Some(Open { element, ofd: true, .. }) if open.is_empty() && element.name == root => Ok(element),
            Some(Open { element, .. }) if open.is_empty() => {
                Err(XmlError::Root { expected: root, found: shown(&element.name) })
            }
            _ => Err(XmlError::OneRoot),
        }
    }

    /// Attributes with a prefix belong to other vocabularies: those of the standard have none.
    fn start(start: &BytesStart<'_>) -> Result<Self, XmlError> {
        let mut attributes = Vec::new();
        for (number, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(quick_xml::Error::from)?;
            if number == MOST_ATTRIBUTES || attribute.value.len() > LONGEST_VALUE {
                return Err(XmlError::TooLarge);
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned();
            if attribute.key.prefix().is_none() {
                attributes.push((attribute.key.local_name().into_inner().to_owned(), value));
            }
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

    /// The child of that name, where there may be one at most.
    ///
    /// # Errors
    /// [`XmlError::Repeated`].
    pub fn only_child(&self, name: &'static str) -> Result<Option<&Element>, XmlError> {
        let mut children = self.children(name);
        match (children.next(), children.next()) {
            (_, Some(_)) => Err(XmlError::Repeated { parent: self.name.clone(), child: name }),
            (child, None) => Ok(child),
        }
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

/// An element that is not closed yet.
struct Open {
    element: Element,
    /// Whether it is of the standard's namespace.
    ofd: bool,
    /// Whether a comment stands directly inside.
    comment: bool,
}

impl Open {
    fn new(element: Element, ofd: bool) -> Self {
        Self { element, ofd, comment: false }
    }

    /// Some readers take the text before a comment, some all of it.
    fn interrupted(&self) -> Result<(), XmlError> {
        if self.comment && !self.element.text.trim().is_empty() { Err(XmlError::Comment) } else { Ok(()) }
    }
}

fn append(open: &mut [Open], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(inner) if inner.element.text.len().saturating_add(text.len()) > LONGEST_TEXT => {
            return Err(XmlError::TooLarge);
        }
        Some(inner) => {
            inner.element.text.push_str(text);
            inner.interrupted()?;
        }
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::OneRoot),
    }
    Ok(())
}

/// Whether a declaration says nothing that would have another reader read other characters.
fn is_plain(declaration: &BytesDecl<'_>) -> bool {
    let utf8 = match declaration.encoding() {
        None => true,
        Some(Ok(encoding)) => encoding.eq_ignore_ascii_case("utf-8") || encoding.eq_ignore_ascii_case("utf8"),
        Some(Err(_)) => false,
    };
    utf8 && declaration.version().is_ok_and(|version| &*version == "1.0")
}

/// A name from outside, fit to be shown.
fn shown(name: &str) -> String {
    name.chars().take(64).filter(|letter| !letter.is_control()).collect()
}

/// Whether a file that is not parsed otherwise has a DOCTYPE, or could have one in an encoding that hides it. What is no
/// XML at all counts as none: it is covered by a digest, and no reader can open it.
pub fn has_doctype(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"<!DOCTYPE";
    // A file of XML that is not in UTF-8 says so by a mark of UTF-16 or UTF-32, or by zeros between its first letters.
    let wide = matches!(bytes, [0xfe, 0xff, ..] | [0xff, 0xfe, ..])
        || bytes.iter().take(4).any(|byte| *byte == 0) && bytes.iter().take(4).any(|byte| *byte == b'<');
    // Most files have no mark at all, so the parser seldom runs; it tells a declaration from a comment about one.
    if wide || !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return wide;
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
/// file's folder. `None` for paths with `.`, `..` or empty parts, and for what no file of a package is called, such as
/// URLs.
pub fn resolve(from: &str, location: &str) -> Option<String> {
    let path = match location.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => match from.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{location}"),
            None => location.to_owned(),
        },
    };
    let foreign = |character: char| matches!(character, '\\' | ':') || character.is_control();
    let safe = path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains(foreign);
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

    fn refusal(inside: &str) -> XmlError {
        let xml = format!("<OFD xmlns=\"http://www.ofdspec.org/2016\">{inside}</OFD>");
        Element::parse(xml.as_bytes(), "OFD").unwrap_err()
    }

    #[test]
    fn what_two_readers_could_take_for_two_things_is_refused() {
        assert!(matches!(refusal("<?xml-stylesheet href='x'?>"), XmlError::Instruction));
        assert!(matches!(refusal("<?php evil()?>"), XmlError::Instruction));
        assert!(matches!(refusal("<?xml version='1.0'?>"), XmlError::Declaration));
        assert!(matches!(refusal("<e:A/>"), XmlError::Prefix(_)));
        assert!(matches!(refusal("<A x='1' x='2'/>"), XmlError::Syntax(_)));
        for comment in ["/Doc_0/a.xml<!-- -->.bak", "<!-- -->a", "a<!-- -->"] {
            assert!(matches!(refusal(&format!("<A>{comment}</A>")), XmlError::Comment), "{comment}");
        }
        let root = "<OFD xmlns='http://www.ofdspec.org/2016'> <!-- made by --> <A/></OFD>";
        assert!(Element::parse(root.as_bytes(), "OFD").is_ok());

        for declaration in [
            "<?xml version=\"1.0\" encoding=\"GBK\"?>",
            "<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
            "<?xml version=\"1.1\"?>",
            " <?xml version=\"1.0\"?>",
            "<!-- --><?xml version=\"1.0\"?>",
        ] {
            let refused = Element::parse(format!("{declaration}{root}").as_bytes(), "OFD");
            assert!(matches!(refused, Err(XmlError::Declaration)), "{declaration}: {refused:?}");
        }
        let utf_16: Vec<u8> = root.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(Element::parse(&utf_16, "OFD").is_err());
    }

    #[test]
    fn attributes_of_other_vocabularies_are_not_seen() {
        let xml = r#"<OFD xmlns="http://www.ofdspec.org/2016" xmlns:e="urn:e"><A e:BaseLoc="evil" BaseLoc="good"/></OFD>"#;
        let root = Element::parse(xml.as_bytes(), "OFD").unwrap();
        assert_eq!(root.child("A").unwrap().attribute("BaseLoc"), Some("good"));
    }

    #[test]
    fn many_attributes_and_long_texts_are_refused() {
        let attributes: String = (0..=MOST_ATTRIBUTES).map(|number| format!(" a{number}='1'")).collect();
        assert!(matches!(refusal(&format!("<A{attributes}/>")), XmlError::TooLarge));
        let long = "x".repeat(LONGEST_VALUE + 1);
        assert!(matches!(refusal(&format!("<A a='{long}'/>")), XmlError::TooLarge));
        let text = "x<![CDATA[y]]>".repeat(LONGEST_TEXT / 2 + 1);
        assert!(matches!(refusal(&format!("<A>{text}</A>")), XmlError::TooLarge));
    }

    #[test]
    fn a_child_that_stands_twice_is_told() {
        let xml = r#"<OFD xmlns="http://www.ofdspec.org/2016"><A>1</A><A>2</A><B/></OFD>"#;
        let root = Element::parse(xml.as_bytes(), "OFD").unwrap();
        assert!(matches!(root.only_child("A"), Err(XmlError::Repeated { child: "A", .. })));
        assert!(root.only_child("B").unwrap().is_some() && root.only_child("C").unwrap().is_none());
    }

    #[test]
    fn a_doctype_is_told_from_a_comment_about_one() {
        assert!(has_doctype(b"<?xml version=\"1.0\"?><!DOCTYPE a><a/>"));
        assert!(!has_doctype(b"<a><!-- <!DOCTYPE a> --></a>"));
        assert!(!has_doctype(b"<a/>"));
        // In an encoding that hides it.
        assert!(has_doctype(b"\xff\xfe<\0!\0D\0") && has_doctype(b"\xfe\xff\0<\0!"));
        assert!(has_doctype(b"<\0!\0D\0O\0") && has_doctype(b"\0\0\0<\0\0\0!"));
        assert!(!has_doctype(b"\0\0\0\0 is no XML"));
    }

    #[test]
    fn locations_are_resolved_like_the_standard_says() {
        assert_eq!(
            resolve("Doc_0/Signs/Signatures.xml", "Sign_0/Signature.xml").unwrap(),
            "Doc_0/Signs/Sign_0/Signature.xml"
        );
        assert_eq!(resolve("Doc_0/Document.xml", "/OFD.xml").unwrap(), "OFD.xml");
        assert_eq!(resolve("OFD.xml", "Doc_0/Document.xml").unwrap(), "Doc_0/Document.xml");
        for unsafe_path in [
            "../OFD.xml",
            "/../x",
            "a/../b",
            "a//b",
            "",
            "/",
            "a\\b",
            "./a",
            "http://x/y",
            "file:y",
            "C:y",
            "a\0b",
        ] {
            assert_eq!(resolve("Doc_0/Document.xml", unsafe_path), None, "{unsafe_path}");
        }
    }
}
