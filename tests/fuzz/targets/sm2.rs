//! SM2's forms of keys, signatures and ciphertexts, and what two implementations say of the same bytes. The first byte
//! says which form the rest is.

use std::sync::LazyLock;

use baohan_gateway::crypto::second_opinion::{self, KeyPair, Objection};
use baohan_gateway::crypto::sm2::{Form, Layout, Order, PrivateKey, PublicKey, Signature};

use crate::platforms::choice;

const NUMBER: [u8; 32] = [0x11; 32];
const MESSAGE: &[u8] = b"message of the fuzzer";

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::from_bytes(&NUMBER).unwrap());
static SECOND: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::from_private_bytes(&NUMBER).unwrap());

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    match choice(*form, 7) {
        0 => signature_der(bytes),
        1 => signature_raw(bytes),
        2 => public_key(bytes),
        3 => ciphertext(bytes),
        4 => private_key(bytes),
        5 => plaintext(bytes),
        _ => key_text(&String::from_utf8_lossy(bytes)),
    }
}

/// One signature has one DER.
fn signature_der(der: &[u8]) {
    let Ok(signature) = Signature::from_der(der) else { return };
    assert_eq!(signature.to_der(), der);
    let first = KEY.public_key().verify(MESSAGE, &signature).is_ok();
    let second = second_opinion::verify(&SECOND.public_sec1(), MESSAGE, der).is_ok();
    assert_eq!(first, second, "the two implementations disagree");
}

fn signature_raw(bytes: &[u8]) {
    let Some((raw, message)) = bytes.split_first_chunk::<64>() else { return };
    let first = Signature::from_bytes(raw).is_ok_and(|signature| {
        assert_eq!(signature.to_bytes(), *raw);
        KEY.public_key().verify(message, &signature).is_ok()
    });
    let second = second_opinion::verify_raw(&SECOND.public_sec1(), message, raw).is_ok();
    assert_eq!(first, second, "the two implementations disagree");
}

/// Both take the same points of the curve; a compressed point and its long form are the same key.
fn public_key(bytes: &[u8]) {
    let first = PublicKey::from_sec1(bytes);
    if bytes.len() == 65 {
        let said = second_opinion::verify_raw(bytes, MESSAGE, &[1; 64]);
        assert_eq!(first.is_ok(), said != Err(Objection::PublicKey), "the two implementations disagree");
    }
    let Ok(key) = first.or_else(|_| PublicKey::from_bytes(bytes)) else { return };
    assert_eq!(PublicKey::from_sec1(&key.to_sec1()).unwrap(), key);
    assert_eq!(PublicKey::from_bytes(&key.to_spki_der()).unwrap(), key);
    assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
    let said = second_opinion::verify_raw(&key.to_sec1(), MESSAGE, &[1; 64]);
    assert_ne!(said, Err(Objection::PublicKey), "the second implementation does not take the key");
}

/// What one decrypts the other decrypts to the same, in the two layouts that both know.
fn ciphertext(bytes: &[u8]) {
    let first = KEY.decrypt(bytes).ok();
    let by_second = [
        (Order::C1C3C2, SECOND.decrypt_c1c3c2(bytes).ok()),
        (Order::C1C2C3, SECOND.decrypt_c1c2c3(bytes).ok()),
    ];
    for (order, plain) in by_second {
        let layout = Layout { order, form: Form::Prefixed };
        match (&first, plain) {
            (Some((ours, found)), plain) if *found == layout => assert_eq!(plain.as_ref(), Some(&**ours)),
            (None, Some(_)) => panic!("the second implementation decrypts alone"),
            _ => {}
        }
    }
}

/// A number is a key for both or for neither, and what it signs both verify.
fn private_key(bytes: &[u8]) {
    let Some((number, message)) = bytes.split_first_chunk::<32>() else { return };
    let (first, second) = (PrivateKey::from_bytes(number), KeyPair::from_private_bytes(number));
    assert_eq!(first.is_ok(), second.is_ok(), "the two implementations disagree");
    let (Ok(first), Ok(second)) = (first, second) else { return };
    let public = first.public_key();
    assert_eq!(public.to_sec1(), second.public_sec1());
    let ours = first.sign(message);
    assert_eq!(second_opinion::verify(&public.to_sec1(), message, &ours.to_der()), Ok(()));
    let theirs = Signature::from_der(&second.sign(message).unwrap()).expect("the second signs in no DER");
    assert_eq!(public.verify(message, &theirs), Ok(()));
    let pem = first.to_pem();
    assert_eq!(PrivateKey::from_pem(&pem).unwrap().public_key(), public);
    assert_eq!(PrivateKey::from_text(&hex::encode(number)).unwrap().public_key(), public);
}

/// The first byte chooses the layout.
fn plaintext(bytes: &[u8]) {
    let [layout, bytes @ ..] = bytes else { return };
    let public = KEY.public_key();
    let order = [Order::C1C3C2, Order::C1C2C3][choice(*layout, 2)];
    let form = [Form::Prefixed, Form::Bare, Form::Asn1][choice(*layout, 3)];
    let Ok(ciphertext) = public.encrypt(bytes, Layout { order, form }) else {
        assert!(bytes.is_empty());
        return;
    };
    assert_eq!(*KEY.decrypt(&ciphertext).expect("what was encrypted does not decrypt").0, bytes);
    if form == Form::Prefixed {
        let plain = match order {
            Order::C1C3C2 => SECOND.decrypt_c1c3c2(&ciphertext),
            Order::C1C2C3 => SECOND.decrypt_c1c2c3(&ciphertext),
        };
        assert_eq!(plain.unwrap(), bytes);
    }
    let theirs = second_opinion::encrypt(&public.to_sec1(), bytes).unwrap();
    assert_eq!(*KEY.decrypt(&theirs).unwrap().0, bytes);
}

fn key_text(text: &str) {
    if let Ok(key) = PublicKey::from_text(text) {
        assert_eq!(PublicKey::from_text(&key.to_pem()).unwrap(), key);
        assert_eq!(PublicKey::from_text(&hex::encode(key.to_sec1())).unwrap(), key);
    }
}
