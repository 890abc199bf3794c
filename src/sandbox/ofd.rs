//! Reading an OFD package (GB/T 33190) as a platform would: its pages' text, and what its signatures cover.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::message::Reason;
use super::seal;
use crate::crypto::second_opinion::sm3;

/// More than this in one package, unpacked, is not a letter.
const LARGEST: u64 = 64 << 20;

/// What the platform takes from a letter.
#[derive(Debug)]
pub struct Ofd {
    files: BTreeMap<String, Vec<u8>>,
    /// The text of all pages in order, without any white space: a long string may be broken over lines.
    pub text: String,
    pub pages: usize,
    /// How many signatures the package lists, each with right digests and a seal that verifies.
    pub signatures: usize,
}

impl Ofd {
    /// Unpacks and reads a package.
    ///
    /// # Errors
    /// Why it is not an OFD file that can be read, or which signed file has been changed.
    pub fn read(package: &[u8]) -> Result<Self, Reason> {
        let files = unpack(package)?;
        let mut ofd = Self { files, text: String::new(), pages: 0, signatures: 0 };
        let entry = ofd.elements("OFD.xml")?;
        for root in entry.iter().filter(|element| element.name == "DocRoot") {
            ofd.read_document(&resolve("OFD.xml", &root.text))?;
        }
        if ofd.pages == 0 {
            return Err(Reason::new("OFD文件没有页面"));
        }
        for list in entry.iter().filter(|element| element.name == "Signatures") {
            ofd.read_signatures(&resolve("OFD.xml", &list.text))?;
        }
        Ok(ofd)
    }

    /// Whether a text stands on a page; white space counts on neither side.
    pub fn shows(&self, text: &str) -> bool {
        self.text.contains(&without_space(text))
    }

    /// The file of the package, page or not, that contains a text as it is.
    pub fn file_with(&self, text: &str) -> Option<&str> {
        let found =
            self.files.iter().find(|(_, bytes)| str::from_utf8(bytes).is_ok_and(|file| file.contains(text)));
        found.map(|(name, _)| name.as_str())
    }

    fn file(&self, name: &str) -> Result<&[u8], Reason> {
        self.files.get(name).map(Vec::as_slice).ok_or_else(|| Reason::new(format!("OFD文件缺少{name}")))
    }

    fn elements(&self, name: &str) -> Result<Vec<Element>, Reason> {
        elements(self.file(name)?).map_err(|error| Reason::new(format!("OFD文件的{name}无法解析：{error}")))
    }

    fn read_document(&mut self, path: &str) -> Result<(), Reason> {
        let document = self.elements(path)?;
        let located = |name: &str| {
            let of_name = document.iter().filter(move |element| element.name == name);
            of_name
                .filter_map(|element| element.attribute("BaseLoc"))
                .map(|loc| resolve(path, loc))
                .collect::<Vec<_>>()
        };
        let pages = located("Page");
        self.pages += pages.len();
        for page in located("TemplatePage").into_iter().chain(pages) {
            for code in self.elements(&page)?.iter().filter(|element| element.name == "TextCode") {
                self.text.push_str(&without_space(&code.text));
            }
        }
        Ok(())
    }

    fn read_signatures(&mut self, path: &str) -> Result<(), Reason> {
        for signature in self.elements(path)?.iter().filter(|element| element.name == "Signature") {
            let base = signature.attribute("BaseLoc").unwrap_or_default();
            let signature = resolve(path, base);
            self.check_signature(&signature)?;
            self.signatures += 1;
        }
        Ok(())
    }

    /// Digests are compared, and libsm verifies the electronic seal; whom to believe is the business of a certificate
    /// authority, not of this platform.
    fn check_signature(&self, path: &str) -> Result<(), Reason> {
        let signature = self.elements(path)?;
        let value = signature.iter().find(|element| element.name == "SignedValue");
        let value = value.map(|element| resolve(path, &element.text)).unwrap_or_default();
        seal::verify(self.file(&value)?, self.file(path)?)
            .map_err(|objection| Reason::new(format!("{path}的电子印章无效：{objection}")))?;
        let mut covered = 0;
        let mut reference = None;
        for element in &signature {
            match element.name.as_str() {
                "Reference" => reference = element.attribute("FileRef").map(|loc| resolve(path, loc)),
                "CheckValue" => {
                    let file = reference.take().unwrap_or_default();
                    let digest = BASE64.encode(sm3(self.file(&file)?));
                    if digest != without_space(&element.text) {
                        return Err(Reason::new(format!("签名保护的文件{file}已被改动")));
                    }
                    covered += 1;
                }
                _ => {}
            }
        }
        if covered == 0 {
            return Err(Reason::new(format!("{path}没有保护任何文件")));
        }
        Ok(())
    }
}

fn unpack(package: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Reason> {
    let damaged = |error: &dyn std::fmt::Display| Reason::new(format!("文件不是OFD（ZIP）格式：{error}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).map_err(|error| damaged(&error))?;
    let mut files = BTreeMap::new();
    let mut left = LARGEST;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| damaged(&error))?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(|error| damaged(&error))?.trim_start_matches('/').to_owned();
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        left = left
            .checked_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            .ok_or_else(|| Reason::new("OFD文件解压后过大"))?;
        files.insert(name, bytes);
    }
    Ok(files)
}

fn without_space(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// A location (ST_Loc): from the package's root when it begins with `/`, otherwise from the folder of `file`.
fn resolve(file: &str, location: &str) -> String {
    let location = location.trim();
    let mut parts: Vec<&str> = match location.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => file.rsplit_once('/').map_or_else(Vec::new, |(folder, _)| folder.split('/').collect()),
    };
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// One element in document order, with the text that stands directly in it.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn of(start: &BytesStart<'_>) -> Result<Self, quick_xml::Error> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0)?;
            attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        Ok(Self { name: start.local_name().as_ref().to_owned(), attributes, text: String::new() })
    }
}

/// What stands in the elements and attributes of an XML file.
///
/// # Errors
/// When it is not well-formed.
pub fn texts(xml: &[u8]) -> anyhow::Result<Vec<String>> {
    let elements = elements(xml)?;
    let of_one = |element: Element| {
        let attributes = element.attributes.into_iter().map(|(_, value)| value);
        attributes.chain([element.text]).collect::<Vec<_>>()
    };
    Ok(elements.into_iter().flat_map(of_one).collect())
}

fn elements(xml: &[u8]) -> anyhow::Result<Vec<Element>> {
    let text = str::from_utf8(xml)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        let piece = match reader.read_event()? {
            Event::Start(start) => {
                open.push(found.len());
                found.push(Element::of(&start)?);
                continue;
            }
            Event::Empty(start) => {
                found.push(Element::of(&start)?);
                continue;
            }
            Event::End(_) => {
                open.pop();
                continue;
            }
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::CData(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(reference) => match reference.resolve_char_ref()? {
                Some(character) => character.to_string(),
                None => match reference.xml10_content().as_ref() {
                    "lt" => "<".to_owned(),
                    "gt" => ">".to_owned(),
                    "amp" => "&".to_owned(),
                    "quot" => "\"".to_owned(),
                    "apos" => "'".to_owned(),
                    unknown => anyhow::bail!("unknown entity `{unknown}`"),
                },
            },
            Event::DocType(_) => anyhow::bail!("a document type is not allowed"),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
            Event::Eof => break,
        };
        if let Some(element) = open.last().and_then(|index| found.get_mut(*index)) {
            element.text.push_str(&piece);
        }
    }
    anyhow::ensure!(open.is_empty(), "an element is not closed");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved_from_the_root_or_the_folder() {
        assert_eq!(resolve("OFD.xml", "Doc_0/Document.xml"), "Doc_0/Document.xml");
        assert_eq!(
            resolve("Doc_0/Document.xml", "Pages/Page_0/Content.xml"),
            "Doc_0/Pages/Page_0/Content.xml"
        );
        assert_eq!(resolve("Doc_0/Signs/Sign_0/Signature.xml", "../../Document.xml"), "Doc_0/Document.xml");
        assert_eq!(resolve("Doc_0/Signs/Signatures.xml", "/Doc_0/a.xml"), "Doc_0/a.xml");
    }

    #[test]
    fn references_in_text_are_read_as_what_they_stand_for() {
        let found =
            elements(b"<o:a xmlns:o='x'><o:TextCode X=\"1\">A&amp;B&#x6d77;</o:TextCode><b/></o:a>").unwrap();
        assert_eq!(found.len(), 3);
        let code = found.iter().find(|element| element.name == "TextCode").unwrap();
        assert_eq!(code.text, "A&B海");
        assert_eq!(code.attribute("X"), Some("1"));
        assert!(elements(b"<a><b></a>").is_err());
    }
}
