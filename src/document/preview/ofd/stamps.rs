//! Where seals show on pages (GB/T 33190 18.2): the places that signatures name, and the pictures that their seals hold.

use std::rc::Rc;

use super::skeleton::open;
use super::values::rect;
use crate::document::ofd::element::{Element, resolve};
use crate::document::ofd::package::Package;
use crate::document::preview::ReadSeal;
use crate::document::preview::canvas::Rect;

/// More signatures or places than any honest document has.
const MOST_SIGNATURES: usize = 64;
const MOST_STAMPS: usize = 4_096;

/// One appearance of a seal.
pub(super) struct Stamp {
    pub(super) page_id: String,
    pub(super) boundary: Rect,
    /// The visible part, relative to the corner of the boundary.
    pub(super) clip: Option<Rect>,
    /// Its signature's file, which tells pictures apart.
    pub(super) signature: String,
    /// `None` if the seal has none that can be read.
    pub(super) picture: Option<Rc<Vec<u8>>>,
}

/// The stamps of a document, and whether all that its signatures list could be read.
pub(super) fn read(package: &Package, body: &Element, read_seal: ReadSeal) -> (Vec<Stamp>, bool) {
    let mut stamps = Vec::new();
    let Some(location) = body.child_text("Signatures") else { return (stamps, true) };
    let Some(path) = resolve("OFD.xml", location) else { return (stamps, false) };
    // A document that is prepared for a seal and has none yet names a list that is not there.
    if package.file(&path).is_none() {
        return (stamps, true);
    }
    let Ok(list) = open(package, &path, "Signatures") else { return (stamps, false) };
    let mut whole = true;
    for (count, entry) in list.children("Signature").enumerate() {
        let read = (count < MOST_SIGNATURES && stamps.len() < MOST_STAMPS)
            .then(|| signature(package, &path, entry, read_seal, &mut stamps))
            .flatten();
        whole &= read.is_some();
    }
    (stamps, whole)
}

/// `None` if the file of the signature, or a place in it, cannot be read.
fn signature(
    package: &Package,
    list: &str,
    entry: &Element,
    read_seal: ReadSeal,
    stamps: &mut Vec<Stamp>,
) -> Option<()> {
    let path = resolve(list, entry.attribute("BaseLoc")?)?;
    let root = open(package, &path, "Signature").ok()?;
    let info = root.child("SignedInfo")?;
    // The signed seal counts; some vendors keep it in a file beside a signature of another kind.
    let files =
        [root.child_text("SignedValue"), info.child("Seal").and_then(|seal| seal.child_text("BaseLoc"))];
    let picture = files.into_iter().flatten().find_map(|location| {
        let bytes = package.file(&resolve(&path, location)?)?;
        read_seal(bytes).map(Rc::new)
    });
    for annotation in info.children("StampAnnot") {
        stamps.push(Stamp {
            page_id: annotation.attribute("PageRef")?.trim().to_owned(),
            boundary: annotation.attribute("Boundary").and_then(rect)?,
            clip: match annotation.attribute("Clip") {
                Some(clip) => Some(rect(clip)?),
                None => None,
            },
            signature: path.clone(),
            picture: picture.clone(),
        });
    }
    Some(())
}
