//! What a sealed value withstands.

use super::*;
use crate::crypto::second_opinion;

const PLACE: Context<'static> = Context { table: "application_key", row: "17", column: "key" };

fn keyring() -> Keyring {
    Keyring::from_master(&[0x5a; 32])
}

#[test]
fn a_value_comes_back_where_it_was_sealed() {
    for length in [0, 1, 15, 16, 17, 1024, 100_000] {
        let value = vec![0x77; length];
        let sealed = keyring().seal(&PLACE, &value);
        assert_eq!(sealed.len(), length + 53);
        assert_eq!(*keyring().open(&PLACE, &sealed).unwrap(), value);
    }
}

#[test]
fn the_same_value_is_sealed_differently_each_time_and_never_shows() {
    let value = b"6222 0202 0000 1234 567";
    let (one, other) = (keyring().seal(&PLACE, value), keyring().seal(&PLACE, value));
    assert_ne!(one, other);
    assert!(!one.windows(value.len()).any(|window| window == value));
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let sealed = keyring().seal(&PLACE, b"value");
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert_eq!(keyring().open(&PLACE, &changed).err(), Some(CipherError::Ciphertext), "{index}");
        assert_eq!(keyring().open(&PLACE, &sealed[..index]).err(), Some(CipherError::Ciphertext), "{index}");
    }
    assert!(keyring().open(&PLACE, &[sealed.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn a_value_that_was_moved_is_refused() {
    let sealed = keyring().seal(&PLACE, b"value");
    for place in [
        Context { table: "guarantee", ..PLACE },
        Context { row: "18", ..PLACE },
        Context { column: "iv", ..PLACE },
        Context { table: "application_key1", row: "7", column: "key" },
        Context { table: "application_ke", row: "y17", column: "key" },
        Context { table: "", row: "", column: "application_key17key" },
    ] {
        assert_eq!(keyring().open(&place, &sealed).err(), Some(CipherError::Ciphertext), "{place:?}");
    }
}

#[test]
fn another_master_key_opens_nothing_and_a_former_one_still_does() {
    let sealed = keyring().seal(&PLACE, b"value");
    let new = Keyring::from_master(&[0xa5; 32]);
    assert_eq!(new.open(&PLACE, &sealed).err(), Some(CipherError::Ciphertext));
    let rotated = new.with_former(&[0x5a; 32]);
    assert_eq!(rotated.open(&PLACE, &sealed).unwrap().as_slice(), b"value");
    assert_ne!(rotated.key_id(), keyring().key_id());
    assert_eq!(rotated.seal(&PLACE, b"")[1..5], rotated.key_id());
}

#[test]
fn a_mark_is_the_same_for_the_same_texts_and_purpose_and_keyring_only() {
    let mark = keyring().mark("links", &["ab", "c"]);
    assert_eq!(mark, keyring().mark("links", &["ab", "c"]));
    let others = [
        keyring().mark("links", &["a", "bc"]),
        keyring().mark("links", &["abc"]),
        keyring().mark("links", &["ab", "c", ""]),
        keyring().mark("link", &["sab", "c"]),
        keyring().mark("names", &["ab", "c"]),
        Keyring::from_master(&[0xa5; 32]).mark("links", &["ab", "c"]),
        Keyring::from_master(&[0xa5; 32]).with_former(&[0x5a; 32]).mark("links", &["ab", "c"]),
    ];
    assert!(others.iter().all(|other| *other != mark));
}

#[test]
fn a_mark_is_hmac_sm3_under_a_key_of_its_own() {
    let measured = |text: &str| [&u64::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
    let key = second_opinion::hmac_sm3(&[0x5a; 32], b"baohan keyring 1: marking");
    let text = [measured("links"), measured("ab"), measured("c")].concat();
    assert_eq!(keyring().mark("links", &["ab", "c"]), second_opinion::hmac_sm3(&key, &text));
}

#[test]
fn a_link_is_hmac_sm3_under_a_key_of_its_own_and_former_keys_still_make_theirs() {
    let key = second_opinion::hmac_sm3(&[0x5a; 32], b"baohan keyring 1: auditing");
    let expected = second_opinion::hmac_sm3(&key, b"entry");
    let old = keyring().key_id();
    assert_eq!(keyring().link(old, b"entry"), Some(expected));
    let rotated = Keyring::from_master(&[0xa5; 32]).with_former(&[0x5a; 32]);
    assert_eq!(rotated.link(old, b"entry"), Some(expected));
    assert_ne!(rotated.link(rotated.key_id(), b"entry"), Some(expected));
    assert_eq!(Keyring::from_master(&[0xa5; 32]).link(old, b"entry"), None);
}

#[test]
fn random_bytes_are_refused_and_do_not_panic() {
    let mut random = rand::rng();
    for _ in 0..2000 {
        let mut bytes = vec![0; usize::try_from(random.next_u32() % 100).unwrap()];
        random.fill_bytes(&mut bytes);
        assert!(keyring().open(&PLACE, &bytes).is_err());
    }
}

#[test]
fn what_was_sealed_by_the_first_release_is_opened_for_ever() {
    let sealed = hex::decode(include_str!("version_1.hex").trim()).unwrap();
    assert_eq!(keyring().open(&PLACE, &sealed).unwrap().as_slice(), "一标段".as_bytes());
}

#[test]
fn a_master_key_file_is_made_once_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    Keyring::generate_file(&path).unwrap();
    let sealed = Keyring::from_file(&path).unwrap().seal(&PLACE, b"value");
    assert_eq!(Keyring::from_file(&path).unwrap().open(&PLACE, &sealed).unwrap().as_slice(), b"value");
    let complaint = Keyring::generate_file(&path).unwrap_err();
    assert!(format!("{complaint:#}").contains("must not exist yet"), "{complaint:#}");
}

#[test]
fn a_replaced_master_key_keeps_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let (new, old) = ("a5".repeat(32), "5a".repeat(32));
    private_file::write_new(&path, format!("# heading\n{new}\n{old}\n").as_bytes()).unwrap();
    let rotated = Keyring::from_file(&path).unwrap();
    assert_eq!(rotated.open(&PLACE, &keyring().seal(&PLACE, b"value")).unwrap().as_slice(), b"value");
    assert_eq!(rotated.key_id(), Keyring::from_master(&[0xa5; 32]).key_id());
}

#[test]
fn a_file_that_holds_something_else_is_refused_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    for (index, (content, expected)) in [
        ("", "found none"),
        ("# only a comment\n", "found none"),
        ("\nsecret", "line 1"),
        ("5a5a", "found 4 characters"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(index.to_string());
        private_file::write_new(&path, content.as_bytes()).unwrap();
        let complaint = format!("{:#}", Keyring::from_file(&path).unwrap_err());
        assert!(complaint.contains(expected), "{complaint}");
        assert!(!complaint.contains("secret"), "{complaint}");
    }
}

#[test]
fn a_keyring_prints_its_id_only() {
    let printed = format!("{:?}", keyring());
    assert_eq!(printed, format!("Keyring({}, ..)", hex::encode(keyring().key_id())));
}
