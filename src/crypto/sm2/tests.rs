//! SM2 against its standard, `openssl` and libsm, and what malformed input does.

use base64::Engine;
use rand::Rng;

use super::*;
use crate::crypto::{CipherError, openssl, second_opinion};

/// GM/T 0003.5-2012: the key of its examples.
const NUMBER: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const POINT: &str = "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
                     ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
/// The example of encryption: C1 without its prefix, C3, C2.
const C1: &str = "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
                  e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0";
const C3: &str = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766";
const C2: &str = "21886ca989ca9c7d58087307ca93092d651efa";

fn key() -> PrivateKey {
    PrivateKey::from_text(NUMBER).unwrap()
}

fn bytes(parts: &[&str]) -> Vec<u8> {
    hex::decode(parts.concat()).unwrap()
}

fn base64(bytes: &[u8]) -> String {
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

#[test]
fn the_standards_key_pair_and_signature_come_out() {
    assert_eq!(hex::encode(key().public_key().to_sec1()), POINT);
    let signature = bytes(&[
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    ]);
    let signature = Signature::from_bytes(&signature.try_into().unwrap()).unwrap();
    assert_eq!(key().public_key().verify(b"message digest", &signature), Ok(()));
    assert_eq!(key().public_key().verify(b"message digesT", &signature), Err(BadSignature));
    assert_eq!(second_opinion::verify(&bytes(&[POINT]), b"message digest", &signature.to_der()), Ok(()));
}

#[test]
fn the_standards_ciphertext_is_decrypted_in_every_layout() {
    // The x of C1 begins with 04 itself, which must not be taken for the prefix.
    for (layout, ciphertext) in [
        (Layout::default(), bytes(&["04", C1, C3, C2])),
        (Layout { order: Order::C1C2C3, form: Form::Prefixed }, bytes(&["04", C1, C2, C3])),
        (Layout { order: Order::C1C3C2, form: Form::Bare }, bytes(&[C1, C3, C2])),
        (Layout { order: Order::C1C2C3, form: Form::Bare }, bytes(&[C1, C2, C3])),
    ] {
        let (plaintext, found) = key().decrypt(&ciphertext).unwrap();
        assert_eq!(plaintext.as_slice(), b"encryption standard");
        assert_eq!(found, layout);
    }
    let libsm = second_opinion::KeyPair::from_private_bytes(&bytes(&[NUMBER]).try_into().unwrap()).unwrap();
    assert_eq!(libsm.decrypt_c1c3c2(&bytes(&["04", C1, C3, C2])).unwrap(), b"encryption standard");
}

#[test]
fn asn1_is_read_with_missing_and_with_superfluous_zeros() {
    let (x, y) = C1.split_at(64);
    let octets = format!("0420{C3}0413{C2}");
    // DER; x padded with zeros to 34 bytes; y without the zero that makes it positive.
    for coordinates in
        [format!("0220{x}022100{y}"), format!("02220000{x}022100{y}"), format!("0220{x}0220{y}")]
    {
        let length = (coordinates.len() + octets.len()) / 2;
        let (plaintext, layout) =
            key().decrypt(&bytes(&[&format!("30{length:02x}"), &coordinates, &octets])).unwrap();
        assert_eq!(plaintext.as_slice(), b"encryption standard");
        assert_eq!(layout, Layout { order: Order::C1C3C2, form: Form::Asn1 });
    }
}

#[test]
fn a_coordinate_that_begins_with_zeros_comes_back_from_asn1() {
    // One ciphertext in 256 has a coordinate that is a byte shorter, which libraries forget to pad (hutool 3262).
    let layout = Layout { order: Order::C1C3C2, form: Form::Asn1 };
    let short = (0..4000).find_map(|_| {
        let ciphertext = key().public_key().encrypt(b"x", layout).unwrap();
        let x = usize::from(ciphertext[3]);
        let y = usize::from(ciphertext[5 + x]);
        (x < 32 || y < 32).then_some(ciphertext)
    });
    assert_eq!(key().decrypt(&short.unwrap()).unwrap().0.as_slice(), b"x");
}

#[test]
fn every_layout_that_is_written_is_recognised() {
    for layout in Layout::ALL {
        for length in [1, 16, 32, 33, 1000] {
            let plaintext = vec![0x5a; length];
            let ciphertext = key().public_key().encrypt(&plaintext, layout).unwrap();
            let (decrypted, found) = key().decrypt(&ciphertext).unwrap();
            assert_eq!((decrypted.as_slice(), found), (plaintext.as_slice(), layout));
        }
    }
    let refused = key().public_key().encrypt(b"", Layout::default());
    assert!(matches!(refused, Err(CipherError::Plaintext { found: 0, .. })));
}

#[test]
fn libsm_and_openssl_understand_what_is_signed_and_encrypted_here() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        let key = PrivateKey::generate();
        let public = key.public_key();
        let pem = folder.path().join("key.pem");
        std::fs::write(&pem, key.to_pem().as_bytes()).unwrap();
        let signature = key.sign(b"message");
        assert_eq!(second_opinion::verify(&public.to_sec1(), b"message", &signature.to_der()), Ok(()));
        assert_eq!(second_opinion::verify_raw(&public.to_sec1(), b"message", &signature.to_bytes()), Ok(()));
        let file = folder.path().join("signature");
        std::fs::write(&file, signature.to_der()).unwrap();
        let (pem, file) = (pem.to_str().unwrap(), file.to_str().unwrap());
        let id = format!("distid:{USER_ID}");
        let sign = ["dgst", "-sm3", "-sigopt", &id];
        openssl::run(&[sign.as_slice(), &["-prverify", pem, "-signature", file]].concat(), b"message");
        let theirs = openssl::run(&[sign.as_slice(), &["-sign", pem]].concat(), b"message");
        assert_eq!(public.verify(b"message", &Signature::from_der(&theirs).unwrap()), Ok(()));

        let asn1 = Layout { order: Order::C1C3C2, form: Form::Asn1 };
        let ours = public.encrypt(b"0123456789abcdef", asn1).unwrap();
        assert_eq!(openssl::run(&["pkeyutl", "-decrypt", "-inkey", pem], &ours), b"0123456789abcdef");
        let theirs = openssl::run(&["pkeyutl", "-encrypt", "-inkey", pem], b"0123456789abcdef");
        let (plaintext, layout) = key.decrypt(&theirs).unwrap();
        assert_eq!((plaintext.as_slice(), layout), (b"0123456789abcdef".as_slice(), asn1));
    }
}

#[test]
fn what_libsm_signs_and_encrypts_is_understood_here() {
    let theirs = second_opinion::KeyPair::generate().unwrap();
    let public = PublicKey::from_sec1(&theirs.public_sec1()).unwrap();
    let signature = Signature::from_der(&theirs.sign(b"message").unwrap()).unwrap();
    assert_eq!(public.verify(b"message", &signature), Ok(()));
    for length in [1, 16, 97, 1000] {
        let message = vec![3; length];
        let ours = public.encrypt(&message, Layout::default()).unwrap();
        assert_eq!(theirs.decrypt_c1c3c2(&ours).unwrap(), message);
        let old = public.encrypt(&message, Layout { order: Order::C1C2C3, form: Form::Prefixed }).unwrap();
        assert_eq!(theirs.decrypt_c1c2c3(&old).unwrap(), message);
        let received = second_opinion::encrypt(&key().public_key().to_sec1(), &message).unwrap();
        assert_eq!(*key().decrypt(&received).unwrap().0, message);
    }
}

#[test]
fn every_cut_and_every_changed_byte_of_a_ciphertext_is_refused_alike() {
    for layout in Layout::ALL {
        let ciphertext = key().public_key().encrypt(b"key", layout).unwrap();
        for index in (0..ciphertext.len()).step_by(3) {
            let mut changed = ciphertext.clone();
            changed[index] ^= 1;
            assert_eq!(key().decrypt(&changed).err(), Some(CipherError::Ciphertext), "{layout} {index}");
            assert_eq!(
                key().decrypt(&ciphertext[..index]).err(),
                Some(CipherError::Ciphertext),
                "{layout} {index}"
            );
        }
        assert!(key().decrypt(&[ciphertext.as_slice(), &[0]].concat()).is_err());
        assert!(PrivateKey::generate().decrypt(&ciphertext).is_err());
    }
}

#[test]
fn a_ciphertext_of_nothing_is_refused_even_if_its_digest_is_right() {
    // With the nonce 1 the point is the generator and the shared point is the public key itself.
    let one = PrivateKey::from_text(&format!("{}1", "0".repeat(63))).unwrap();
    let digest = crate::crypto::sm3::digest(&key().public_key().to_sec1()[1..]);
    let forged = [one.public_key().to_sec1().as_slice(), &digest].concat();
    assert_eq!(key().decrypt(&forged).err(), Some(CipherError::Ciphertext));
}

#[test]
fn random_bytes_are_refused_everywhere_and_never_panic() {
    let mut random = rand::rng();
    let (key, public) = (key(), key().public_key());
    for round in 0..2000_u32 {
        let mut noise = vec![0; usize::try_from(random.next_u32() % 300).unwrap()];
        random.fill_bytes(&mut noise);
        if let (Some(first), Some(prefix)) =
            (noise.first_mut(), [4, 0x30, 2].get(usize::try_from(round % 4).unwrap()))
        {
            *first = *prefix;
        }
        assert!(key.decrypt(&noise).is_err());
        assert!(Signature::from_der(&noise).is_err());
        assert!(PrivateKey::from_der(&noise).is_err());
        assert!(noise.len() == 33 || noise.len() == 64 || PublicKey::from_bytes(&noise).is_err());
        assert!(second_opinion::verify(&public.to_sec1(), b"m", &noise).is_err());
        let text = String::from_utf8_lossy(&noise);
        assert!(PrivateKey::from_text(&text).is_err() && PublicKey::from_text(&text).is_err());
    }
    assert!(key.decrypt(&vec![4; 1_000_000]).is_err());
}

#[test]
fn a_signature_is_der_and_nothing_else() {
    let signature = key().sign(b"m");
    let der = signature.to_der();
    assert_eq!(Signature::from_der(&der), Ok(signature));
    assert!(Signature::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    for length in 0..der.len() {
        assert!(Signature::from_der(&der[..length]).is_err());
    }
    // A zero in front of r; r as a negative number; r of zero.
    assert!(Signature::from_der(&bytes(&["3007", "02020001", "020101"])).is_err());
    assert!(Signature::from_der(&bytes(&["3006", "0201ff", "020101"])).is_err());
    assert!(Signature::from_der(&bytes(&["3006", "020100", "020101"])).is_err());
    assert!(Signature::from_bytes(&[0; 64]).is_err() && Signature::from_bytes(&[0xff; 64]).is_err());
}

#[test]
fn a_private_key_is_read_in_every_form() {
    let (key, pem) = (key(), key().to_pem());
    let theirs = openssl::run(&["pkey", "-outform", "DER"], pem.as_bytes());
    let sec1 = String::from_utf8(openssl::run(&["ec"], pem.as_bytes())).unwrap();
    let der = openssl::run(&["pkey", "-outform", "DER"], pem.as_bytes());
    for text in [
        pem.to_string(),
        pem.replace('\n', "\r\n"),
        sec1.clone(),
        format!("-----BEGIN EC PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END EC PARAMETERS-----\n{sec1}"),
        NUMBER.to_owned(),
        NUMBER.to_uppercase(),
        format!("00{NUMBER}"),
        base64(&bytes(&[NUMBER])),
        base64(&der),
        hex::encode(theirs),
    ] {
        assert_eq!(
            PrivateKey::from_text(&text).map(|read| read.public_key()),
            Ok(key.public_key()),
            "{text}"
        );
    }
}

#[test]
fn a_private_key_is_read_from_a_file_that_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key.pem");
    crate::crypto::private_file::write_new(&path, key().to_pem().as_bytes()).unwrap();
    assert_eq!(PrivateKey::from_file(&path).unwrap().public_key(), key().public_key());
    let other = folder.path().join("other.pem");
    crate::crypto::private_file::write_new(&other, b"secret").unwrap();
    let complaint = format!("{:#}", PrivateKey::from_file(&other).unwrap_err());
    assert!(complaint.contains("other.pem") && !complaint.contains("secret"), "{complaint}");
}

#[test]
fn a_text_that_is_no_private_key_is_refused_without_being_repeated() {
    let order = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";
    for (text, expected) in [
        (format!("{order}22"), KeyError::PrivateRange),
        (format!("{order}23"), KeyError::PrivateRange),
        ("00".repeat(32), KeyError::PrivateRange),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----".to_owned(),
            KeyError::Encrypted,
        ),
    ] {
        assert_eq!(PrivateKey::from_text(&text).err(), Some(expected));
    }
    for text in ["", "secret", &NUMBER[..62], &key().public_key().to_pem()] {
        let complaint = PrivateKey::from_text(text).unwrap_err().to_string();
        assert!(text.is_empty() || !complaint.contains(text), "{complaint}");
    }
    let other_curve =
        openssl::run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], b"");
    assert!(PrivateKey::from_text(&String::from_utf8(other_curve).unwrap()).is_err());
}

#[test]
fn a_key_whose_first_line_lost_its_hyphens_is_refused_without_being_repeated() {
    let pem = key().to_pem().replacen("KEY-----", "KEY", 1);
    for complaint in [PrivateKey::from_text(&pem).unwrap_err(), PublicKey::from_text(&pem).unwrap_err()] {
        let said = complaint.to_string();
        assert!(said.ends_with("found a PEM block without a label"), "{said}");
    }
}

#[test]
fn a_public_key_is_read_in_every_form() {
    let public = key().public_key();
    let spki = openssl::run(&["pkey", "-pubout", "-outform", "DER"], key().to_pem().as_bytes());
    assert_eq!(public.to_spki_der(), spki);
    let pem = String::from_utf8(openssl::run(&["pkey", "-pubout"], key().to_pem().as_bytes())).unwrap();
    assert_eq!(public.to_pem(), pem);
    let parity = if public.to_sec1()[64].is_multiple_of(2) { "02" } else { "03" };
    let point = public.to_sec1();
    for text in [
        POINT.to_owned(),
        POINT.to_uppercase(),
        POINT[2..].to_owned(),
        format!("{parity}{}", &POINT[2..66]),
        base64(&point),
        base64(&point[1..]),
        base64(&spki),
        hex::encode(&spki),
        pem,
    ] {
        assert_eq!(PublicKey::from_text(&text), Ok(public.clone()), "{text}");
    }
}

#[test]
fn a_point_that_is_not_on_the_curve_is_refused() {
    let mut off = key().public_key().to_sec1();
    off[64] ^= 1;
    assert_eq!(PublicKey::from_sec1(&off), Err(KeyError::OffCurve));
    assert_eq!(PublicKey::from_sec1(&[0]), Err(KeyError::OffCurve));
    assert_eq!(PublicKey::from_bytes(&[0; 64]), Err(KeyError::OffCurve));
    assert!(matches!(PublicKey::from_text("not a key"), Err(KeyError::PublicForm { .. })));
}

#[test]
fn secrets_print_none_of_their_digits() {
    assert_eq!(format!("{:?}", key()), "sm2::PrivateKey(..)");
    assert_eq!(format!("{:?}", second_opinion::KeyPair::generate().unwrap()), "KeyPair(..)");
}

#[test]
fn settings_name_a_layout() {
    let layout: Layout = serde_json::from_str(r#"{"order": "c1c2c3", "form": "asn1"}"#).unwrap();
    assert_eq!(layout, Layout { order: Order::C1C2C3, form: Form::Asn1 });
    assert_eq!(serde_json::from_str::<Layout>("{}").unwrap(), Layout::default());
    assert_eq!(Layout::default().to_string(), "C1C3C2 with 04");
}

#[test]
fn a_refused_key_says_what_was_found_in_its_place() {
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let said = PrivateKey::from_pem(certificate).err().unwrap().to_string();
    assert!(said.contains("found a PEM block `CERTIFICATE`"), "{said}");
    let said = PublicKey::from_text("示例公钥").err().unwrap().to_string();
    assert!(said.contains("found 4 characters of another form"), "{said}");
}

#[test]
fn a_public_key_is_named_by_the_digest_of_its_form_in_certificates() {
    let key = PrivateKey::generate().public_key();
    let theirs = openssl::run(&["pkey", "-pubin", "-outform", "DER"], key.to_pem().as_bytes());
    assert_eq!(key.fingerprint(), crate::crypto::sm3::digest(&theirs));
}
