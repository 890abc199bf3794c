//! The forms of SM2 keys, and points that are none.

use super::Draw;
use crate::crypto::openssl;
use crate::crypto::second_opinion::{self, KeyPair, Objection};
use crate::crypto::sm2::{PrivateKey, PublicKey};

/// The head of a `SubjectPublicKeyInfo` of SM2 whose point has 33 bytes, and of one with 65.
const SHORT: &str = "3039301306072a8648ce3d020106082a811ccf5501822d032200";
const LONG: &str = "3059301306072a8648ce3d020106082a811ccf5501822d034200";

/// Whether the program takes a point as a public key.
fn program_takes(point: &[u8]) -> bool {
    let head = hex::decode(if point.len() == 33 { SHORT } else { LONG }).unwrap();
    let info = [head.as_slice(), point].concat();
    openssl::try_run(&["pkey", "-pubin", "-inform", "DER", "-noout", "-pubcheck"], &info).is_ok()
}

fn second_takes(point: &[u8]) -> bool {
    second_opinion::verify_raw(point, b"", &[1; 64]) != Err(Objection::PublicKey)
}

#[test]
fn all_three_find_the_same_public_key_and_the_same_short_form_of_it() {
    let mut draw = Draw::new();
    for _ in 0..6 {
        let number: [u8; 32] = draw.array();
        let Ok(key) = PrivateKey::from_bytes(&number) else { continue };
        let public = key.public_key();
        assert_eq!(KeyPair::from_private_bytes(&number).unwrap().public_sec1(), public.to_sec1());
        let info = openssl::run(&["pkey", "-pubout", "-outform", "DER"], key.to_pem().as_bytes());
        assert_eq!(info, public.to_spki_der());
        let short = openssl::run(
            &["ec", "-pubin", "-conv_form", "compressed", "-outform", "DER"],
            public.to_pem().as_bytes(),
        );
        assert_eq!(PublicKey::from_bytes(&short), Ok(public.clone()), "of a `SubjectPublicKeyInfo`");
        assert_eq!(PublicKey::from_sec1(&short[short.len() - 33..]), Ok(public));
    }
}

#[test]
fn a_point_off_the_curve_is_refused_by_all() {
    let mut draw = Draw::new();
    let mut short_taken = 0;
    for _ in 0..10 {
        let mut point = [[4].as_slice(), &draw.bytes(64)].concat();
        point[1] = 0;
        point[33] = 0;
        assert!(PublicKey::from_sec1(&point).is_err(), "{point:02x?}");
        assert!(!second_takes(&point) && !program_takes(&point), "{point:02x?}");
        // Half of all numbers are a coordinate of the curve.
        let mut short = [[2].as_slice(), &draw.bytes(32)].concat();
        short[1] = 0;
        let taken = PublicKey::from_sec1(&short);
        assert_eq!(taken.is_ok(), program_takes(&short), "{short:02x?}");
        if let Ok(taken) = taken {
            assert!(second_takes(&taken.to_sec1()) && program_takes(&taken.to_sec1()));
            short_taken += 1;
        }
    }
    assert!(short_taken < 10, "every number was taken for a coordinate");
    for zero in [[0; 65].as_slice(), &[[4].as_slice(), &[0; 64]].concat()] {
        assert!(PublicKey::from_sec1(zero).is_err() && !second_takes(zero) && !program_takes(zero));
    }
}

/// The one form of a point on which they differ, known and left as it is: nobody writes it.
#[test]
fn the_hybrid_form_of_a_point_is_taken_by_the_program_alone() {
    let mut draw = Draw::new();
    let key = PrivateKey::from_bytes(&draw.array()).unwrap();
    let mut point = key.public_key().to_sec1();
    point[0] = 6 + (point[64] & 1);
    assert!(PublicKey::from_sec1(&point).is_err() && !second_takes(&point));
    assert!(program_takes(&point));
}

#[test]
fn numbers_at_the_edges_of_the_range_are_keys_for_both_or_for_neither() {
    let order = hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123").unwrap();
    for below in 0..5_u8 {
        let mut number: [u8; 32] = order.clone().try_into().unwrap();
        number[31] -= below;
        let taken = PrivateKey::from_bytes(&number).is_ok();
        assert_eq!(taken, KeyPair::from_private_bytes(&number).is_ok(), "the order less {below}");
        assert_eq!(taken, below >= 2, "the order less {below}");
    }
    let mut one = [0; 32];
    assert!(PrivateKey::from_bytes(&one).is_err() && KeyPair::from_private_bytes(&one).is_err());
    one[31] = 1;
    assert!(PrivateKey::from_bytes(&one).is_ok() && KeyPair::from_private_bytes(&one).is_ok());
}
