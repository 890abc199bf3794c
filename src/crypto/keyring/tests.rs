//! What a sealed value withstands, and how keys hang together.

use rand::Rng as _;

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

fn halves() -> (tempfile::TempDir, [std::path::PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["one.half", "other.half"].map(|name| folder.path().join(name));
    (folder, paths)
}

#[test]
fn two_halves_make_the_key_and_one_says_nothing_of_it() {
    let (folder, [one, other]) = halves();
    let master = Zeroizing::new([0x5a; 32]);
    write_halves([&one, &other], &master).unwrap();
    assert_eq!(*read_halves([&one, &other]).unwrap(), *master);
    assert_eq!(*read_halves([&other, &one]).unwrap(), *master);
    for path in [&one, &other] {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(HALF_HEADING) && !text.contains(&hex::encode(*master)), "{text}");
    }
    // Each half is as good as random: other halves of the same key have nothing in common with these.
    let again = ["a.half", "b.half"].map(|name| folder.path().join(name));
    write_halves([&again[0], &again[1]], &master).unwrap();
    let half = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().find(|line| line.starts_with("half")).unwrap().to_owned()
    };
    assert_ne!(half(&one), half(&again[0]));
    assert_ne!(half(&other), half(&again[1]));
    let mixed = format!("{:#}", read_halves([&one, &again[1]]).unwrap_err());
    assert!(mixed.contains("make the master key") && mixed.contains(&master_id(&master)), "{mixed}");
    assert!(write_halves([&one, &other], &master).is_err(), "nothing is overwritten");
}

#[test]
fn halves_that_do_not_belong_together_are_told_as_such() {
    let (folder, [one, other]) = halves();
    write_halves([&one, &other], &Zeroizing::new([0x5a; 32])).unwrap();
    let strangers = ["x.half", "y.half"].map(|name| folder.path().join(name));
    write_halves([&strangers[0], &strangers[1]], &Zeroizing::new([0xa5; 32])).unwrap();
    let complaint = |paths: [&Path; 2]| format!("{:#}", read_halves(paths).unwrap_err());
    let mismatched = complaint([&one, &strangers[1]]);
    assert!(mismatched.contains("are not halves of one master key"), "{mismatched}");
    assert!(mismatched.contains(&master_id(&[0x5a; 32])) && mismatched.contains(&master_id(&[0xa5; 32])));
    assert!(complaint([&one, &one]).contains("the same half"));

    // A slip of the pen in one digit.
    let text = std::fs::read_to_string(&one).unwrap();
    let (head, digits) = text.split_once("half = ").unwrap();
    let digit = if digits.starts_with('0') { '1' } else { '0' };
    let miswritten = folder.path().join("z.half");
    private_file::write_new(&miswritten, format!("{head}half = {digit}{}", &digits[1..]).as_bytes()).unwrap();
    let slip = complaint([&miswritten, &other]);
    assert!(slip.contains("z.half`: the half was miswritten") && !slip.contains(&digits[1..20]), "{slip}");
    let master = folder.path().join("master.key");
    Keyring::generate_file(&master).unwrap();
    assert!(complaint([&master, &other]).contains("expected a line `half = …`"));
}

#[test]
fn a_sealed_secret_opens_in_its_place_under_its_master_key_only() {
    let bound = keyring().seal_secret(Some("platforms.hainan.wire.appsecret"), "s3cret");
    let open =
        |keyring: &Keyring, key: &str, text: &str| keyring.open_secret(key, text).map(|it| it.to_string());
    assert!(bound.starts_with(SEALED_SECRET) && !bound.contains("s3cret"));
    assert_eq!(open(&keyring(), "platforms.hainan.wire.appsecret", &bound).unwrap(), "s3cret");
    let moved = open(&keyring(), "platforms.jilin.wire.appsecret", &bound).unwrap_err();
    assert!(moved.contains("sealed for another key of the settings"), "{moved}");
    let free = keyring().seal_secret(None, "s3cret");
    assert_eq!(open(&keyring(), "any.where", &free).unwrap(), "s3cret");
    let stranger = Keyring::from_master(&[0xa5; 32]);
    let other = open(&stranger, "any.where", &free).unwrap_err();
    assert!(other.contains(&hex::encode(keyring().master_id())), "{other}");
    assert_eq!(open(&stranger.with_former(&[0x5a; 32]), "any.where", &free).unwrap(), "s3cret");
    assert!(open(&keyring(), "any.where", "sealed:AAAA").is_err());
    assert!(open(&keyring(), "any.where", "sealed:?").unwrap_err().contains("Base64"));
}

/// A key-encryption key and one data key for each purpose, as a database would hold them.
fn stored(keyring: &Keyring) -> (Vec<StoredKek>, Vec<StoredKey>) {
    let (kek, row) = keyring.generate_kek(1, None).unwrap();
    let keys = Purpose::ALL.map(|purpose| {
        let id = [purpose.name().as_bytes()[0]; 4];
        let wrapped = Some(kek.wrap(purpose, id, &generate_material(purpose)));
        StoredKey { id, purpose, kek: 1, wrapped, activates_at: Timestamp::UNIX_EPOCH }
    });
    (vec![row], keys.to_vec())
}

#[test]
fn data_keys_take_the_place_of_the_master_key_which_still_opens_what_it_sealed() {
    let keyring = keyring();
    let before = keyring.seal(&PLACE, b"before");
    let (keks, keys) = stored(&keyring);
    keyring.install(&keks, &keys, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((keyring.key_id(), keyring.linking_id()), ([b's'; 4], [b'a'; 4]));
    let after = keyring.seal(&PLACE, b"after");
    assert_eq!(after[1..5], [b's'; 4]);
    assert_eq!(keyring.open(&PLACE, &before).unwrap().as_slice(), b"before");
    assert_eq!(keyring.open(&PLACE, &after).unwrap().as_slice(), b"after");
    assert!(keyring.without_data_keys().open(&PLACE, &after).is_err());
    assert_ne!(keyring.mark("p", &["x"]), keyring.without_data_keys().mark("p", &["x"]));
    assert!(keyring.has_key([b's'; 4]) && keyring.has_key(keyring.master_id()) && !keyring.has_key([0; 4]));
}

#[test]
fn stored_keys_of_another_master_key_or_row_are_refused_and_nothing_changes() {
    let (keks, keys) = stored(&keyring());
    let now = Timestamp::UNIX_EPOCH;
    let stranger = Keyring::from_master(&[0xa5; 32]);
    let refused = stranger.install(&keks, &keys, now).unwrap_err();
    assert!(matches!(&refused, HierarchyError::OtherMaster { .. }), "{refused}");
    assert!(refused.to_string().contains(&hex::encode(keyring().master_id())), "{refused}");
    assert!(!stranger.has_data_keys());

    let keyring = keyring();
    let mut moved = keys.clone();
    moved[0].id = [9; 4];
    let mut other_purpose = keys.clone();
    other_purpose[1].purpose = Purpose::Auditing;
    let mut renumbered = keks.clone();
    renumbered[0].version = 2;
    let mut cut = keys.clone();
    cut[2].wrapped = Some("00".to_owned());
    for (keks, keys) in [(&keks, &moved), (&keks, &other_purpose), (&renumbered, &keys), (&keks, &cut)] {
        assert!(keyring.install(keks, keys, now).is_err());
    }
    for lacking in 0..3 {
        let mut fewer = keys.clone();
        fewer.remove(lacking);
        assert!(matches!(keyring.install(&keks, &fewer, now), Err(HierarchyError::Missing(_))));
    }
    assert!(!keyring.has_data_keys());
}

#[test]
fn a_key_that_has_come_into_use_stays_in_use_whatever_the_clock_says() {
    let keyring = keyring();
    let (kek, row) = keyring.generate_kek(1, None).unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    let (_, mut keys) = stored(&keyring);
    for key in &mut keys {
        key.wrapped = Some(kek.wrap(key.purpose, key.id, &generate_material(key.purpose)));
    }
    let next = StoredKey {
        id: [9; 4],
        activates_at: at(100),
        wrapped: Some(kek.wrap(Purpose::Sealing, [9; 4], &generate_material(Purpose::Sealing))),
        ..keys[0].clone()
    };
    keys.push(next);
    keyring.install(std::slice::from_ref(&row), &keys, at(50)).unwrap();
    assert_eq!(keyring.key_id(), [b's'; 4]);
    keyring.tick(at(99));
    assert_eq!(keyring.key_id(), [b's'; 4]);
    keyring.tick(at(100));
    assert_eq!(keyring.key_id(), [9; 4]);
    keyring.tick(at(1));
    keyring.install(&[row], &keys, at(1)).unwrap();
    assert_eq!(keyring.key_id(), [9; 4]);
}

#[test]
fn an_id_that_nobody_knows_is_looked_for_once() {
    let keyring = keyring();
    assert!(!keyring.may_be_new(keyring.master_id()));
    assert!(keyring.may_be_new([1; 4]));
    assert!(!keyring.may_be_new([1; 4]));
    let (keks, keys) = stored(&keyring);
    keyring.install(&keks, &keys, Timestamp::UNIX_EPOCH).unwrap();
    assert!(keyring.may_be_new([1; 4]), "after a change it may be there");
    assert!(!keyring.may_be_new([b's'; 4]));
    // Whoever fills a table with nonsense does not have the database asked for each.
    let asked = (0..1000_u32).filter(|number| keyring.may_be_new(number.to_be_bytes())).count();
    assert!(asked < 100, "{asked}");
}
