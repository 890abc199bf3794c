//! The skeleton of a package: OFD.xml, every document it names, and what those name.

use std::collections::HashSet;

use super::files::Files;
use super::report::{CheckName, Checks};
use crate::document::ofd::element::{Element, XmlError, resolve};

/// More documents than any honest package has; each may have a large file read once more.
const MOST_DOCUMENTS: usize = 16;

/// One DocBody of OFD.xml.
pub struct Document {
    /// IDs of its pages.
    pub pages: HashSet<String>,
    /// The path of its Signatures.xml.
    pub signatures_file: Option<String>,
    pub signatures: Vec<Entry>,
}

/// One line of Signatures.xml.
pub struct Entry {
    /// The path of Signature.xml.
    pub path: String,
    /// Type: a seal, or a signature without picture.
    pub sealed: bool,
}

/// Where a structure is broken.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("`{0}` is missing")]
    Missing(String),
    #[error("`{path}`: {fault}")]
    Xml { path: String, fault: XmlError },
    #[error("`{path}`: `{location}` is no path inside the package")]
    Location { path: String, location: String },
    #[error("`{path}`: `{element}` is missing")]
    Element { path: String, element: &'static str },
    #[error("`OFD.xml`: more than {MOST_DOCUMENTS} documents")]
    TooMany,
    #[error("`{path}`: {what} `{value}` stands twice")]
    Twice { path: String, what: &'static str, value: String },
}

/// Reads the skeleton; reports [`CheckName::Structure`] and [`CheckName::Signatures`].
pub fn read(files: &Files<'_>, checks: &mut Checks) -> Vec<Document> {
    let (mut documents, mut faults, mut unsigned) = (Vec::new(), Vec::new(), Vec::new());
    match open(files, "OFD.xml", "OFD") {
        Ok(ofd) => {
            for (number, body) in (1_usize..).zip(ofd.children("DocBody")) {
                if number > MOST_DOCUMENTS {
                    faults.push(Fault::TooMany);
                    break;
                }
                match document(files, body, &mut faults) {
                    Ok(document) => {
                        if document.signatures.is_empty() {
                            unsigned.push(format!("document {number} has no signature"));
                        }
                        documents.push(document);
                    }
                    Err(fault) => faults.push(fault),
                }
            }
            if documents.is_empty() && faults.is_empty() {
                faults.push(Fault::Element { path: "OFD.xml".to_owned(), element: "DocBody" });
            }
        }
        Err(fault) => faults.push(fault),
    }
    if faults.is_empty() {
        checks.passed(CheckName::Structure, format!("{} document(s)", documents.len()));
    } else {
        let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
        checks.failed(CheckName::Structure, faults.join("; "));
    }
    let signatures: usize = documents.iter().map(|document| document.signatures.len()).sum();
    match (signatures, unsigned.as_slice()) {
        (0, _) => checks.failed(CheckName::Signatures, "the file has no signature"),
        (_, []) => checks.passed(CheckName::Signatures, format!("{signatures} signature(s)")),
        (_, unsigned) => checks.failed(CheckName::Signatures, unsigned.join("; ")),
    }
    documents
}

fn document(files: &Files<'_>, body: &Element, faults: &mut Vec<Fault>) -> Result<Document, Fault> {
    let location = only("OFD.xml", body, "DocRoot")?
        .ok_or_else(|| Fault::Element { path: "OFD.xml".to_owned(), element: "DocRoot" })?;
    let path = locate("OFD.xml", location.text())?;
    let root = open(files, &path, "Document")?;
    let pages: Vec<_> =
        only(&path, &root, "Pages")?.into_iter().flat_map(|pages| pages.children("Page")).collect();
    if pages.is_empty() {
        faults.push(Fault::Element { path: path.clone(), element: "Pages/Page" });
    }
    let ids = pages.iter().filter_map(|page| page.attribute("ID"));
    faults.extend(twice(&path, "the ID of a page", ids));

    let common = only(&path, &root, "CommonData")?;
    let resources = common.into_iter().flat_map(|common| {
        let texts = common.children("PublicRes").chain(common.children("DocumentRes")).map(Element::text);
        texts.chain(common.children("TemplatePage").filter_map(|page| page.attribute("BaseLoc")))
    });
    for list in ["Annotations", "CustomTags", "Attachments"] {
        faults.extend(only(&path, &root, list).err());
    }
    let lists = ["Annotations", "CustomTags", "Attachments"].iter().filter_map(|name| root.child_text(name));
    let named =
        pages.iter().map(|page| page.attribute("BaseLoc").unwrap_or_default()).chain(resources).chain(lists);
    for location in named {
        faults.extend(present(files, &path, location).err());
    }
    if let Some(list) = root.child_text("Attachments").and_then(|location| resolve(&path, location))
        && files.get(&list).is_some()
    {
        match open(files, &list, "Attachments") {
            Ok(attachments) => {
                for attachment in attachments.children("Attachment") {
                    let location = attachment.child_text("FileLoc").unwrap_or_default();
                    faults.extend(present(files, &list, location).err());
                }
            }
            Err(fault) => faults.push(fault),
        }
    }

    let mut document = Document {
        pages: pages.iter().filter_map(|page| page.attribute("ID")).map(str::to_owned).collect(),
        signatures_file: None,
        signatures: Vec::new(),
    };
    if let Some(location) = only("OFD.xml", body, "Signatures")? {
        let list = locate("OFD.xml", location.text())?;
        let root = open(files, &list, "Signatures")?;
        let ids = root.children("Signature").filter_map(|entry| entry.attribute("ID"));
        faults.extend(twice(&list, "the ID of a signature", ids));
        for entry in root.children("Signature") {
            let location = entry
                .attribute("BaseLoc")
                .ok_or_else(|| Fault::Element { path: list.clone(), element: "Signature@BaseLoc" })?;
            let sealed = entry.attribute("Type").is_none_or(|kind| kind == "Seal");
            document.signatures.push(Entry { path: locate(&list, location)?, sealed });
        }
        let paths = document.signatures.iter().map(|entry| entry.path.as_str());
        faults.extend(twice(&list, "the signature", paths));
        document.signatures_file = Some(list);
    }
    Ok(document)
}

fn open(files: &Files<'_>, path: &str, root: &'static str) -> Result<Element, Fault> {
    let bytes = files.get(path).ok_or_else(|| Fault::Missing(path.to_owned()))?;
    Element::parse(bytes, root).map_err(|fault| Fault::Xml { path: path.to_owned(), fault })
}

/// The child of which there may be one at most.
fn only<'a>(path: &str, parent: &'a Element, name: &'static str) -> Result<Option<&'a Element>, Fault> {
    parent.only_child(name).map_err(|fault| Fault::Xml { path: path.to_owned(), fault })
}

/// The first value that stands twice: readers differ in which of the two they find by it.
fn twice<'a>(path: &str, what: &'static str, values: impl Iterator<Item = &'a str>) -> Option<Fault> {
    let mut seen = HashSet::new();
    let mut values = values.map(str::trim);
    let repeated = values.find(|value| !seen.insert(*value))?;
    Some(Fault::Twice { path: path.to_owned(), what, value: repeated.to_owned() })
}

fn locate(from: &str, location: &str) -> Result<String, Fault> {
    resolve(from, location)
        .ok_or_else(|| Fault::Location { path: from.to_owned(), location: location.to_owned() })
}

fn present(files: &Files<'_>, from: &str, location: &str) -> Result<(), Fault> {
    let path = locate(from, location)?;
    if files.get(&path).is_some() { Ok(()) } else { Err(Fault::Missing(path)) }
}
