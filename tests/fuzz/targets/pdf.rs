//! PDF files from anybody: as bytes, or one of the signed files of `material` with bits flipped or with something behind
//! it (the first byte says which). What a signature covers is what was signed, or the file is not valid.

use baohan_gateway::seal::pdf::verify;
use baohan_gateway::seal::verify::SecondOpinion;

use crate::material::{SIGNED, TRUST, noon};
use crate::packages::edited;
use crate::platforms::choice;

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    let base = SIGNED[choice(*form, SIGNED.len() * 3) % SIGNED.len()];
    let pdf = match choice(*form, SIGNED.len() * 3) / SIGNED.len() {
        0 => bytes.to_vec(),
        1 => edited(base, bytes),
        _ => [base, bytes].concat(),
    };
    let report = verify(&pdf, &TRUST, noon());
    for signature in &report.signatures {
        assert_ne!(signature.second_opinion, Some(SecondOpinion::Split), "the two implementations disagree");
    }
    assert!(serde_json::to_string(&report).is_ok());
    if report.is_valid() {
        assert!(SIGNED.iter().any(|signed| begins_as(&pdf, signed)), "a changed file is valid");
    }
}

/// Whether a file begins with a signed one, but for the digits of the signature itself, which no signature covers.
fn begins_as(pdf: &[u8], signed: &[u8]) -> bool {
    let Some(pdf) = pdf.get(..signed.len()) else { return false };
    let gap = gap(signed);
    pdf[..gap.start] == signed[..gap.start] && pdf[gap.end..] == signed[gap.end..]
}

/// Where the digits of the signature stand, with their angle brackets.
fn gap(signed: &[u8]) -> std::ops::Range<usize> {
    let marker = b"/Contents <";
    let at = signed.windows(marker.len()).rposition(|window| window == marker).unwrap() + marker.len() - 1;
    let length = signed[at..].iter().position(|byte| *byte == b'>').unwrap();
    at..at + length + 1
}
