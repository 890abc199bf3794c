//! Our own letters, as PDF/A by the one writer and as PDF by the other.

use std::sync::LazyLock;

use super::*;
use crate::document::{
    DocumentOptions, Form, Letter, LetterKind, Metadata, PdfDocument, Press, SEAL_DIAMETER_MM,
    demonstration_seal,
};
use crate::seal::verify::SecondOpinion;

struct Made {
    letters: Vec<PdfDocument>,
    picture: SealPicture,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let press = Press::open(&DocumentOptions::default()).unwrap();
    let metadata = Metadata {
        document_id: "00112233445566778899aabbccddeeff".to_owned(),
        title: "投标保函".to_owned(),
        author: "示例财产保险股份有限公司".to_owned(),
        created_on: jiff::civil::date(2026, 11, 22),
        ..Metadata::default()
    };
    let laid = press.letter(&Letter::sample(Form::BidBond, LetterKind::Plaintext)).unwrap();
    #[cfg(feature = "printpdf")]
    let letters = vec![laid.to_pdf(&metadata).unwrap(), laid.to_pdf_by_printpdf(&metadata).unwrap()];
    #[cfg(not(feature = "printpdf"))]
    let letters = vec![laid.to_pdf(&metadata).unwrap()];
    let size = u16::try_from(SEAL_DIAMETER_MM).unwrap();
    let png = demonstration_seal(&press, "示例财产保险股份有限公司").unwrap();
    Made { letters, picture: SealPicture::from_png(&png, (size, size)).unwrap() }
});

fn signed(letter: &PdfDocument, signer: &PdfSigner, profile: &PdfSignatureProfile) -> Vec<u8> {
    sign(letter.bytes.clone(), signer, &MADE.picture, &letter.seal_places, profile, noon()).unwrap()
}

#[test]
fn letters_are_signed_in_every_container_where_their_template_wants_the_seal() {
    for letter in &MADE.letters {
        let mut stacked = letter.bytes.clone();
        for (container, signer, ..) in combinations() {
            let profile = PdfSignatureProfile { container, ..PdfSignatureProfile::default() };
            let report = report(&signed(letter, &signer, &profile));
            assert_eq!((report.verdict, report.failures()), (Verdict::Valid, vec![]), "{report}");
            let asked = matches!(signer, PdfSigner::Sm2(_)).then_some(SecondOpinion::Accepted);
            assert_eq!(report.signatures[0].second_opinion, asked);
            assert_eq!(report.covers_whole_file(), Some(true));
            stacked = sign(stacked, &signer, &MADE.picture, &letter.seal_places, &profile, noon()).unwrap();
        }
        let report = report(&stacked);
        assert_eq!((report.verdict, report.signatures.len()), (Verdict::Valid, 5), "{report}");
    }
}

#[test]
fn pdfsig_finds_signed_letters_valid() {
    for letter in &MADE.letters {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.pdf");
        let profile = PdfSignatureProfile::default();
        let once = signed(letter, &rsa(), &profile);
        let twice = sign(once, &ecdsa(), &MADE.picture, &letter.seal_places, &profile, noon()).unwrap();
        let said = oracles::pdfsig(&path, &twice);
        assert_eq!(said.matches("Signature is Valid.").count(), 2, "{said}");
    }
}

#[test]
fn the_seal_is_seen_where_the_template_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.pdf");
    for letter in &MADE.letters {
        let place = letter.seal_places[0];
        let page = (place.page_index + 1).to_string();
        let red = |pdf: &[u8]| {
            std::fs::write(&path, pdf).unwrap();
            // 100 dots an inch; a square of 20 mm round the centre.
            let x = format!("{:.0}", (place.x_mm - 10.0) / 25.4 * 100.0);
            let y = format!("{:.0}", (place.y_mm - 10.0) / 25.4 * 100.0);
            let output = std::process::Command::new("pdftoppm")
                .args(["-r", "100", "-f", &page, "-l", &page, "-x", &x, "-y", &y, "-W", "79", "-H", "79"])
                .arg(&path)
                .output()
                .expect("the program `pdftoppm` (poppler) is needed");
            let pixels = output.stdout.rchunks_exact(3);
            pixels.take(79 * 79).filter(|rgb| rgb[0] > 180 && rgb[1] < 120 && rgb[2] < 120).count()
        };
        assert_eq!(red(&letter.bytes), 0);
        let shown = red(&signed(letter, &rsa(), &PdfSignatureProfile::default()));
        assert!(shown > 100, "{shown} red dots");
    }
}
