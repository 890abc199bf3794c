//! What libsm does wrong by itself, and that it does not happen here.

use std::sync::LazyLock;

use super::*;

/// One key for all tests, because libsm's table is built at first use.
static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

#[test]
fn sm3_and_its_hmac_agree_with_the_standard() {
    assert_eq!(hex::encode(sm3(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    // Made with `openssl dgst -sm3 -hmac key`.
    assert_eq!(
        hex::encode(hmac_sm3(b"key", b"The quick brown fox jumps over the lazy dog")),
        "bd4a34077888162b210645b8ebf74b9af357303789357a27c7fc457244ebd398"
    );
}

#[test]
fn a_signature_is_valid_for_its_message_and_key_only() {
    let signature = KEY.sign(b"message").unwrap();
    let public = KEY.public_sec1();
    assert_eq!(verify(&public, b"message", &signature), Ok(()));
    assert_eq!(verify(&public, b"other", &signature), Err(Objection::Signature));
    let other = KeyPair::generate().unwrap().public_sec1();
    assert_eq!(verify(&other, b"message", &signature), Err(Objection::Signature));
}

#[test]
fn a_malformed_signature_or_key_is_an_objection_and_not_a_panic() {
    let public = KEY.public_sec1();
    for length in 0..80 {
        assert!(verify(&public, b"message", &vec![0x30; length]).is_err());
        assert!(verify(&vec![4; length], b"message", &KEY.sign(b"message").unwrap()).is_err());
    }
    assert_eq!(verify_raw(&public, b"message", &[0; 64]), Err(Objection::Signature));
    assert_eq!(verify_raw(&public, b"message", &[0xff; 64]), Err(Objection::Signature));
    let mut trailing = KEY.sign(b"message").unwrap();
    trailing.push(0);
    assert_eq!(verify(&public, b"message", &trailing), Err(Objection::SignatureForm));
}

#[test]
fn a_coordinate_outside_the_field_is_refused() {
    let context = SigCtx::new();
    let compressed = |x: u8| [[2].as_slice(), &[0; 31], &[x]].concat();
    let (x, point) = (1..=255).find_map(|x| Some((x, context.load_pubkey(&compressed(x)).ok()?))).unwrap();
    let mut sec1 = context.serialize_pubkey(&point, false).unwrap();
    assert!(load_public(&sec1).is_ok());
    // The same point with x + p for x, which still fits 32 bytes.
    sec1[1..33].copy_from_slice(&FIELD_PRIME);
    sec1[21..33].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, x - 1]);
    assert!(context.load_pubkey(&sec1).is_ok(), "libsm has learned to refuse this by itself");
    assert_eq!(load_public(&sec1).err(), Some(Objection::PublicKey));
}

#[test]
fn a_private_key_outside_the_range_is_refused() {
    assert!(KeyPair::from_private_bytes(&[0; 32]).is_err());
    assert!(KeyPair::from_private_bytes(&ORDER_LESS_ONE).is_err());
    let mut largest = ORDER_LESS_ONE;
    largest[31] -= 1;
    let largest = KeyPair::from_private_bytes(&largest).unwrap();
    assert_eq!(verify(&largest.public_sec1(), b"m", &largest.sign(b"m").unwrap()), Ok(()));
}

#[test]
fn ciphertexts_come_back_in_both_orders() {
    for length in [1, 15, 16, 31, 32, 33, 1000] {
        let message = vec![0x5a; length];
        let new = encrypt(&KEY.public_sec1(), &message).unwrap();
        assert_eq!(KEY.decrypt_c1c3c2(&new).as_deref(), Ok(message.as_slice()));
        let old = encrypt_c1c2c3(&KEY.public_sec1(), &message).unwrap();
        assert_eq!(KEY.decrypt_c1c2c3(&old).as_deref(), Ok(message.as_slice()));
        assert_eq!(new.len(), 97 + length);
    }
}

#[test]
fn every_truncation_and_every_flipped_byte_of_a_ciphertext_is_refused_alike() {
    let good = encrypt(&KEY.public_sec1(), b"sixteen  bytes..").unwrap();
    for length in 0..good.len() {
        assert_eq!(KEY.decrypt_c1c3c2(&good[..length]), Err(Objection::Ciphertext));
        assert_eq!(KEY.decrypt_c1c2c3(&good[..length]), Err(Objection::Ciphertext));
        let mut bad = good.clone();
        bad[length] ^= 1;
        assert_eq!(KEY.decrypt_c1c3c2(&bad), Err(Objection::Ciphertext));
    }
    assert_eq!(encrypt(&KEY.public_sec1(), b""), Err(Objection::EmptyPlaintext));
}

#[test]
fn sm4_comes_back_for_every_length() {
    let (key, iv) = ([7; 16], [9; 16]);
    for length in 0..50 {
        let plain = vec![0xa5; length];
        assert_eq!(sm4_ecb_decrypt(&key, &sm4_ecb_encrypt(&key, &plain).unwrap()).as_ref(), Ok(&plain));
        assert_eq!(
            sm4_cbc_decrypt(&key, &iv, &sm4_cbc_encrypt(&key, &iv, &plain).unwrap()).as_ref(),
            Ok(&plain)
        );
    }
}

#[test]
fn a_padding_of_which_only_the_last_byte_is_right_is_refused() {
    let key = [7; 16];
    let mut block = [0x99; 16];
    block[15] = 3;
    let padded = sm4_ecb_encrypt(&key, &block).unwrap();
    assert_eq!(sm4_ecb_decrypt(&key, &padded[..16]), Err(Objection::Ciphertext));
    assert_eq!(sm4_cbc_decrypt(&key, &[0; 16], &padded[..16]), Err(Objection::Ciphertext));
    for length in [0, 1, 15, 17] {
        assert_eq!(sm4_ecb_decrypt(&key, &vec![0; length]), Err(Objection::Ciphertext));
        assert_eq!(sm4_cbc_decrypt(&key, &[0; 16], &vec![0; length]), Err(Objection::Ciphertext));
    }
}

#[test]
fn a_key_pair_prints_none_of_its_digits() {
    assert_eq!(format!("{:?}", *KEY), "KeyPair(..)");
}
