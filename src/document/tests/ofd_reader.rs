//! A small reader of OFD for the tests: it parses the package with another XML library than the writer's own
//! and looks glyphs up in the embedded fonts.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::document::OfdDocument;
use crate::document::ofd::package::Package;

pub(super) struct OfdReader {
    package: Package,
}

/// An element in document order, with its attributes and the text directly inside it.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) parent: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) text: String,
}

pub(super) struct TextObject {
    pub(super) boundary: [f64; 4],
    pub(super) font: String,
    pub(super) text: String,
    pub(super) steps: usize,
    /// Glyphs, where they are listed instead of looked up.
    pub(super) listed: Option<Vec<u16>>,
}

impl OfdReader {
    pub(super) fn of(document: &OfdDocument) -> Self {
        Self { package: document.package.clone() }
    }

    pub(super) fn string(&self, path: &str) -> String {
        let bytes = self.package.file(path).unwrap_or_else(|| panic!("`{path}` is missing"));
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn elements(&self, path: &str) -> Vec<Element> {
        let text = self.string(path);
        let mut reader = Reader::from_str(&text);
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let event = reader.read_event().unwrap_or_else(|error| panic!("`{path}`: {error}"));
            match event {
                Event::Start(ref tag) | Event::Empty(ref tag) => {
                    let attributes = tag
                        .attributes()
                        .map(|attribute| {
                            let attribute = attribute.unwrap();
                            let value = quick_xml::escape::unescape(&attribute.value);
                            (attribute.key.as_ref().to_owned(), value.unwrap().into_owned())
                        })
                        .collect();
                    let parent = open.last().map_or(String::new(), |index| elements[*index].name.clone());
                    let name = tag.name().as_ref().to_owned();
                    elements.push(Element { name, parent, attributes, text: String::new() });
                    if matches!(event, Event::Start(_)) {
                        open.push(elements.len() - 1);
                    }
                }
                Event::Text(text) => {
                    if let Some(index) = open.last() {
                        elements[*index].text.push_str(&text);
                    }
                }
                Event::GeneralRef(name) => {
                    let entity = format!("&{};", &*name);
                    elements[*open.last().unwrap()]
                        .text
                        .push_str(&quick_xml::escape::unescape(&entity).unwrap());
                }
                Event::End(_) => {
                    open.pop();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty(), "`{path}` ends inside an element");
        elements
    }

    fn pages(&self) -> Vec<String> {
        let document = self.elements("Doc_0/Document.xml");
        let pages = document.iter().filter(|element| element.name == "ofd:Page");
        pages.map(|page| format!("Doc_0/{}", page.attributes["BaseLoc"])).collect()
    }

    pub(super) fn page_ids(&self) -> Vec<u32> {
        let document = self.elements("Doc_0/Document.xml");
        let pages = document.iter().filter(|element| element.name == "ofd:Page");
        pages.map(|page| page.attributes["ID"].parse().unwrap()).collect()
    }

    pub(super) fn objects(&self) -> Vec<TextObject> {
        self.pages().iter().flat_map(|page| self.objects_of(page)).collect()
    }

    fn objects_of(&self, page: &str) -> Vec<TextObject> {
        let mut objects: Vec<TextObject> = Vec::new();
        for element in self.elements(page) {
            match element.name.as_str() {
                "ofd:TextObject" => objects.push(TextObject {
                    boundary: numbers(&element.attributes["Boundary"]).try_into().unwrap(),
                    font: element.attributes["Font"].clone(),
                    text: String::new(),
                    steps: 0,
                    listed: None,
                }),
                "ofd:Glyphs" => {
                    let glyphs = element.text.split(' ').map(|glyph| glyph.parse().unwrap()).collect();
                    objects.last_mut().unwrap().listed = Some(glyphs);
                }
                "ofd:TextCode" => {
                    let object = objects.last_mut().unwrap();
                    object.steps = element.attributes.get("DeltaX").map_or(0, |steps| numbers(steps).len());
                    object.text = element.text;
                }
                _ => {}
            }
        }
        objects
    }

    /// The text of all pages in the order of the file, without spaces.
    pub(super) fn text(&self) -> String {
        without_spaces(self.objects())
    }

    pub(super) fn text_of_page(&self, index: usize) -> String {
        without_spaces(self.objects_of(&self.pages()[index]))
    }

    /// Each character is found in its embedded font, where it has an outline, and has its step.
    pub(super) fn check_glyphs(&self) {
        let mut files = BTreeMap::new();
        for element in self.elements("Doc_0/PublicRes.xml") {
            if element.name == "ofd:Font" {
                let id = element.attributes["ID"].clone();
                files.insert(id.clone(), self.package.file(&format!("Doc_0/Res/font_{id}.ttf")).unwrap());
            }
        }
        for object in self.objects() {
            assert_eq!(object.text, object.text.trim(), "outer spaces");
            let face = ttf_parser::Face::parse(files[&object.font], 0).unwrap();
            let by_table: Vec<Option<u16>> = object
                .text
                .chars()
                .map(|character| face.glyph_index(character).map(|glyph| glyph.0))
                .collect();
            let glyphs = match object.listed {
                Some(listed) => {
                    assert_eq!(object.text.chars().count(), 1, "{}", object.text);
                    assert_eq!(by_table, [Some(listed[0])], "{}", object.text);
                    listed
                }
                None => {
                    assert!(
                        object.text.chars().all(|character| character.len_utf16() == 1),
                        "{}",
                        object.text
                    );
                    by_table
                        .into_iter()
                        .map(|glyph| glyph.unwrap_or_else(|| panic!("{}", object.text)))
                        .collect()
                }
            };
            assert_eq!(object.steps + 1, glyphs.len(), "{}", object.text);
            for (character, glyph) in object.text.chars().zip(glyphs) {
                let outline = face.glyph_bounding_box(ttf_parser::GlyphId(glyph));
                assert!(glyph != 0 && (outline.is_some() || character.is_whitespace()), "{character}");
            }
        }
    }

    /// Every file is well-formed, every number is unique and not above the maximum, every reference resolves.
    pub(super) fn check_structure(&self) {
        let mut paths = vec!["Doc_0/Document.xml", "Doc_0/PublicRes.xml", "Doc_0/DocumentRes.xml"];
        let pages = self.pages();
        paths.extend(pages.iter().map(String::as_str));
        let mut ids = BTreeSet::new();
        let mut references = Vec::new();
        let mut maximum = 0;
        for path in paths {
            for element in self.elements(path) {
                if let Some(id) = element.attributes.get("ID") {
                    assert!(ids.insert(id.parse::<u32>().unwrap()), "{id} is used twice");
                }
                for name in ["Font", "ResourceID"] {
                    references.extend(element.attributes.get(name).map(|id| id.parse::<u32>().unwrap()));
                }
                if element.name == "ofd:MaxUnitID" {
                    maximum = element.text.parse().unwrap();
                }
                if let Some(boundary) = element.attributes.get("Boundary") {
                    let [_, _, width, height] = numbers(boundary).try_into().unwrap();
                    assert!(width > 0.0 && height > 0.0, "{}: {boundary}", element.name);
                }
                if element.parent == "ofd:PathObject" && element.name == "ofd:AbbreviatedData" {
                    assert!(element.text.starts_with("M "), "{}", element.text);
                }
            }
        }
        assert_eq!(ids.last(), Some(&maximum));
        assert!(!references.is_empty() && references.iter().all(|id| ids.contains(id)));
        for (list, folder) in
            [("PublicRes", "Res"), ("DocumentRes", "Res"), ("Attachs/Attachments", "Attachs")]
        {
            for element in self.elements(&format!("Doc_0/{list}.xml")) {
                if matches!(element.name.as_str(), "ofd:FontFile" | "ofd:MediaFile" | "ofd:FileLoc") {
                    let path = format!("Doc_0/{folder}/{}", element.text);
                    assert!(self.package.file(&path).is_some_and(|bytes| !bytes.is_empty()), "{path}");
                }
            }
        }
        for (path, bytes) in self.package.files() {
            if path.ends_with(".xml") {
                assert!(bytes.starts_with(b"<?xml version=\"1.0\""), "{path}");
                self.elements(path);
            }
        }
    }
}

fn without_spaces(objects: Vec<TextObject>) -> String {
    let text: String = objects.into_iter().map(|object| object.text).collect();
    text.replace([' ', '\u{3000}', '\u{a0}'], "")
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(' ').map(|number| number.parse().unwrap()).collect()
}
