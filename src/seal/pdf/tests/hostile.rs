//! Files that were made to do harm, and files that came to harm.

use super::*;

/// A small linear congruential generator: the same "random" bytes on every run.
fn generator() -> impl FnMut() -> usize {
    let mut state = 1_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap()
    }
}

#[test]
fn cut_files_are_invalid_and_do_no_harm() {
    for base in BASES {
        let signed = signed_with(base(), &rsa(), &PdfSignatureProfile::default());
        for length in (0..signed.len()).step_by(509) {
            let report = report(&signed[..length]);
            // A cut behind the end of the file as it was before leaves that.
            assert!(matches!(report.verdict, Verdict::Invalid | Verdict::Unsigned), "{length}: {report}");
        }
    }
}

#[test]
fn damaged_files_do_no_harm() {
    let mut next = generator();
    for base in BASES {
        let small = PdfSignatureProfile { slot_bytes: Some(2_048), ..PdfSignatureProfile::default() };
        let signed = signed_with(base(), &rsa(), &small);
        for _ in 0..300 {
            let mut damaged = signed.clone();
            for _ in 0..=next() % 4 {
                let at = next() % damaged.len();
                damaged[at] = u8::try_from(next() % 256).unwrap();
            }
            drop(report(&damaged));
        }
    }
}

#[test]
fn damaged_containers_do_no_harm() {
    use crate::seal::pdf::signed_data::SignedData;
    let mut next = generator();
    for (container, signer, ..) in combinations() {
        let profile = PdfSignatureProfile { container, ..PdfSignatureProfile::default() };
        let signed = signed_with(with_table(), &signer, &profile);
        let der = oracles::Extract::last(&signed).container;
        for at in 0..der.len() {
            let mut damaged = der.clone();
            damaged[at] = u8::try_from(next() % 256).unwrap();
            for bytes in [damaged.as_slice(), &der[..at]] {
                if let Ok(read) = SignedData::from_der(bytes) {
                    drop(read.check_digest(&[b"x"]));
                    drop(
                        read.signer_certificate()
                            .map(|certificate| read.check_signature(certificate, &[b"x"])),
                    );
                }
            }
        }
    }
}

#[test]
fn hostile_structures_end() {
    let table = String::from_utf8_lossy(&with_table()).into_owned();
    let rooted = |object: &str| {
        format!(
            "%PDF-1.7\n1 0 obj\n{object}\nendobj\nxref\n1 1\n0000000009 00000 n \ntrailer\n<< /Root 1 0 R /Size 2 \
             >>\nstartxref\n{}\n%%EOF",
            9 + 8 + object.len() + 8
        )
    };
    let field = "/FT /Sig /Kids [1 0 R] /V 1 0 R /ByteRange [0 1 2 3] /Contents <30>";
    for text in [
        "%PDF-".to_owned(),
        "%PDF-1.7\n%%EOF".to_owned(),
        format!("%PDF-1.7\n{}startxref\n0\n%%EOF", " ".repeat(40)),
        format!("%PDF-1.7\n{}startxref\n99999999999999999999\n%%EOF", " ".repeat(40)),
        // A table that names itself as the one before.
        table.replace("/Root", "/Prev 9 /Root"),
        table.replace("/Size 9", "/Size 4294967295"),
        table.replace("/Size 9", "/Size -1"),
        table.replace("xref\n0 9", "xref\n4294967290 9"),
        table.replace("/Kids [3 0 R 4 0 R]", "/Kids [2 0 R 2 0 R]"),
        rooted(&"[".repeat(100_000)),
        rooted(&"<</A".repeat(50_000)),
        rooted(&"(".repeat(100_000)),
        rooted(&format!("{}{}", "[".repeat(98), "]".repeat(98))),
        // A form whose only field is the form, the field and the signature.
        rooted(&format!("<< /Type /Catalog /AcroForm 1 0 R /Fields [1 0 R] {field} >>")),
        rooted("<< /Type /Catalog /AcroForm << /Fields 1 0 R >> >>"),
        rooted("1 0 R"),
        table
            .replace("/Type /Catalog", "/Encrypt << >> /Type /Catalog")
            .replace("/Root", "/Encrypt 1 0 R /Root"),
    ] {
        let report = report(text.as_bytes());
        assert!(!report.is_valid(), "{report}");
    }
}

#[test]
fn random_bytes_are_no_pdf() {
    let mut next = generator();
    for length in [0, 1, 5, 100, 10_000] {
        let mut random: Vec<u8> = (0..length).map(|_| u8::try_from(next() % 256).unwrap()).collect();
        assert_eq!(report(&random).failures(), [CheckName::Structure]);
        random.splice(..0, *b"%PDF-1.7\n");
        assert_eq!(report(&random).failures(), [CheckName::Structure]);
    }
}
