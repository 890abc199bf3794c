//! The DER of electronic seals and of signatures made with them (GB/T 38540 and its relatives). What is read stands in
//! the input, and a seal of the current standard is written again as the same seal.

use std::hint::black_box;

use baohan_gateway::seal::ses::{Edition, SesSeal, SesSignature, SignerList, encode};

pub fn run(input: &[u8]) {
    if let Ok(seal) = SesSeal::from_der(input) {
        examine(&seal, input);
    }
    if let Ok(signature) = SesSignature::from_der(input) {
        for part in [signature.to_sign, signature.data_hash, signature.certificate, signature.signature] {
            assert!(is_within(part, input));
        }
        examine(&signature.seal, input);
    }
}

fn examine(seal: &SesSeal<'_>, input: &[u8]) {
    for part in [seal.der, seal.info, seal.picture, seal.certificate, seal.signature] {
        assert!(is_within(part, input));
    }
    if let Some((width, height)) = seal.picture_size_mm {
        assert!(width > 0 && height > 0);
    }
    black_box(seal.signers.contains(seal.certificate, &[0; 32]));
    let (SignerList::Certificates(signers) | SignerList::Digests(signers)) = &seal.signers;
    assert!(signers.iter().all(|signer| is_within(signer, input)));
    if seal.edition != Edition::V4 {
        return;
    }
    let written =
        encode::seal(seal.info, seal.certificate, seal.signature).expect("a seal that cannot be written");
    let again = SesSeal::from_der(&written).expect("a written seal that cannot be read");
    assert_eq!(
        (again.info, again.certificate, again.signature),
        (seal.info, seal.certificate, seal.signature)
    );
    assert_eq!((&again.id, &again.name, again.picture), (&seal.id, &seal.name, seal.picture));
}

/// Signatures run over the received bytes: a part is never a copy.
fn is_within(part: &[u8], whole: &[u8]) -> bool {
    let range = whole.as_ptr_range();
    let part = part.as_ptr_range();
    part.start == part.end || range.start <= part.start && part.end <= range.end
}
