//! Pictures of pages that were looked at lately, so that a page of the console draws none twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::document::preview::PagePicture;
use crate::domain::identity::DocumentDigest;

/// Bytes of all pictures together: some two hundred pages.
const MOST_BYTES: usize = 64 << 20;

/// A page, counted from 0, of the document with this digest: what it shows never changes.
type Name = (DocumentDigest, usize);

#[derive(Default)]
pub(super) struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    pictures: HashMap<Name, (Arc<PagePicture>, u64)>,
    bytes: usize,
    /// Counts every look.
    looks: u64,
}

impl Shelf {
    pub fn find(&self, document: &DocumentDigest, page: usize) -> Option<Arc<PagePicture>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.looks += 1;
        let look = kept.looks;
        let (picture, last) = kept.pictures.get_mut(&(document.clone(), page))?;
        *last = look;
        Some(Arc::clone(picture))
    }

    /// Keeps a picture, in place of those that nobody has looked at for the longest time.
    pub fn keep(&self, document: &DocumentDigest, page: usize, picture: PagePicture) -> Arc<PagePicture> {
        let picture = Arc::new(picture);
        let size = picture.bytes.len();
        if size > MOST_BYTES / 2 {
            return picture;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.looks += 1;
        let look = kept.looks;
        if let Some((old, _)) = kept.pictures.insert((document.clone(), page), (Arc::clone(&picture), look)) {
            kept.bytes -= old.bytes.len();
        }
        kept.bytes += size;
        while kept.bytes > MOST_BYTES {
            let oldest =
                kept.pictures.iter().min_by_key(|(_, (_, look))| *look).map(|(name, _)| name.clone());
            let Some((gone, _)) = oldest.and_then(|name| kept.pictures.remove(&name)) else { break };
            kept.bytes -= gone.bytes.len();
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_nobody_looks_at_give_way() {
        let shelf = Shelf::default();
        let document = DocumentDigest::new("00".repeat(32));
        let picture = || PagePicture {
            content_type: "image/png",
            bytes: vec![0; MOST_BYTES / 4],
            left_out: Default::default(),
        };
        for page in 0..4 {
            shelf.keep(&document, page, picture());
        }
        assert!(shelf.find(&document, 0).is_some());
        shelf.keep(&document, 4, picture());
        let there: Vec<_> = (0..5).filter(|page| shelf.find(&document, *page).is_some()).collect();
        assert_eq!(there, [0, 2, 3, 4]);
        // The same again takes no more room.
        shelf.keep(&document, 4, picture());
        assert!(shelf.find(&document, 0).is_some());
    }
}
