//! Field ciphertext under each option, and keys that do not fit.

use super::*;

const TEXT: &str = "某市道路改造工程施工一标段";
const ECB: &str = "VM6qyRqwiCfdMA2R21lKaap6Qtv1e7THddUcstWwuPfEe9twZnBBhYPDEUQhofOC";
const CBC: &str = "V1GOVgTa55BOSQ3PEyUCrUwU93/5wLQEcPT5OT4/kj4D6nWXZt3JqMG+KZ/sFelw";
const KEY: &str = "00112233445566778899aabbccddeeff";
const IV: &str = "0f0e0d0c0b0a09080706050403020100";

fn cipher(options: &str) -> FieldCipher {
    let key = encoding::KeyForm::Hex.read_sm4_key("ffeeddccbbaa99887766554433221100").unwrap();
    let iv = sm4::Iv::from_bytes(hex::decode(IV).unwrap().try_into().unwrap());
    let agreed = Agreed { key: Some(key), iv: Some(iv), private_key: Some(Arc::new(private_key())) };
    FieldCipher::new(&toml::from_str(options).unwrap(), agreed).ok().unwrap()
}

fn private_key() -> sm2::PrivateKey {
    sm2::PrivateKey::from_bytes(&[0x5a; 32]).unwrap()
}

fn open(options: &str, iv: &str, text: &str) -> Result<String, WrongKey> {
    let cipher = cipher(options);
    cipher.decrypt(&cipher.read_key(KEY, iv).unwrap(), text, 100)
}

#[test]
fn the_vectors_are_opened() {
    assert_eq!(open("", "", ECB).as_deref(), Ok(TEXT));
    assert_eq!(open("mode = 'cbc'\niv = 'message'", IV, CBC).as_deref(), Ok(TEXT));
    assert_eq!(open("mode = 'cbc'\niv = 'agreed'", "", CBC).as_deref(), Ok(TEXT));
    let hex_text = hex::encode(BASE64_STANDARD.decode(ECB).unwrap());
    assert_eq!(open("text = 'hex'", "", &hex_text).as_deref(), Ok(TEXT));
    assert_eq!(open("text = 'auto'", "", &hex_text.to_uppercase()).as_deref(), Ok(TEXT));
    assert_eq!(open("text = 'auto'", "", ECB).as_deref(), Ok(TEXT));
}

#[test]
fn an_iv_may_be_zero_or_stand_before_the_ciphertext() {
    let key = encoding::KeyForm::Hex.read_sm4_key(KEY).unwrap();
    let encrypt = |iv: [u8; 16]| {
        let mode = sm4::Mode::Cbc(sm4::Iv::from_bytes(iv));
        sm4::encrypt(&key, mode, sm4::Padding::Pkcs7, TEXT.as_bytes()).unwrap()
    };
    let zero = BASE64_STANDARD.encode(encrypt([0; 16]));
    assert_eq!(open("mode = 'cbc'\niv = 'zero'", "", &zero).as_deref(), Ok(TEXT));
    let prefixed = BASE64_STANDARD.encode([[7; 16].to_vec(), encrypt([7; 16])].concat());
    assert_eq!(open("mode = 'cbc'\niv = 'prefix'", "", &prefixed).as_deref(), Ok(TEXT));
    assert!(!cipher("mode = 'cbc'\niv = 'prefix'").is_ciphertext(&BASE64_STANDARD.encode([0; 16])));
}

#[test]
fn other_paddings_are_taken_off() {
    let key = encoding::KeyForm::Hex.read_sm4_key(KEY).unwrap();
    let zero = sm4::encrypt(&key, sm4::Mode::Ecb, sm4::Padding::Zero, TEXT.as_bytes()).unwrap();
    assert_eq!(open("padding = 'zero'", "", &BASE64_STANDARD.encode(&zero)).as_deref(), Ok(TEXT));
    let whole = sm4::encrypt(&key, sm4::Mode::Ecb, sm4::Padding::None, b"0123456789abcdef").unwrap();
    assert_eq!(
        open("padding = 'none'", "", &BASE64_STANDARD.encode(&whole)).as_deref(),
        Ok("0123456789abcdef")
    );
}

#[test]
fn a_key_is_read_in_its_agreed_form_only() {
    let base64 = BASE64_STANDARD.encode(hex::decode(KEY).unwrap());
    let text = "0123456789abcdeg";
    for (form, accepted) in [
        ("auto", vec![KEY, base64.as_str(), text]),
        ("hex", vec![KEY]),
        ("base64", vec![base64.as_str()]),
        ("text", vec![text]),
    ] {
        let cipher = cipher(&format!("key_form = '{form}'"));
        for candidate in [KEY, &base64, text, "", "short", "AAAA"] {
            let read = cipher.read_key(candidate, "").is_some();
            assert_eq!(read, accepted.contains(&candidate), "{form} {candidate}");
        }
    }
}

#[test]
fn a_wrapped_key_is_unwrapped_by_the_agreed_one() {
    let cipher = cipher("key_form = 'sm4-wrapped'");
    let agreed = cipher.agreed.key.clone().unwrap();
    let wrapped =
        sm4::encrypt(&agreed, sm4::Mode::Ecb, sm4::Padding::Pkcs7, &hex::decode(KEY).unwrap()).unwrap();
    let key = cipher.read_key(&BASE64_STANDARD.encode(wrapped), "").unwrap();
    assert_eq!(cipher.decrypt(&key, ECB, 100).as_deref(), Ok(TEXT));
}

#[test]
fn a_wrapped_key_that_was_altered_is_a_wrong_key_however_it_was_altered() {
    let wrong = |cipher: &FieldCipher, wrapped: &[u8]| {
        let key = cipher.read_key(&BASE64_STANDARD.encode(wrapped), "").unwrap();
        assert_eq!(cipher.decrypt(&key, ECB, 100), Err(WrongKey), "{wrapped:02x?}");
    };
    let plain = hex::decode(KEY).unwrap();
    let by_sm4 = cipher("key_form = 'sm4-wrapped'");
    let agreed = by_sm4.agreed.key.clone().unwrap();
    let wrap = |plain: &[u8]| sm4::encrypt(&agreed, sm4::Mode::Ecb, sm4::Padding::Pkcs7, plain).unwrap();
    let sound = wrap(&plain);
    for at in [0, 15, 16, 31] {
        let mut altered = sound.clone();
        altered[at] ^= 1;
        wrong(&by_sm4, &altered);
    }
    for length in [1, 15, 16, 17, 31] {
        wrong(&by_sm4, &sound[..length]);
    }
    wrong(&by_sm4, &wrap(&plain[..15]));
    wrong(&by_sm4, &wrap(&[0xff; 32]));
    assert!(by_sm4.read_key("not Base64, and so no key of anybody's", "").is_none());

    let by_sm2 = cipher("key_form = 'sm2-wrapped'");
    let wrap = |plain: &[u8]| private_key().public_key().encrypt(plain, sm2::Layout::default()).unwrap();
    let sound = wrap(&plain);
    // The prefix, the point, which leaves the curve, C3 and C2.
    for at in [0, 1, 64, 65, 96, 97, sound.len() - 1] {
        let mut altered = sound.clone();
        altered[at] ^= 1;
        wrong(&by_sm2, &altered);
    }
    for length in [1, 65, 97, sound.len() - 1] {
        wrong(&by_sm2, &sound[..length]);
    }
    wrong(&by_sm2, &wrap(&plain[..15]));
    wrong(
        &by_sm2,
        &sm2::PrivateKey::generate().public_key().encrypt(&plain, sm2::Layout::default()).unwrap(),
    );
}

#[test]
fn a_key_wrapped_by_sm2_is_unwrapped_whether_it_is_bytes_or_digits() {
    let cipher = cipher("key_form = 'sm2-wrapped'");
    for plain in [hex::decode(KEY).unwrap(), KEY.as_bytes().to_vec()] {
        let wrapped = private_key().public_key().encrypt(&plain, sm2::Layout::default()).unwrap();
        let key = cipher.read_key(&BASE64_STANDARD.encode(wrapped), "").unwrap();
        assert_eq!(cipher.decrypt(&key, ECB, 100).as_deref(), Ok(TEXT));
    }
}

#[test]
fn an_agreed_key_is_the_platforms_setting() {
    assert!(cipher("").agreed().is_none());
    let options: CipherOptions = toml::from_str("key_source = 'agreed'").unwrap();
    assert!(FieldCipher::new(&options, Agreed::default()).is_err());
    assert!(cipher("key_source = 'agreed'").agreed().is_some());
}

#[test]
fn a_key_that_passes_the_padding_but_gives_no_text_is_wrong() {
    let key = |index: u32| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&index.to_be_bytes());
        sm4::Key::from_bytes(bytes)
    };
    let ciphertext = BASE64_STANDARD.decode(ECB).unwrap();
    let passing: Vec<sm4::Key> = (0..20_000)
        .map(key)
        .filter(|key| sm4::decrypt(key, sm4::Mode::Ecb, sm4::Padding::Pkcs7, &ciphertext).is_ok())
        .collect();
    assert!((20..200).contains(&passing.len()), "{} of 20,000 keys passed the padding", passing.len());
    let cipher = cipher("");
    for key in passing {
        assert_eq!(cipher.decrypt(&SectionKey::new(key, None), ECB, 100), Err(WrongKey));
    }
}

#[test]
fn a_plaintext_that_no_field_holds_means_a_wrong_key() {
    let key = encoding::KeyForm::Hex.read_sm4_key(KEY).unwrap();
    for (plain, longest) in
        [(&b""[..], 10), (b"  ", 10), (b"a\0b", 10), (b"a\nb", 10), (b"abcd", 3), (b"ab\xb1\xe4cd", 10)]
    {
        let encrypted = sm4::encrypt(&key, sm4::Mode::Ecb, sm4::Padding::Pkcs7, plain).unwrap();
        let cipher = cipher("");
        let section_key = SectionKey::new(key.clone(), None);
        let opened = cipher.decrypt(&section_key, &BASE64_STANDARD.encode(encrypted), longest);
        assert_eq!(opened, Err(WrongKey), "{plain:?}");
    }
}

#[test]
fn what_is_not_whole_blocks_is_no_ciphertext() {
    let cipher = cipher("");
    assert!(cipher.is_ciphertext(ECB));
    for text in ["", "AAAA", "not base64", &ECB[..ECB.len() - 1], &format!("{ECB} ")] {
        assert!(!cipher.is_ciphertext(text), "{text}");
    }
}

#[test]
fn a_section_key_keeps_its_iv_through_storage() {
    for iv in [None, Some(sm4::Iv::from_bytes([9; 16]))] {
        let key = SectionKey::new(sm4::Key::from_bytes([5; 16]), iv);
        let bytes = key.to_bytes();
        let restored = SectionKey::from_bytes(&bytes).unwrap();
        assert_eq!(restored.to_bytes(), bytes);
        assert_eq!(restored.iv, iv);
        assert_eq!(format!("{restored:?}"), "SectionKey");
    }
    for length in [0, 15, 17, 31, 33] {
        assert!(SectionKey::from_bytes(&vec![0; length]).is_none(), "{length}");
    }
}
