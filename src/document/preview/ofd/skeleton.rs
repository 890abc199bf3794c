//! The documents of a package: their pages, templates, annotations and resources (GB/T 33190 7).

use std::collections::HashMap;

use super::resources::Resources;
use super::stamps::{self, Stamp};
use super::values::rect;
use crate::document::ofd::element::{Element, resolve};
use crate::document::ofd::package::Package;
use crate::document::preview::canvas::Rect;
use crate::document::preview::{PreviewError, ReadSeal};

/// More documents, lists of resources and files of annotations than any honest package has; each is read anew.
const MOST_DOCUMENTS: usize = 16;
pub(super) const MOST_LISTS: usize = 64;

/// A4, where nobody says.
const USUAL: (u16, u16) = (210, 297);

/// A document of the package.
pub(super) struct Document {
    pub(super) resources: Resources,
    pub(super) templates: HashMap<String, Template>,
    /// Files of annotations by the page's number.
    pub(super) annotations: HashMap<String, Vec<String>>,
    pub(super) stamps: Vec<Stamp>,
    /// Of pages that name none.
    pub(super) page_box: Rect,
    /// Whether every list could be read.
    pub(super) whole: bool,
}

pub(super) struct Template {
    pub(super) path: String,
    pub(super) in_front: bool,
}

pub(super) struct PageEntry {
    /// The index of its document.
    pub(super) document: usize,
    pub(super) id: String,
    pub(super) path: String,
}

/// Reads OFD.xml and what it names, but no page.
pub(super) fn read(
    package: &Package,
    read_seal: ReadSeal,
    most_pages: usize,
) -> Result<(Vec<Document>, Vec<PageEntry>), PreviewError> {
    let ofd = open(package, "OFD.xml", "OFD")?;
    let (mut documents, mut pages) = (Vec::new(), Vec::new());
    for body in ofd.children("DocBody") {
        if documents.len() == MOST_DOCUMENTS {
            return Err(PreviewError::TooMuch { what: "documents", limit: MOST_DOCUMENTS });
        }
        let root = body.child_text("DocRoot").and_then(|location| resolve("OFD.xml", location));
        let path =
            root.ok_or(PreviewError::Structure { path: "OFD.xml".to_owned(), expected: "DocBody/DocRoot" })?;
        let root = open(package, &path, "Document")?;
        for page in root.children("Pages").flat_map(|pages| pages.children("Page")) {
            let location = page.attribute("BaseLoc").and_then(|location| resolve(&path, location));
            let missing = || PreviewError::Structure { path: path.clone(), expected: "Page with BaseLoc" };
            let id = page.attribute("ID").unwrap_or_default().trim().to_owned();
            if pages.len() == most_pages {
                return Err(PreviewError::TooMuch { what: "pages", limit: most_pages });
            }
            pages.push(PageEntry { document: documents.len(), id, path: location.ok_or_else(missing)? });
        }
        documents.push(document(package, body, &root, &path, read_seal));
    }
    if pages.is_empty() {
        return Err(PreviewError::Structure {
            path: "OFD.xml".to_owned(),
            expected: "a document with a page",
        });
    }
    Ok((documents, pages))
}

fn document(package: &Package, body: &Element, root: &Element, path: &str, read_seal: ReadSeal) -> Document {
    let mut resources = Resources::default();
    let mut templates = HashMap::new();
    let mut whole = true;
    let common = root.child("CommonData");
    let lists =
        common.iter().flat_map(|common| common.children("PublicRes").chain(common.children("DocumentRes")));
    for (number, list) in lists.enumerate() {
        whole &= number < MOST_LISTS
            && resolve(path, list.text()).is_some_and(|list| resources.add(package, &list));
        if number == MOST_LISTS {
            break;
        }
    }
    for template in common.iter().flat_map(|common| common.children("TemplatePage")) {
        let location = template.attribute("BaseLoc").and_then(|location| resolve(path, location));
        if let (Some(id), Some(path)) = (template.attribute("ID"), location) {
            let in_front = template.attribute("ZOrder") == Some("Foreground");
            templates.insert(id.trim().to_owned(), Template { path, in_front });
        }
    }
    let page_box = common.and_then(|common| common.child("PageArea")).and_then(physical_box);
    let (width, height) = USUAL;
    let usual = Rect { x: 0.0, y: 0.0, width: width.into(), height: height.into() };
    let (stamps, all_stamps) = stamps::read(package, body, read_seal);
    let annotations = annotations(package, root, path);
    whole &= annotations.is_some() && all_stamps;
    Document {
        resources,
        templates,
        annotations: annotations.unwrap_or_default(),
        stamps,
        page_box: page_box.unwrap_or(usual),
        whole,
    }
}

/// The files of annotations, if their list can be read.
fn annotations(package: &Package, root: &Element, path: &str) -> Option<HashMap<String, Vec<String>>> {
    let mut files: HashMap<String, Vec<String>> = HashMap::new();
    if let Some(location) = root.child_text("Annotations") {
        let path = resolve(path, location)?;
        for page in open(package, &path, "Annotations").ok()?.children("Page") {
            let file = resolve(&path, page.child_text("FileLoc")?)?;
            let of_page = files.entry(page.attribute("PageID")?.trim().to_owned()).or_default();
            if of_page.len() == MOST_LISTS {
                return None;
            }
            of_page.push(file);
        }
    }
    Some(files)
}

/// The paper: PhysicalBox of an Area, if it is a plausible size.
pub(super) fn physical_box(area: &Element) -> Option<Rect> {
    let paper = rect(area.child_text("PhysicalBox")?)?;
    let plausible = |side| (1.0..=20_000.0).contains(&side);
    (plausible(paper.width) && plausible(paper.height)).then_some(paper)
}

/// A file of the package as a tree.
pub(super) fn open(package: &Package, path: &str, root: &'static str) -> Result<Element, PreviewError> {
    let bytes = package.file(path).ok_or_else(|| PreviewError::Missing { path: path.to_owned() })?;
    Element::parse(bytes, root).map_err(|fault| PreviewError::Xml { path: path.to_owned(), fault })
}
