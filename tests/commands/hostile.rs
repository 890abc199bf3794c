//! `baohan verify` and `baohan preview` on files that were made to do harm: refused with a reason, and soon.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::demonstration;
use crate::program::{Ran, baohan};

fn verify(path: &Path) -> Ran {
    let root = demonstration::folder().join("keys/root.cert.pem");
    baohan(&[Path::new("verify"), Path::new("--anchor"), &root, path])
}

/// A delivered letter's files, with these added.
fn letter_with(added: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let [letter, _] = demonstration::letters();
    let mut old = ZipArchive::new(std::fs::File::open(letter).unwrap()).unwrap();
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut content = Vec::new();
        let mut entry = old.by_index(index).unwrap();
        entry.read_to_end(&mut content).unwrap();
        new.start_file(entry.name().unwrap(), SimpleFileOptions::default()).unwrap();
        new.write_all(&content).unwrap();
    }
    for (name, content) in added {
        new.start_file(*name, SimpleFileOptions::default()).unwrap();
        new.write_all(content).unwrap();
    }
    new.finish().unwrap().into_inner()
}

#[test]
fn hostile_archives_are_invalid_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.ofd");
    let sound = letter_with(&[]);
    std::fs::write(&path, &sound).unwrap();
    verify(&path).succeeded();

    let mut hidden = sound.clone();
    hidden.splice(0..0, *b"MZ");
    let cut = sound[..sound.len() - 1].to_vec();
    for (bytes, reason) in [
        (letter_with(&[("zeros", vec![0; 8 << 20])]), "packed more tightly than allowed"),
        (letter_with(&[("../OFD.xml", b"x".to_vec())]), "must be a relative path"),
        (letter_with(&[("ofd.XML", b"x".to_vec())]), "another entry has the same name"),
        (letter_with(&[("Doc_1/Document.xml", b"x".to_vec())]), "not covered: `Doc_1/Document.xml`"),
        (letter_with(&[("evil.xml", b"<!DOCTYPE a><a/>".to_vec())]), "无 DOCTYPE (doctype): `evil.xml`"),
        (hidden, "other readers see another archive"),
        (cut, "other readers see another archive"),
        ([b"%PDF-1.7\n".as_slice(), &b"stream\n".repeat(9_000)].concat(), "at most 8192 streams, found 9000"),
        (Vec::new(), "other readers see another archive"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let refused = verify(&path);
        assert!(
            refused.code == 1 && refused.out.contains("(invalid)") && refused.out.contains(reason),
            "{refused:?}"
        );
    }
}

#[test]
fn what_is_no_file_or_has_no_end_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let giant = folder.path().join("giant.ofd");
    std::fs::File::create(&giant).unwrap().set_len(1 << 40).unwrap();
    for (path, reason) in [
        (giant.as_path(), "at most 67108864 bytes"),
        (Path::new("/dev/zero"), "expected a file"),
        (folder.path(), "expected a file"),
    ] {
        let refused = verify(path);
        assert!(refused.code == 2 && refused.complaint.contains(reason), "{refused:?}");
        let out = folder.path().join("pages");
        let refused = baohan(&[Path::new("preview"), path, Path::new("--out"), &out]);
        assert!(refused.code == 2 && refused.complaint.contains(reason), "{refused:?}");
    }
}
