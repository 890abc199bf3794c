//! Small PDF files, keys and a picture.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;

use crate::crypto::certificate::{Subject, Validity, self_issued};
use crate::crypto::international::PrivateKey;
use crate::document::SealPlace;
use crate::seal::Sealer;
use crate::seal::pdf::{Container, InternationalSigner, PdfSignatureProfile, PdfSigner, SealPicture, sign};
use crate::seal::testing::{WORLD, noon, seal_der, time};
use crate::seal::verify::Trust;
use crate::seal::verify::report::ContainerKind;

/// Each way in which a file may list its objects.
pub const BASES: [fn() -> Vec<u8>; 2] = [with_table, with_streams];

/// Two pages and a cross-reference table. Page 1 names its annotations in an object of its own; page 2 inherits its
/// size and names an object that is not there.
pub fn with_table() -> Vec<u8> {
    let text = |line: &str| format!("BT /F 12 Tf 72 700 Td ({line}) Tj ET");
    let stream = |content: String| format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let font = "/Resources << /Font << /F 5 0 R >> >>";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 /MediaBox [0 0 595.276 841.89] >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R {font} /Contents 6 0 R /Annots 8 0 R >>"),
        format!("<< /Type /Page /Parent 2 0 R {font} /Contents [7 0 R 90 0 R] >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        stream(text("Letter of guarantee")),
        stream(text("CNY 100,000.00")),
        "[]".to_owned(),
    ];
    let mut pdf = "%PDF-1.7\n%\u{e9}\u{e9}\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table += &format!("{:010} 00000 n \n", pdf.len());
        pdf += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let start = pdf.len();
    pdf += &format!(
        "{table}trailer\n<< /Size {} /Root 1 0 R /ID [<00112233> <00112233>] >>\nstartxref\n{start}\n%%EOF",
        objects.len() + 1
    );
    pdf.into_bytes()
}

/// The same with object streams and a cross-reference stream.
pub fn with_streams() -> Vec<u8> {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut file = Vec::new();
        lopdf::Document::load_mem(&with_table()).unwrap().save_modern(&mut file).unwrap();
        file
    });
    FILE.clone()
}

pub fn place(page_index: usize) -> SealPlace {
    SealPlace { page_index, x_mm: 150.0, y_mm: 220.0 }
}

/// The middle place is a second one on a page.
pub fn places() -> Vec<SealPlace> {
    vec![place(1), SealPlace { page_index: 1, x_mm: 60.0, y_mm: 60.0 }, place(0)]
}

/// A red ring that fades out.
pub fn picture() -> SealPicture {
    let side = 64_u32;
    let mut pixels = Vec::new();
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
        let distance = (x.abs_diff(32).pow(2) + y.abs_diff(32).pow(2)).isqrt();
        let alpha =
            if (24..32).contains(&distance) { u8::try_from(255 - (distance - 24) * 8).unwrap() } else { 0 };
        pixels.extend([200, 0, 0, alpha]);
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    SealPicture::from_png(&file, (42, 42)).unwrap()
}

fn international(key: PrivateKey, not_after: &str) -> PdfSigner {
    let subject =
        Subject { common_name: "Demo Insurance".to_owned(), organization: "示范保险".to_owned() };
    let validity = Validity { not_before: time("2026-01-01T00:00:00Z"), not_after: time(not_after) };
    let certificate = self_issued(&subject, &key, validity).unwrap();
    PdfSigner::International(Arc::new(InternationalSigner::new(key, vec![certificate]).unwrap()))
}

const END: &str = "2029-01-01T00:00:00Z";
static RSA: LazyLock<PdfSigner> = LazyLock::new(|| international(PrivateKey::generate_rsa().unwrap(), END));
static OTHER: LazyLock<PdfSigner> = LazyLock::new(|| international(PrivateKey::generate_rsa().unwrap(), END));
static ECDSA: LazyLock<PdfSigner> =
    LazyLock::new(|| international(PrivateKey::generate_p256().unwrap(), END));
static SM2: LazyLock<PdfSigner> = LazyLock::new(|| {
    PdfSigner::Sm2(Arc::new(Sealer::new(Arc::new(WORLD.insurer.signer()), seal_der()).unwrap()))
});

pub fn rsa() -> PdfSigner {
    RSA.clone()
}

/// Somebody of the same name.
pub fn other_rsa() -> PdfSigner {
    OTHER.clone()
}

pub fn ecdsa() -> PdfSigner {
    ECDSA.clone()
}

pub fn sm2() -> PdfSigner {
    SM2.clone()
}

/// Its certificate ended in January.
pub fn short_lived_rsa() -> PdfSigner {
    international(PrivateKey::generate_rsa().unwrap(), "2026-02-01T00:00:00Z")
}

/// All that go together, with what the verifier calls them.
pub fn combinations() -> [(Container, PdfSigner, ContainerKind, &'static str); 5] {
    [
        (Container::Cms, rsa(), ContainerKind::Cms, "RSA with SHA-256"),
        (Container::Cms, ecdsa(), ContainerKind::Cms, "ECDSA with SHA-256"),
        (Container::Cms, sm2(), ContainerKind::Cms, "SM2 with SM3"),
        (Container::GmSignedData, sm2(), ContainerKind::GmSignedData, "SM2 with SM3"),
        (Container::Ses, sm2(), ContainerKind::Ses, "SM2 with SM3"),
    ]
}

/// The authority of the SM2 certificates, and the others themselves.
pub fn trust() -> Trust {
    Trust { anchors: vec![WORLD.root.clone(), rsa().certificate().clone(), ecdsa().certificate().clone()] }
}

pub fn signed_with(pdf: Vec<u8>, signer: &PdfSigner, profile: &PdfSignatureProfile) -> Vec<u8> {
    sign(pdf, signer, &picture(), &places(), profile, noon()).unwrap()
}

/// Signed at a time at which the signer would be refused.
pub fn forged_at(signer: &PdfSigner, at: Timestamp) -> Vec<u8> {
    let profile = PdfSignatureProfile::default();
    crate::seal::pdf::sign::press(with_table(), signer, &picture(), &places(), &profile, at).unwrap()
}

/// With one text for another of the same length, which is in the file once.
pub fn edited(pdf: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at: Vec<usize> = (0..pdf.len() - from.len()).filter(|at| pdf[*at..].starts_with(from)).collect();
    let [at] = at.as_slice() else { panic!("{:?} stands at {at:?}", String::from_utf8_lossy(from)) };
    let mut edited = pdf.to_vec();
    edited[*at..*at + to.len()].copy_from_slice(to);
    edited
}
