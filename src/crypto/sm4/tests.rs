//! SM4 against its standard, the wire's vectors, `openssl` and libsm.

use super::*;
use crate::crypto::{openssl, second_opinion};

const KEY: [u8; 16] = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
const IV: Iv = Iv(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100_u128.to_be_bytes());
const PADDINGS: [Padding; 3] = [Padding::Pkcs7, Padding::Zero, Padding::None];

fn key() -> Key {
    Key::from_bytes(KEY)
}

#[test]
fn the_examples_of_gb_t_32907_come_out() {
    // The second example repeats the block a million times, which takes an optimised build.
    let (rounds, expected) = if cfg!(debug_assertions) {
        (1, "681edf34d206965e86b3e94f536e4246")
    } else {
        (1_000_000, "595298c7c6fd271f0402f804c33d3f66")
    };
    let mut block = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes().to_vec();
    let key = Key::from_slice(&block).unwrap();
    for _ in 0..rounds {
        block = encrypt(&key, Mode::Ecb, Padding::None, &block).unwrap();
    }
    assert_eq!(hex::encode(block), expected);
}

#[test]
fn a_field_of_the_wire_is_read() {
    use base64::Engine;
    let decode = |text| base64::prelude::BASE64_STANDARD.decode(text).unwrap();
    let text = "某市道路改造工程施工一标段";
    for (mode, wire) in [
        (Mode::Ecb, "VM6qyRqwiCfdMA2R21lKaap6Qtv1e7THddUcstWwuPfEe9twZnBBhYPDEUQhofOC"),
        (Mode::Cbc(IV), "V1GOVgTa55BOSQ3PEyUCrUwU93/5wLQEcPT5OT4/kj4D6nWXZt3JqMG+KZ/sFelw"),
    ] {
        let plain = decrypt(&key(), mode, Padding::Pkcs7, &decode(wire)).unwrap();
        assert_eq!(plain.as_slice(), text.as_bytes());
        assert_eq!(encrypt(&key(), mode, Padding::Pkcs7, text.as_bytes()).unwrap(), decode(wire));
    }
}

#[test]
fn openssl_and_libsm_encrypt_alike() {
    let (key_text, iv_text) = (hex::encode(KEY), hex::encode(IV.0));
    for length in [0, 1, 15, 16, 17, 48, 70_001] {
        let plain: Vec<u8> = (0..length).map(|index| u8::try_from(index % 253).unwrap()).collect();
        let ecb = encrypt(&key(), Mode::Ecb, Padding::Pkcs7, &plain).unwrap();
        assert_eq!(ecb, openssl::run(&["enc", "-sm4-ecb", "-K", &key_text], &plain));
        assert_eq!(ecb, second_opinion::sm4_ecb_encrypt(&KEY, &plain).unwrap());
        assert_eq!(second_opinion::sm4_ecb_decrypt(&KEY, &ecb).unwrap(), plain);
        let cbc = encrypt(&key(), Mode::Cbc(IV), Padding::Pkcs7, &plain).unwrap();
        assert_eq!(cbc, openssl::run(&["enc", "-sm4-cbc", "-K", &key_text, "-iv", &iv_text], &plain));
        assert_eq!(cbc, second_opinion::sm4_cbc_encrypt(&KEY, &IV.0, &plain).unwrap());
        assert_eq!(second_opinion::sm4_cbc_decrypt(&KEY, &IV.0, &cbc).unwrap(), plain);
        let mut ctr = plain.clone();
        apply_ctr(&key(), &IV, &mut ctr);
        assert_eq!(ctr, openssl::run(&["enc", "-sm4-ctr", "-K", &key_text, "-iv", &iv_text], &plain));
    }
}

#[test]
fn what_was_encrypted_comes_back() {
    for mode in [Mode::Ecb, Mode::Cbc(IV)] {
        for padding in PADDINGS {
            for length in [1, 15, 16, 17, 32, 1000] {
                let plain = vec![0xa5; length];
                match encrypt(&key(), mode, padding, &plain) {
                    Ok(encrypted) => assert_eq!(*decrypt(&key(), mode, padding, &encrypted).unwrap(), plain),
                    Err(_) => assert!(padding == Padding::None && length % 16 != 0),
                }
            }
        }
    }
}

#[test]
fn nothing_becomes_a_block_with_pkcs7_and_is_refused_otherwise() {
    assert_eq!(encrypt(&key(), Mode::Ecb, Padding::Pkcs7, b"").unwrap().len(), 16);
    for padding in [Padding::Zero, Padding::None] {
        assert!(matches!(
            encrypt(&key(), Mode::Ecb, padding, b""),
            Err(CipherError::Plaintext { found: 0, .. })
        ));
    }
}

#[test]
fn no_length_of_ciphertext_panics() {
    for mode in [Mode::Ecb, Mode::Cbc(IV)] {
        for padding in PADDINGS {
            for length in 0..70 {
                let result = decrypt(&key(), mode, padding, &vec![0x5a; length]);
                if length == 0 || length % 16 != 0 {
                    assert_eq!(result.err(), Some(CipherError::Ciphertext));
                }
            }
        }
    }
}

#[test]
fn a_padding_of_which_one_byte_is_wrong_is_refused() {
    for pad in 1..=16_u8 {
        let kept = 16 - usize::from(pad);
        let mut block = [pad; 16];
        block[..kept].fill(0x99);
        let sound = encrypt(&key(), Mode::Ecb, Padding::None, &block).unwrap();
        assert_eq!(decrypt(&key(), Mode::Ecb, Padding::Pkcs7, &sound).unwrap().len(), kept);
        for index in kept..16 {
            let mut broken = block;
            broken[index] ^= 0x80;
            let broken = encrypt(&key(), Mode::Ecb, Padding::None, &broken).unwrap();
            let refused = decrypt(&key(), Mode::Ecb, Padding::Pkcs7, &broken);
            assert_eq!(refused.err(), Some(CipherError::Ciphertext), "{pad} {index}");
        }
    }
    let zero = encrypt(&key(), Mode::Ecb, Padding::None, &[0; 16]).unwrap();
    assert_eq!(decrypt(&key(), Mode::Ecb, Padding::Pkcs7, &zero).err(), Some(CipherError::Ciphertext));
}

#[test]
fn a_key_prints_none_of_its_digits() {
    assert_eq!(format!("{:?}", Key::from_bytes([0xab; 16])), "sm4::Key(..)");
}

#[test]
fn keys_and_vectors_differ_each_time() {
    assert_ne!(Key::generate().expose(), Key::generate().expose());
    assert_ne!(Iv::generate(), Iv::generate());
}

#[test]
fn a_vector_is_the_bytes_that_it_was_made_of() {
    let bytes = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes();
    assert_eq!(Iv::from_bytes(bytes).as_bytes(), &bytes);
}
