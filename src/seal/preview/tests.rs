//! Letters as they leave the house: with the seal where it was stamped.
#![expect(clippy::disallowed_types, clippy::as_conversions, reason = "positions on a page are measured")]

use std::sync::{Arc, LazyLock};

use super::*;
use crate::document::ofd::package::Package;
use crate::document::preview::LeftOut;
use crate::document::preview::testing::{Painted, check_inert};
use crate::document::{
    DocumentOptions, Form, Laid, Letter, LetterKind, Metadata, OfdDocument, Press, demonstration_seal,
};
use crate::seal::pdf::{PdfSignatureProfile, PdfSigner, SealPicture};
use crate::seal::testing::{WORLD, description, noon};
use crate::seal::{Area, ElectronicSeal, Millimetres, SealDescription, Sealer, Stamp, pdf, seal};

const WIDTH_MM: f64 = 210.0;
const SIDE: f64 = 42.0;

static PRESS: LazyLock<Press> = LazyLock::new(|| Press::open(&DocumentOptions::default()).unwrap());

fn seal_picture() -> Vec<u8> {
    demonstration_seal(&PRESS, "示例财产保险股份有限公司").unwrap()
}

fn metadata() -> Metadata {
    Metadata {
        document_id: "00112233445566778899aabbccddeeff".to_owned(),
        title: "投标保函".to_owned(),
        created_on: jiff::civil::date(2026, 11, 22),
        sealed: true,
        ..Metadata::default()
    }
}

/// Four pages: the plaintext letter and the ciphertext letter behind it.
fn merged() -> Laid {
    let letter = |kind| Letter::sample(Form::BidBond, kind);
    PRESS.merged(&letter(LetterKind::Plaintext), &letter(LetterKind::Ciphertext)).unwrap()
}

fn sealer(picture: &[u8]) -> Sealer {
    let description = SealDescription { picture_png: picture, ..description(&WORLD.insurer.certificate) };
    let seal = ElectronicSeal::make(&WORLD.maker, &description).unwrap();
    Sealer::new(Arc::new(WORLD.insurer.signer()), seal).unwrap()
}

/// The seal at each marked place, and across the edges of all pages 240 mm below the top.
fn stamps(document: &OfdDocument) -> Vec<Stamp> {
    let mm = Millimetres::whole;
    let exact = |length: f64| Millimetres::from_micrometres((length * 1000.0).round() as i32);
    let mut stamps = Stamp::riding(&document.page_ids, mm(210), mm(240), mm(42), mm(42));
    for place in &document.seal_places {
        let area = Area {
            x: exact(place.x_mm - SIDE / 2.0),
            y: exact(place.y_mm - SIDE / 2.0),
            width: mm(42),
            height: mm(42),
        };
        stamps.push(Stamp::on_page(document.page_ids[place.page_index], area));
    }
    stamps
}

fn sealed(laid: &Laid, picture: &[u8]) -> (OfdDocument, Pages) {
    let document = laid.to_ofd(&metadata()).unwrap();
    let bytes = seal(document.package.clone(), &sealer(picture), &stamps(&document), noon()).unwrap();
    (document, open(bytes, &Limits::default()).unwrap())
}

#[test]
fn the_seals_of_a_letter_show_where_they_were_stamped_and_only_there() {
    let laid = merged();
    let (document, pages) = sealed(&laid, &seal_picture());
    assert_eq!((pages.count(), document.seal_places.len()), (4, 2));
    for index in 0..pages.count() {
        let picture = pages.picture(index).unwrap();
        assert!(picture.left_out.is_empty(), "{:?}", picture.left_out);
        check_inert(&picture);
        let page = Painted::of(&picture, WIDTH_MM, 600);
        assert!(
            page.red((199.5, 240.0), (10.5, SIDE)) > 0.05,
            "page {index}: its strip of the seal across the edges"
        );
        assert!(page.red((168.0, 240.0), (31.0, SIDE)) < 0.001, "page {index}: the strips of the others");
        let corners = document.seal_places.iter().filter(|place| place.page_index == index);
        let mut stamped = 0.0;
        for place in corners {
            let corner = (place.x_mm - SIDE / 2.0, place.y_mm - SIDE / 2.0);
            assert!(page.red(corner, (SIDE, SIDE)) > 0.08, "page {index}: the seal");
            stamped += SIDE * SIDE * page.red(corner, (SIDE, SIDE));
        }
        // All the red of the page is that of the seals.
        let all = page.red((0.0, 0.0), (WIDTH_MM, 297.0)) * WIDTH_MM * 297.0;
        let strip = page.red((199.5, 240.0), (10.5, SIDE)) * 10.5 * SIDE;
        assert!(
            (all - strip - stamped).abs() < 5.0,
            "page {index}: {all} mm² of red, {strip} and {stamped} of seals"
        );
    }
}

#[test]
fn a_seal_whose_picture_is_a_document_itself_is_drawn_into_its_place() {
    let namespace = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let mut inner = Package::default();
    inner.put(
        "OFD.xml",
        format!("<ofd:OFD {namespace}><ofd:DocBody><ofd:DocRoot>D.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"),
    );
    inner.put(
        "D.xml",
        format!(
            "<ofd:Document {namespace}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 10 10</ofd:PhysicalBox></ofd:PageArea>\
             </ofd:CommonData><ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"P.xml\"/></ofd:Pages></ofd:Document>"
        ),
    );
    // The right half of the seal.
    inner.put(
        "P.xml",
        format!(
            "<ofd:Page {namespace}><ofd:Content><ofd:Layer ID=\"2\"><ofd:PathObject ID=\"3\" Boundary=\"5 0 5 10\" Stroke=\"false\" \
             Fill=\"true\"><ofd:FillColor Value=\"200 0 0\"/><ofd:AbbreviatedData>M 0 0 L 5 0 L 5 10 L 0 10 C</ofd:AbbreviatedData>\
             </ofd:PathObject></ofd:Layer></ofd:Content></ofd:Page>"
        ),
    );
    let laid = PRESS.letter(&Letter::sample(Form::BidBond, LetterKind::Ciphertext)).unwrap();
    let (document, pages) = sealed(&laid, &inner.to_zip().unwrap());
    let place = document.seal_places[0];
    let picture = pages.picture(place.page_index).unwrap();
    assert!(picture.left_out.is_empty(), "{:?}", picture.left_out);
    check_inert(&picture);
    let page = Painted::of(&picture, WIDTH_MM, 400);
    let top = place.y_mm - SIDE / 2.0;
    assert!(page.red((place.x_mm + 1.0, top), (SIDE / 2.0 - 2.0, SIDE)) > 0.95);
    assert!(page.red((place.x_mm - SIDE / 2.0, top), (SIDE / 2.0 - 1.0, SIDE)) < 0.01);
}

#[test]
fn a_seal_without_a_picture_that_can_be_read_is_missed() {
    let laid = PRESS.letter(&Letter::sample(Form::BidBond, LetterKind::Ciphertext)).unwrap();
    let broken = |picture: &[u8]| {
        let (document, pages) = sealed(&laid, picture);
        pages.picture(document.seal_places[0].page_index).unwrap().left_out.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(broken(b"no picture"), [LeftOut::Picture]);
    assert_eq!(broken(b"PK no package"), [LeftOut::Seal]);
}

#[test]
fn the_seal_of_a_pdf_letter_shows_too() {
    let letter = merged().to_pdf(&metadata()).unwrap();
    let picture = SealPicture::from_png(&seal_picture(), (42, 42)).unwrap();
    let signer = PdfSigner::Sm2(Arc::new(sealer(&seal_picture())));
    let profile = PdfSignatureProfile::default();
    let bytes = pdf::sign(letter.bytes, &signer, &picture, &letter.seal_places, &profile, noon()).unwrap();
    let pages = open(bytes, &Limits { dpi: 72, ..Limits::default() }).unwrap();
    for index in 0..pages.count() {
        let picture = pages.picture(index).unwrap();
        let page = Painted::of(&picture, WIDTH_MM, 0);
        let place = letter.seal_places.iter().find(|place| place.page_index == index);
        let all = page.red((0.0, 0.0), (WIDTH_MM, 297.0)) * WIDTH_MM * 297.0;
        let stamped = place.map_or(0.0, |place| {
            let red = page.red((place.x_mm - SIDE / 2.0, place.y_mm - SIDE / 2.0), (SIDE, SIDE));
            assert!(red > 0.05, "page {index}: {red}");
            red * SIDE * SIDE
        });
        assert!((all - stamped).abs() < 5.0, "page {index}: {all} mm² of red, {stamped} of the seal");
    }
}
