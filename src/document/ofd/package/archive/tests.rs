//! Archives as attackers and careless programs make them.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{EntryFault, Limits, PackageError};
use crate::document::ofd::package::Package;

fn sample() -> Package {
    let mut package = Package::default();
    package.put("OFD.xml", "<OFD/>".repeat(50));
    package.put("Doc_0/Document.xml", "<Document/>");
    package.put("Doc_0/Res/印章.png", [7; 300]);
    package
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn fault(bytes: &[u8], limits: &Limits) -> EntryFault {
    match Package::from_zip(bytes, limits) {
        Err(PackageError::Entry { fault, .. }) => fault,
        other => panic!("expected an entry to be refused, found {other:?}"),
    }
}

#[test]
fn a_package_survives_zipping_and_gives_the_same_bytes_every_time() {
    let package = sample();
    let zipped = package.to_zip().unwrap();
    assert_eq!(zipped, sample().to_zip().unwrap());
    assert_eq!(Package::from_zip(&zipped, &Limits::default()).unwrap(), package);
    // MS-DOS date 1980-01-01, time 00:00:00, in the first local header.
    assert_eq!(&zipped[10..14], &[0, 0, 0x21, 0]);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for name in
        ["../OFD.xml", "/OFD.xml", "Doc_0/../OFD.xml", "Doc_0\\OFD.xml", "C:OFD.xml", "a//b", "./a", "a\nb"]
    {
        assert_eq!(fault(&zip_of(&[(name, b"x")]), &Limits::default()), EntryFault::UnsafePath, "{name}");
    }
}

#[test]
fn two_entries_with_one_name_are_refused() {
    let mut bytes = zip_of(&[("OFD.xml", b"first"), ("OFX.xml", b"other")]);
    while let Some(at) = bytes.windows(7).position(|window| window == b"OFX.xml") {
        bytes[at..at + 7].copy_from_slice(b"OFD.xml");
    }
    let refusal = Package::from_zip(&bytes, &Limits::default()).unwrap_err();
    assert!(refusal.to_string().contains("duplicate"), "{refusal}");
    let bytes = zip_of(&[("OFD.xml", b"first"), ("ofd.XML", b"other")]);
    assert_eq!(fault(&bytes, &Limits::default()), EntryFault::Duplicate);
}

#[test]
fn a_local_header_that_disagrees_with_the_directory_is_refused() {
    let mut bytes = zip_of(&[("OFD.xml", b"first"), ("Doc.xml", b"other")]);
    let at = bytes.windows(7).position(|window| window == b"Doc.xml").unwrap();
    bytes[at..at + 7].copy_from_slice(b"Evi.xml");
    assert!(matches!(Package::from_zip(&bytes, &Limits::default()), Err(PackageError::Zip(_))));
}

#[test]
fn bytes_before_or_after_the_archive_are_refused() {
    let bytes = sample().to_zip().unwrap();
    let after = [bytes.clone(), b"more".to_vec()].concat();
    let before = [b"MZ".to_vec(), bytes.clone()].concat();
    let two_archives = [bytes.clone(), bytes.clone()].concat();
    for ambiguous in [after, before, two_archives] {
        assert!(matches!(
            Package::from_zip(&ambiguous, &Limits::default()),
            Err(PackageError::Ambiguous | PackageError::Zip(_))
        ));
    }
}

#[test]
fn symbolic_links_folders_with_content_and_encrypted_entries_are_refused() {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.add_symlink("OFD.xml", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let bytes = archive.finish().unwrap().into_inner();
    assert_eq!(fault(&bytes, &Limits::default()), EntryFault::SymbolicLink);

    let mut bytes = zip_of(&[("OFD.xml", b"first")]);
    let local = 6;
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap() + 8;
    bytes[local] |= 1;
    bytes[central] |= 1;
    assert_eq!(fault(&bytes, &Limits::default()), EntryFault::Encrypted);
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_inflated() {
    let zeros = vec![0; 3 << 20];
    let bytes = zip_of(&[("OFD.xml", &zeros)]);
    assert_eq!(fault(&bytes, &Limits::default()), EntryFault::Ratio);
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(fault(&bytes, &limits), EntryFault::TooLarge);
    let limits = Limits { ratio: u64::MAX, total_bytes: 2 << 20, ..Limits::default() };
    assert!(matches!(Package::from_zip(&bytes, &limits), Err(PackageError::TooLarge { .. })));
    let limits = Limits { entries: 0, ..Limits::default() };
    assert!(matches!(Package::from_zip(&bytes, &limits), Err(PackageError::TooManyEntries { .. })));
}

#[test]
fn an_entry_that_lies_about_its_size_is_refused() {
    let content = vec![7; 5_000];
    for declared in [4_999_u32, 5_001, 10] {
        let mut bytes = zip_of(&[("OFD.xml", &content)]);
        let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        for at in [22, central + 24] {
            bytes[at..at + 4].copy_from_slice(&declared.to_le_bytes());
        }
        assert_eq!(fault(&bytes, &Limits::default()), EntryFault::Content, "{declared}");
    }
}

#[test]
fn a_flipped_bit_in_the_content_is_refused() {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("OFD.xml", stored).unwrap();
    archive.write_all(b"content").unwrap();
    let mut bytes = archive.finish().unwrap().into_inner();
    let at = bytes.windows(7).position(|window| window == b"content").unwrap();
    bytes[at] ^= 1;
    assert_eq!(fault(&bytes, &Limits::default()), EntryFault::Content);
}
