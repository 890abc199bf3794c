//! SM2: signatures and ciphertexts between each two of the three, and what all refuse.

use der::asn1::{OctetStringRef, UintRef};
use der::{Decode, Sequence};

use super::Draw;
use crate::crypto::openssl;
use crate::crypto::second_opinion::{self, KeyPair};
use crate::crypto::sm2::{Form, Layout, Order, PrivateKey, PublicKey, Signature, USER_ID};

const ASN1: Layout = Layout { order: Order::C1C3C2, form: Form::Asn1 };

/// One key in the hands of all three.
struct Key {
    first: PrivateKey,
    public: PublicKey,
    second: KeyPair,
    /// For the program.
    pem: String,
    public_pem: String,
}

impl Key {
    fn draw(draw: &mut Draw) -> Self {
        loop {
            let number = draw.array();
            // Refuses one number in 2³².
            let Ok(first) = PrivateKey::from_bytes(&number) else { continue };
            let public = first.public_key();
            let pem = draw.file("key.pem", first.to_pem().as_bytes());
            let public_pem = draw.file("public.pem", public.to_pem().as_bytes());
            return Self {
                first,
                public,
                second: KeyPair::from_private_bytes(&number).unwrap(),
                pem,
                public_pem,
            };
        }
    }

    fn program_signs(&self, id: &str, message: &[u8]) -> Vec<u8> {
        let id = format!("distid:{id}");
        openssl::run(&["dgst", "-sm3", "-sigopt", &id, "-sign", &self.pem], message)
    }

    fn program_verifies(&self, draw: &Draw, message: &[u8], signature: &[u8]) -> bool {
        let id = format!("distid:{USER_ID}");
        let file = draw.file("signature", signature);
        let arguments = ["dgst", "-sm3", "-sigopt", &id, "-verify", &self.public_pem, "-signature", &file];
        openssl::try_run(&arguments, message).is_ok()
    }

    fn first_verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.public.verify(message, &signature).is_ok())
    }

    fn second_verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        second_opinion::verify(&self.public.to_sec1(), message, signature).is_ok()
    }
}

#[test]
fn what_one_signs_the_other_two_verify() {
    let mut draw = Draw::new();
    for length in [0, 1, 64, 1_000] {
        let (key, message) = (Key::draw(&mut draw), draw.bytes(length));
        assert_eq!(key.second.public_sec1(), key.public.to_sec1());
        let signatures = [
            key.first.sign(&message).to_der(),
            key.second.sign(&message).unwrap(),
            key.program_signs(USER_ID, &message),
        ];
        for (signer, signature) in signatures.iter().enumerate() {
            assert!(key.first_verifies(&message, signature), "{signer} signed {length} bytes");
            assert!(key.second_verifies(&message, signature), "{signer} signed {length} bytes");
            assert!(key.program_verifies(&draw, &message, signature), "{signer} signed {length} bytes");
        }
        let digest = key.public.signing_digest(&message);
        let over_digest = key.second.sign_digest(&digest).unwrap();
        assert_eq!(key.public.verify_digest(&digest, &Signature::from_der(&over_digest).unwrap()), Ok(()));
        assert!(key.program_verifies(&draw, &message, &key.first.sign_digest(&digest).to_der()));
    }
}

#[test]
fn a_signature_with_another_user_id_is_refused_by_all() {
    let mut draw = Draw::new();
    let key = Key::draw(&mut draw);
    for id in ["", "1234567812345679", "ALICE123@YAHOO.COM"] {
        let signature = key.program_signs(id, b"message");
        assert!(!key.first_verifies(b"message", &signature), "{id}");
        assert!(!key.second_verifies(b"message", &signature), "{id}");
        assert!(!key.program_verifies(&draw, b"message", &signature), "{id}");
    }
}

#[test]
fn a_spoiled_signature_is_refused_by_all() {
    let mut draw = Draw::new();
    let key = Key::draw(&mut draw);
    let sound = key.first.sign(b"message").to_der();
    let raw = key.first.sign(b"message").to_bytes();
    let mut spoiled: Vec<Vec<u8>> = (0..24).map(|_| draw.spoiled(&sound)).collect();
    spoiled.push(Vec::new());
    spoiled.push(sound[..sound.len() - 1].to_vec());
    // The length in two bytes instead of one: BER and not DER.
    spoiled.push([&[0x30, 0x81], &sound[1..]].concat());
    for signature in spoiled {
        assert!(!key.first_verifies(b"message", &signature), "{signature:02x?}");
        assert!(!key.second_verifies(b"message", &signature), "{signature:02x?}");
        assert!(!key.program_verifies(&draw, b"message", &signature), "{signature:02x?}");
    }
    // Of a file that is longer than a signature can be, the program reads the beginning only.
    let longer = [sound.as_slice(), &[0]].concat();
    assert!(!key.first_verifies(b"message", &longer) && !key.second_verifies(b"message", &longer));
    // The two numbers at the edges of their range, next to one that is sound.
    let edges = [
        "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123",
        "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000001",
    ];
    for edge in edges {
        let edge: [u8; 32] = hex::decode(edge).unwrap().try_into().unwrap();
        for part in [0, 32] {
            let mut altered = raw;
            altered[part..part + 32].copy_from_slice(&edge);
            let first =
                Signature::from_bytes(&altered).is_ok_and(|it| key.public.verify(b"message", &it).is_ok());
            let second = second_opinion::verify_raw(&key.public.to_sec1(), b"message", &altered).is_ok();
            assert!(!first && !second, "{altered:02x?}");
        }
    }
}

/// As the program writes a ciphertext.
#[derive(Sequence)]
struct Parts<'a> {
    x: UintRef<'a>,
    y: UintRef<'a>,
    c3: &'a OctetStringRef,
    c2: &'a OctetStringRef,
}

/// `04‖C1‖C3‖C2` and `04‖C1‖C2‖C3` of a ciphertext in ASN.1.
fn in_both_orders(asn1: &[u8]) -> [Vec<u8>; 2] {
    let parts = Parts::from_der(asn1).unwrap();
    let coordinate = |number: UintRef<'_>| {
        let digits = number.as_bytes();
        [vec![0; 32 - digits.len()], digits.to_vec()].concat()
    };
    let point = [vec![4], coordinate(parts.x), coordinate(parts.y)].concat();
    let (c3, c2) = (parts.c3.as_bytes(), parts.c2.as_bytes());
    [[&point, c3, c2].concat(), [&point, c2, c3].concat()]
}

#[test]
fn what_one_encrypts_the_other_two_decrypt_in_every_layout_that_they_know() {
    let mut draw = Draw::new();
    for length in [1, 16, 31, 32, 33, 300] {
        let (key, plain) = (Key::draw(&mut draw), draw.bytes(length));
        let sec1 = key.public.to_sec1();
        let program =
            |arguments: &[&str], input: &[u8]| openssl::run(&[&["pkeyutl"], arguments].concat(), input);
        let by_program = program(&["-encrypt", "-pubin", "-inkey", &key.public_pem], &plain);
        let by_first = key.public.encrypt(&plain, ASN1).unwrap();
        for asn1 in [&by_program, &by_first] {
            assert_eq!(program(&["-decrypt", "-inkey", &key.pem], asn1), plain, "{length} bytes");
            let (decrypted, layout) = key.first.decrypt(asn1).unwrap();
            assert_eq!((&*decrypted, layout), (&plain, ASN1), "{length} bytes");
            let [new, old] = in_both_orders(asn1);
            assert_eq!(key.second.decrypt_c1c3c2(&new).as_ref(), Ok(&plain), "{length} bytes");
            assert_eq!(key.second.decrypt_c1c2c3(&old).as_ref(), Ok(&plain), "{length} bytes");
            assert_eq!(*key.first.decrypt(&new).unwrap().0, plain, "{length} bytes");
            assert_eq!(*key.first.decrypt(&old).unwrap().0, plain, "{length} bytes");
        }
        for (order, theirs) in [
            (Order::C1C3C2, second_opinion::encrypt(&sec1, &plain).unwrap()),
            (Order::C1C2C3, second_opinion::encrypt_c1c2c3(&sec1, &plain).unwrap()),
        ] {
            let (decrypted, layout) = key.first.decrypt(&theirs).unwrap();
            assert_eq!((&*decrypted, layout.order), (&plain, order), "{length} bytes");
        }
    }
}

#[test]
fn a_spoiled_ciphertext_is_refused_by_all() {
    let mut draw = Draw::new();
    let (key, plain) = (Key::draw(&mut draw), draw.bytes(40));
    let sound = key.public.encrypt(&plain, ASN1).unwrap();
    let program = |input: &[u8]| openssl::try_run(&["pkeyutl", "-decrypt", "-inkey", &key.pem], input).ok();
    for _ in 0..16 {
        let spoiled = draw.spoiled(&sound);
        assert_eq!(key.first.decrypt(&spoiled).ok().map(|_| ()), None, "{spoiled:02x?}");
        assert_eq!(program(&spoiled), None, "{spoiled:02x?}");
        let [new, _] = in_both_orders(&sound);
        let spoiled = draw.spoiled(&new);
        assert!(key.first.decrypt(&spoiled).is_err(), "{spoiled:02x?}");
        assert!(key.second.decrypt_c1c3c2(&spoiled).is_err(), "{spoiled:02x?}");
    }
    for cut in [0, 1, 70, sound.len() - 1] {
        assert!(key.first.decrypt(&sound[..cut]).is_err() && program(&sound[..cut]).is_none(), "{cut}");
    }
    // For another key.
    let other = Key::draw(&mut draw);
    let [new, _] = in_both_orders(&sound);
    assert!(other.first.decrypt(&sound).is_err() && other.second.decrypt_c1c3c2(&new).is_err());
    let refused = openssl::try_run(&["pkeyutl", "-decrypt", "-inkey", &other.pem], &sound);
    assert!(refused.is_err());
}
