//! The master key, at the top of the hierarchy: what is derived of it, and the files in which people keep it, whole or in
//! two halves.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use rand::Rng;
use zeroize::Zeroizing;

use super::cipher::{Cipher, KeyId, MATERIAL};
use crate::crypto::{private_file, sm3};

/// The first line of a master-key file, by which it is told from other keys.
pub const FILE_HEADING: &str = "# baohan master key";

/// The first line of a file with half of a master key.
pub const HALF_HEADING: &str = "# baohan half of a master key";

/// The bytes of a master key. They are wiped when they are dropped, and nothing prints them.
pub type MasterBytes = Zeroizing<[u8; 32]>;

/// What comes from a master key. The key itself is not kept.
pub(super) struct Master {
    pub id: KeyId,
    /// Sealed everything before there were data keys; still seals what is looked at without a database.
    pub cipher: Cipher,
    /// Wraps key-encryption keys.
    pub wrapping: Cipher,
    /// Seals secrets in settings files.
    pub settings: Cipher,
    pub marking: sm3::Hmac,
    pub auditing: sm3::Hmac,
    /// What a database takes over as its first data keys.
    pub imports: Imports,
}

/// The keys that were derived of the master key before there were data keys.
pub(super) struct Imports {
    pub sealing: Zeroizing<[u8; MATERIAL]>,
    pub marking: Zeroizing<[u8; 32]>,
    pub auditing: Zeroizing<[u8; 32]>,
}

impl Master {
    pub fn derive(master: &[u8; 32]) -> Self {
        let derived = |label: &str| Zeroizing::new(sm3::hmac(master, label.as_bytes()));
        let first = |label: &str| derived(&format!("baohan keyring 1: {label}"));
        let second = |label: &str| derived(&format!("baohan keyring 2: {label}"));
        let [a, b, c, d, ..] = *first("key id");
        let id = [a, b, c, d];
        let sealing = joined(&first("encryption"), &first("authentication"));
        let wrapping = joined(&second("wrapping encryption"), &second("wrapping authentication"));
        let settings = joined(&second("settings encryption"), &second("settings authentication"));
        let imports = Imports { sealing, marking: first("marking"), auditing: first("auditing") };
        Self {
            id,
            cipher: Cipher::new(id, &imports.sealing),
            wrapping: Cipher::new(id, &wrapping),
            settings: Cipher::new(id, &settings),
            marking: sm3::Hmac::new(imports.marking.as_slice()),
            auditing: sm3::Hmac::new(imports.auditing.as_slice()),
            imports,
        }
    }
}

/// The first half of one key and all of the other.
fn joined(encryption: &[u8; 32], authentication: &[u8; 32]) -> Zeroizing<[u8; MATERIAL]> {
    let mut material = Zeroizing::new([0; MATERIAL]);
    let bytes = encryption.iter().take(16).chain(authentication);
    material.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    material
}

/// The id of a master key in hexadecimal, as people compare it.
pub fn master_id(master: &[u8; 32]) -> String {
    let digest = Zeroizing::new(sm3::hmac(master, b"baohan keyring 1: key id"));
    hex::encode(digest.get(..4).unwrap_or_default())
}

pub fn generate_master() -> MasterBytes {
    let mut master = Zeroizing::new([0_u8; 32]);
    rand::rng().fill_bytes(master.as_mut_slice());
    master
}

/// Writes a master key to a new file of mode 0600.
///
/// # Errors
/// When the file exists: what was sealed under an overwritten key is lost.
pub fn write_master(path: &Path, master: &MasterBytes) -> anyhow::Result<()> {
    let text = Zeroizing::new(format!(
        "{FILE_HEADING}: whoever has it can read everything the gateway stores, and without it nobody can.\n\
         # The first line of 64 hex digits wraps and seals; further ones only open. See deploy/KEYS.md.\n{}\n",
        Zeroizing::new(hex::encode(master.as_slice())).as_str()
    ));
    private_file::write_new(path, text.as_bytes())
}

/// Reads master keys out of a text: the one that seals, then any former ones, each 64 hex digits on a line of its own.
/// `place` is what errors call the text.
///
/// # Errors
/// When the text holds something else, which is not shown.
pub fn parse_masters(text: &[u8], place: &str) -> anyhow::Result<Vec<MasterBytes>> {
    let text = std::str::from_utf8(text).ok().with_context(|| format!("`{place}`: expected text"))?;
    let mut masters = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')) {
        let mut master = Zeroizing::new([0; 32]);
        if hex::decode_to_slice(line.trim_ascii(), master.as_mut_slice()).is_err() {
            let found = line.trim_ascii().len();
            bail!(
                "`{place}`, line {number}: expected a master key of 64 hex digits, found {found} characters"
            );
        }
        masters.push(master);
    }
    ensure!(!masters.is_empty(), "`{place}`: expected a master key of 64 hex digits, found none");
    Ok(masters)
}

/// Writes two new files, neither of which says anything about the master key without the other; yields the key's id.
///
/// ```text
/// half 1 = random      half 2 = half 1 XOR master key
/// check  = the first 4 bytes of HMAC-SM3(half, "baohan half 1: check") in hexadecimal, against slips of the pen
/// pair   = the id of the master key, by which halves find each other
/// ```
///
/// # Errors
/// When one of the files exists or can't be written.
pub fn write_halves(paths: [&Path; 2], master: &MasterBytes) -> anyhow::Result<()> {
    let [first, second] = paths;
    ensure!(first != second, "expected two files, found `{}` twice", first.display());
    for path in paths {
        ensure!(!path.exists(), "cannot create `{}`, which must not exist yet", path.display());
    }
    let one = generate_master();
    let other = exclusive_or(&one, master);
    for (number, (path, half)) in (1..).zip([(first, one), (second, other)]) {
        let text = Zeroizing::new(format!(
            "{HALF_HEADING}: {number} of 2. It is of no use without the other, and nothing can be read without it.\n\
             # Whoever keeps this file keeps it from whoever keeps the other one.\n\
             half = {}\ncheck = {}\npair = {}\n",
            Zeroizing::new(hex::encode(half.as_slice())).as_str(),
            check_of(&half),
            master_id(master),
        ));
        private_file::write_new(path, text.as_bytes())?;
    }
    Ok(())
}

/// Puts two halves together.
///
/// # Errors
/// When a file is no half, was miswritten, or the two are not halves of one key.
pub fn read_halves(paths: [&Path; 2]) -> anyhow::Result<MasterBytes> {
    let [first, second] = paths;
    let (one, other) = (Half::read(first)?, Half::read(second)?);
    let (first, second) = (first.display(), second.display());
    if one.pair != other.pair {
        bail!(
            "`{first}` and `{second}` are not halves of one master key: the first belongs to {}, the second to {}",
            one.pair,
            other.pair
        );
    }
    if *one.bytes == *other.bytes {
        bail!("`{first}` and `{second}` are the same half of the master key {}; expected both", one.pair);
    }
    let master = exclusive_or(&one.bytes, &other.bytes);
    let found = master_id(&master);
    if found != one.pair {
        bail!("`{first}` and `{second}` make the master key {found}, expected {}", one.pair);
    }
    Ok(master)
}

struct Half {
    bytes: MasterBytes,
    pair: String,
}

impl Half {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let content = private_file::read(path).context("half of the master key")?;
        let text = std::str::from_utf8(&content).ok().with_context(|| format!("`{shown}`: expected text"))?;
        let value = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            let found = lines.find(|(key, _)| key.trim_ascii() == name).map(|(_, value)| value.trim_ascii());
            found.with_context(|| {
                format!("`{shown}`: expected a line `{name} = …` of half a master key, found none")
            })
        };
        let mut bytes = Zeroizing::new([0; 32]);
        let digits = value("half")?;
        if hex::decode_to_slice(digits, bytes.as_mut_slice()).is_err() {
            bail!(
                "`{shown}`: expected `half` to be 64 hex digits, found {} characters",
                digits.chars().count()
            );
        }
        let (expected, found) = (value("check")?, check_of(&bytes));
        if expected != found {
            bail!("`{shown}`: the half was miswritten: its check value is {found}, expected {expected}");
        }
        Ok(Self { bytes, pair: value("pair")?.to_owned() })
    }
}

fn check_of(half: &MasterBytes) -> String {
    let digest = Zeroizing::new(sm3::hmac(half.as_slice(), b"baohan half 1: check"));
    hex::encode(digest.get(..4).unwrap_or_default())
}

fn exclusive_or(one: &MasterBytes, other: &MasterBytes) -> MasterBytes {
    let mut both = one.clone();
    both.iter_mut().zip(other.iter()).for_each(|(to, with)| *to ^= with);
    both
}
