//! The pictures of pages, drawn from files that may come from anybody: an OFD or PDF file, or the sealed OFD of `material`
//! with one of its files changed (the first byte says which). A picture holds nothing that a browser runs or fetches.

use std::sync::LazyLock;

use baohan_gateway::document::ofd::package::Package;
use baohan_gateway::document::preview::{Limits, PagePicture, Pages};
use baohan_gateway::seal::preview;

use crate::material::{SEALED, SIGNED};
use crate::packages::{altered, edited, unpacked};
use crate::platforms::choice;

static PACKAGE: LazyLock<Package> = LazyLock::new(|| unpacked(SEALED));

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    let file = match choice(*form, 3) {
        0 => bytes.to_vec(),
        1 => {
            let Some(package) = altered(&PACKAGE, bytes) else { return };
            let Ok(zipped) = package.to_zip() else { return };
            zipped
        }
        _ => edited(SIGNED[0], bytes),
    };
    // A small picture costs little and goes the same ways.
    let limits = Limits { side_pixels: 100, dpi: 20, ..Limits::default() };
    let Ok(pages) = preview::open(file, &limits) else { return };
    for index in 0..pages.count().min(2) {
        draw(&pages, index, &limits);
    }
    assert!(pages.picture(pages.count()).is_err());
}

fn draw(pages: &Pages, index: usize, limits: &Limits) {
    drop(pages.size(index));
    let Ok(picture) = pages.picture(index) else { return };
    assert!(picture.bytes.len() <= limits.picture_bytes);
    if picture.content_type == "image/svg+xml" {
        check_inert(&picture);
    }
    let again = pages.picture(index).expect("a page that is drawn once only");
    assert_eq!(again, picture);
}

fn check_inert(picture: &PagePicture) {
    let svg = std::str::from_utf8(&picture.bytes).expect("a picture in no text");
    for foreign in ["<script", "<foreignObject", "<iframe", "<style", "<!ENTITY", "javascript:"] {
        assert!(!svg.contains(foreign), "{foreign}: {svg}");
    }
    for (at, _) in svg.match_indices("href=\"") {
        let target = &svg[at + "href=\"".len()..];
        assert!(target.starts_with('#') || target.starts_with("data:image/"), "{target:.60}");
    }
}
