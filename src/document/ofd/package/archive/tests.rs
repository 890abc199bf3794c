//! Archives as attackers and careless programs make them.

mod forgery;

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use self::forgery::{Forged, archive, checksum, entry, with_directory};
use super::{EntryFault, Limits, PackageError};
use crate::document::ofd::package::Package;

fn sample() -> Package {
    let mut package = Package::default();
    package.put("OFD.xml", "<OFD/>".repeat(50));
    package.put("Doc_0/Document.xml", "<Document/>");
    package.put("Doc_0/Res/印章.png", [7; 300]);
    package
}

fn read(bytes: &[u8]) -> Result<Package, PackageError> {
    Package::from_zip(bytes, &Limits::default())
}

fn fault_within(bytes: &[u8], limits: &Limits) -> EntryFault {
    match Package::from_zip(bytes, limits) {
        Err(PackageError::Entry { fault, .. }) => fault,
        other => panic!("expected an entry to be refused, found {other:?}"),
    }
}

fn fault(entries: &[Forged]) -> EntryFault {
    fault_within(&archive(entries), &Limits::default())
}

fn ofd() -> Forged {
    entry("OFD.xml", &b"<OFD/>".repeat(50))
}

#[test]
fn a_package_survives_zipping_and_gives_the_same_bytes_every_time() {
    let package = sample();
    let zipped = package.to_zip().unwrap();
    assert_eq!(zipped, sample().to_zip().unwrap());
    assert_eq!(read(&zipped).unwrap(), package);
    // MS-DOS date 1980-01-01, time 00:00:00, in the first local header.
    assert_eq!(&zipped[10..14], &[0, 0, 0x21, 0]);
}

#[test]
fn archives_of_other_programs_are_read_as_the_zip_crate_reads_them() {
    let stored = Forged { method: 0, ..entry("a.xml", b"stored") };
    let folder = Forged { attributes: 0o040_755 << 16 | 0x10, ..entry("Doc_0/", b"") };
    let java_folder =
        Forged { local_extra: b"\xfe\xca\0\0".to_vec(), ..entry("META-INF/", b"").streamed(true) };
    let unix = Forged {
        attributes: 0o100_644 << 16,
        extra: b"UT\x05\0\x01abcd".to_vec(),
        ..entry("印.xml", b"<a/>")
    };
    let known = Forged { local_size: Some(4), ..unix.clone() };
    let first = archive(&[ofd(), stored.clone(), folder, entry("Doc_0/Document.xml", b"<a/>")]);
    let second =
        archive(&[java_folder, ofd().streamed(true), stored.streamed(false), unix, entry("empty", b"")]);
    for bytes in [first, second, archive(&[known]), archive(&[])] {
        let package = read(&bytes).unwrap();
        let mut theirs = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let mut files = 0;
        for index in 0..theirs.len() {
            let mut entry = theirs.by_index(index).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            if entry.is_file() {
                files += 1;
                assert_eq!(package.file(&entry.name().unwrap()), Some(content.as_slice()));
            }
        }
        assert_eq!(package.files().count(), files);
    }
    // The directory may have an order of its own.
    let bytes = with_directory(&[entry("a", b"one"), entry("b", b"two")], |directory| {
        let second = directory.split_off(47);
        directory.splice(..0, second);
    });
    let names: Vec<_> = read(&bytes).unwrap().files().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["b", "a"]);
}

#[test]
fn names_that_lead_elsewhere_or_look_like_others_are_refused() {
    let long = "a/".repeat(300) + "b";
    let long_part = "a".repeat(256);
    for name in [
        "../OFD.xml",
        "/OFD.xml",
        "/",
        "",
        "Doc_0/../OFD.xml",
        "Doc_0/..",
        "Doc_0\\OFD.xml",
        "C:OFD.xml",
        "file:OFD.xml",
        "a//b",
        "./a",
        "a/.",
        "a\nb",
        "OFD.xml\0.png",
        "OFD.xml.",
        "OFD.xml ",
        "Doc_0 /a",
        " a",
        "a\u{202e}lmx.DFO",
        "OFD\u{200b}.xml",
        "\u{feff}OFD.xml",
        &long,
        &long_part,
    ] {
        assert_eq!(fault(&[entry(name, b"x")]), EntryFault::UnsafePath, "{name:?}");
    }
    let shown = read(&archive(&[entry("a\u{202e}\n\u{1b}[2J", b"x")])).unwrap_err().to_string();
    assert!(!shown.contains(['\u{202e}', '\n', '\u{1b}']), "{shown}");
}

#[test]
fn names_that_are_not_marked_as_utf_8_are_refused() {
    let gbk = b"\xd3\xa1\xd5\xc2.xml".to_vec();
    assert_eq!(fault(&[Forged { name: gbk.clone(), ..ofd() }]), EntryFault::NotUtf8);
    assert_eq!(fault(&[Forged { name: gbk, flags: 1 << 11, ..ofd() }]), EntryFault::NotUtf8);
    assert_eq!(fault(&[Forged { flags: 0, ..entry("印章.xml", b"x") }]), EntryFault::NotUtf8);
}

#[test]
fn two_entries_with_one_name_are_refused() {
    for (one, other) in [
        ("OFD.xml", "OFD.xml"),
        ("OFD.xml", "ofd.XML"),
        // Composed and decomposed, and the wide letters of Chinese keyboards.
        ("caf\u{e9}.xml", "cafe\u{301}.xml"),
        ("CAF\u{c9}.xml", "cafe\u{301}.xml"),
        ("OFD.xml", "ＯＦＤ.xml"),
        ("Doc_0/", "Doc_0/"),
        ("Doc_0/", "doc_0"),
        ("Doc_0", "Doc_0/"),
    ] {
        let content = |name: &str| if name.ends_with('/') { &b""[..] } else { b"x" };
        let entries = [entry(one, content(one)), entry(other, content(other))];
        assert_eq!(fault(&entries), EntryFault::Duplicate, "{one} and {other}");
    }
}

#[test]
fn what_is_both_a_file_and_a_folder_is_refused() {
    let below = entry("Doc_0/Document.xml", b"x");
    assert_eq!(fault(&[entry("Doc_0", b"x"), below.clone()]), EntryFault::FileAsFolder);
    assert_eq!(fault(&[below, entry("doc_0", b"x")]), EntryFault::FileAsFolder);
    for attributes in [0x10, 0o040_755 << 16] {
        assert_eq!(fault(&[Forged { attributes, ..ofd() }]), EntryFault::FileAsFolder);
    }
    let named = Forged { attributes: 0o100_644 << 16, ..entry("Doc_0/", b"") };
    assert_eq!(fault(&[named]), EntryFault::FileAsFolder);
    assert_eq!(fault(&[entry("Doc_0/", b"content")]), EntryFault::FolderWithContent);
    let hidden = Forged { method: 0, behind_packed: b"hidden".to_vec(), ..entry("Doc_0/", b"") };
    assert_eq!(fault(&[hidden]), EntryFault::FolderWithContent);
}

#[test]
fn links_devices_and_encrypted_entries_are_refused() {
    assert_eq!(fault(&[Forged { attributes: 0o120_777 << 16, ..ofd() }]), EntryFault::SymbolicLink);
    for kind in [0o010_000, 0o020_000, 0o060_000, 0o140_000] {
        assert_eq!(fault(&[Forged { attributes: kind << 16, ..ofd() }]), EntryFault::SpecialFile);
    }
    let mut linked = ZipWriter::new(Cursor::new(Vec::new()));
    linked.add_symlink("OFD.xml", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let linked = linked.finish().unwrap().into_inner();
    assert_eq!(fault_within(&linked, &Limits::default()), EntryFault::SymbolicLink);

    for flags in [1, 1 << 6, 1 << 13] {
        assert_eq!(fault(&[Forged { flags, ..ofd() }]), EntryFault::Encrypted);
    }
    for extra in [b"\x01\x99\x07\0\x02\0AE\x03\x08\0".to_vec(), b"\x17\0\x02\0ab".to_vec()] {
        assert_eq!(fault(&[Forged { extra: extra.clone(), ..ofd() }]), EntryFault::Encrypted);
        assert_eq!(fault(&[Forged { local_extra: extra, ..ofd() }]), EntryFault::Encrypted);
    }
    for method in [1, 6, 9, 12, 14, 93, 99] {
        assert_eq!(fault(&[Forged { method, ..ofd() }]), EntryFault::Method, "{method}");
    }
}

#[test]
fn headers_that_disagree_are_refused() {
    let right = checksum(&ofd().content);
    for (what, forged) in [
        ("name", Forged { local_name: Some(b"Evi.xml".to_vec()), ..ofd() }),
        ("length of the name", Forged { local_name: Some(b"OFD.xml2".to_vec()), ..ofd() }),
        ("method", Forged { local_method: Some(0), ..ofd() }),
        ("flags", Forged { local_flags: Some(1 << 11), ..ofd() }),
        ("size", Forged { local_size: Some(299), ..ofd() }),
        ("a descriptor that is not announced", Forged { local_flags: Some(8), ..ofd() }),
        ("a size beside a descriptor", Forged { local_size: Some(7), ..ofd().streamed(true) }),
        ("no descriptor", Forged { descriptor: Some(Vec::new()), ..ofd().streamed(true) }),
        (
            "another descriptor",
            Forged {
                checksum: Some(right ^ 1),
                descriptor: ofd().streamed(true).descriptor,
                flags: 8,
                ..ofd()
            },
        ),
        (
            "a descriptor cut short",
            Forged { descriptor: Some(b"PK\x07\x08".to_vec()), ..ofd().streamed(true) },
        ),
    ] {
        assert_eq!(fault(&[forged.clone(), entry("b", b"b")]), EntryFault::Headers, "{what}");
        assert_eq!(fault(&[forged]), EntryFault::Headers, "{what}, at the end");
    }
    let mut wrong_place = ofd();
    wrong_place.local_extra = b"\xfe\xca\x04\0PK\x03\x04".to_vec();
    wrong_place.offset = Some(41);
    assert!(matches!(read(&archive(&[wrong_place])), Err(PackageError::Hidden { from: 0, to: 41 })));
}

#[test]
fn extra_fields_that_hide_something_are_refused() {
    let unicode_path = |name: &[u8]| {
        let length = u8::try_from(5 + name.len()).unwrap();
        [b"\x75\x70".as_slice(), &[length, 0, 1], &checksum(b"OFD.xml").to_le_bytes(), name].concat()
    };
    for extra in [b"\xfe".to_vec(), b"\xfe\xca\x05\0abcd".to_vec(), unicode_path(b"Evi.xml"), vec![0xca; 600]]
    {
        assert_eq!(fault(&[Forged { extra: extra.clone(), ..ofd() }]), EntryFault::ExtraField);
        assert_eq!(fault(&[Forged { local_extra: extra, ..ofd() }]), EntryFault::ExtraField);
    }
    assert!(read(&archive(&[Forged { extra: unicode_path(b"OFD.xml"), ..ofd() }])).is_ok());
    assert_eq!(fault(&[Forged { comment: b"hidden".to_vec(), ..ofd() }]), EntryFault::Flags);
    assert_eq!(fault(&[Forged { disk: 1, ..ofd() }]), EntryFault::Flags);
    assert_eq!(fault(&[Forged { flags: 1 << 5, ..ofd() }]), EntryFault::Flags);
}

#[test]
fn claims_of_zip64_are_refused() {
    let sizes = [b"\x01\0\x10\0".as_slice(), &300_u64.to_le_bytes(), &20_u64.to_le_bytes()].concat();
    let lie = Forged { size: Some(u32::MAX), packed_size: Some(u32::MAX), extra: sizes.clone(), ..ofd() };
    assert_eq!(fault(&[lie]), EntryFault::Zip64);
    assert_eq!(fault(&[Forged { extra: sizes.clone(), ..ofd() }]), EntryFault::Zip64);
    assert_eq!(fault(&[Forged { local_extra: sizes, ..ofd() }]), EntryFault::Zip64);
    assert_eq!(fault(&[Forged { offset: Some(u32::MAX), ..ofd() }]), EntryFault::Zip64);
    // An end record of ZIP64 between the directory and the end, which some readers prefer.
    let locator = [b"PK\x06\x06".as_slice(), &[0; 52], b"PK\x06\x07", &[0; 16]].concat();
    let bytes = with_directory(&[ofd()], |directory| directory.extend(locator));
    assert!(matches!(read(&bytes), Err(PackageError::Ambiguous)));
    let mut most = archive(&[ofd()]);
    let end = most.len() - 22;
    most[end + 8..end + 12].fill(0xff);
    assert!(matches!(read(&most), Err(PackageError::Ambiguous)));
}

#[test]
fn bytes_that_belong_to_no_entry_are_refused() {
    let bytes = archive(&[ofd(), entry("b", b"b")]);
    let after = [bytes.as_slice(), b"more"].concat();
    let before = [b"MZ".as_slice(), &bytes].concat();
    let twice = [bytes.as_slice(), &bytes].concat();
    for ambiguous in [&after[..], &before, &twice, b"", b"PK", &bytes[..bytes.len() - 1]] {
        assert!(matches!(read(ambiguous), Err(PackageError::Ambiguous)));
    }
    let first = read(&archive(&[Forged { gap: b"hidden".to_vec(), ..ofd() }, entry("b", b"b")]));
    assert!(matches!(first, Err(PackageError::Hidden { from, to }) if to - from == 6), "{first:?}");
    let last = read(&archive(&[ofd(), Forged { gap: b"hidden".to_vec(), ..entry("b", b"b") }]));
    assert!(matches!(last, Err(PackageError::Hidden { .. })), "{last:?}");
    let none = read(&with_directory(&[], |_| {}));
    assert_eq!(none.unwrap().files().count(), 0);
    // An entry that the directory does not name.
    let mut unnamed = with_directory(&[ofd(), entry("b", b"b")], |directory| directory.truncate(53));
    let end = unnamed.len() - 22;
    unnamed[end + 8..end + 12].copy_from_slice(&[1, 0, 1, 0]);
    assert!(matches!(read(&unnamed), Err(PackageError::Hidden { .. })));
    let comment = [&bytes[..bytes.len() - 2], b"\x04\0note"].concat();
    assert!(matches!(read(&comment), Err(PackageError::Ambiguous)));
    let damaged = with_directory(&[ofd()], |directory| directory[0] = 0);
    assert!(matches!(read(&damaged), Err(PackageError::Directory { entry: 1 })));
}

#[test]
fn overlapping_entries_are_refused() {
    // Two names for one entry, as bombs have it whose parts are unpacked again and again.
    let shared =
        |name: &str| Forged { local_name: Some(b"OFD.xml".to_vec()), offset: Some(0), ..entry(name, b"x") };
    assert_eq!(fault(&[entry("OFD.xml", b"x"), shared("OFE.xml")]), EntryFault::Overlap);
    // An entry whose data are another, header and all.
    let inner = entry("b.xml", &[7; 100]);
    let quoted = archive(std::slice::from_ref(&inner));
    let outer = Forged { method: 0, ..entry("a.xml", &quoted[..quoted.len() - 22 - 51]) };
    let inside = Forged { offset: Some(35), ..inner };
    assert_eq!(fault(&[outer, inside]), EntryFault::Overlap);
    // Data that reach into the directory, and past every end.
    for packed_size in [ofd().packed().len() + 1, 4_000, 0xffff_fff0] {
        let packed_size = Some(u32::try_from(packed_size).unwrap());
        assert_eq!(fault(&[Forged { packed_size, ..ofd() }]), EntryFault::Overlap);
    }
    assert_eq!(fault(&[entry("a", b"x"), Forged { offset: Some(900), ..ofd() }]), EntryFault::Overlap);
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_inflated() {
    let zeros = vec![0; 3 << 20];
    let bytes = archive(&[entry("OFD.xml", &zeros)]);
    assert_eq!(fault_within(&bytes, &Limits::default()), EntryFault::Ratio);
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(fault_within(&bytes, &limits), EntryFault::TooLarge);
    let limits = Limits { ratio: u64::MAX, total_bytes: 2 << 20, ..Limits::default() };
    assert!(matches!(Package::from_zip(&bytes, &limits), Err(PackageError::TooLarge { .. })));
    let limits = Limits { entries: 0, ..Limits::default() };
    assert!(matches!(Package::from_zip(&bytes, &limits), Err(PackageError::TooManyEntries { .. })));
    let limits = Limits { archive_bytes: bytes.len() - 1, ..Limits::default() };
    assert!(matches!(Package::from_zip(&bytes, &limits), Err(PackageError::TooLong { .. })));
    // Many files, each too small to be looked at by itself.
    let crumbs: Vec<Forged> = (0..4).map(|number| entry(&format!("{number}"), &zeros[..1_000_000])).collect();
    assert!(matches!(read(&archive(&crumbs)), Err(PackageError::Ratio)));
    // The numbers alone are enough: there is nothing here to unpack.
    let claim = Forged { size: Some(0x0fff_0000), ..entry("OFD.xml", b"") };
    assert_eq!(fault(&[claim]), EntryFault::TooLarge);
}

#[test]
fn an_archive_in_an_archive_stays_closed() {
    let mut bomb = archive(&[entry("zeros", &vec![0; 900_000])]);
    for layer in 0..3 {
        bomb = archive(&[Forged { method: 0, ..entry(&format!("{layer}.zip"), &bomb) }]);
    }
    let package = read(&bomb).unwrap();
    assert_eq!(package.files().count(), 1);
    assert!(package.file("2.zip").unwrap().starts_with(b"PK"));
}

#[test]
fn an_entry_that_lies_about_its_content_is_refused() {
    let content = vec![7; 5_000];
    for size in [4_999_u32, 5_001, 10, 0] {
        let lie = Forged { size: Some(size), ..entry("OFD.xml", &content) };
        assert_eq!(fault(std::slice::from_ref(&lie)), EntryFault::Content, "{size}");
        assert_eq!(fault(&[Forged { method: 0, ..lie }]), EntryFault::Content, "{size} stored");
    }
    let wrong = Forged { checksum: Some(7), ..ofd() };
    assert_eq!(fault(std::slice::from_ref(&wrong)), EntryFault::Content);
    assert_eq!(fault(&[Forged { method: 0, ..wrong }]), EntryFault::Content);
    // Behind the end of the deflated data.
    let hidden = Forged { behind_packed: b"hidden".to_vec(), ..ofd() };
    assert_eq!(fault(&[hidden]), EntryFault::Content);
    let cut = Forged { packed_size: Some(5), gap: Vec::new(), ..ofd() };
    assert!(matches!(read(&archive(&[cut])), Err(PackageError::Hidden { .. })));
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
    assert_eq!(fault_within(&bytes, &Limits::default()), EntryFault::Content);
}

/// Flips each bit and cuts at each byte: never a panic, and what is still read is what the zip crate reads.
#[test]
fn damaged_archives_do_no_harm_and_are_read_alike_or_not_at_all() {
    let bytes = archive(&[
        ofd(),
        Forged { method: 0, ..entry("Doc_0/a", b"stored") },
        entry("b", b"b").streamed(true),
    ]);
    let whole = read(&bytes).unwrap();
    for at in 0..bytes.len() {
        assert!(read(&bytes[..at]).is_err(), "{at}");
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let Ok(package) = read(&damaged) else { continue };
            let mut theirs = ZipArchive::new(Cursor::new(&damaged)).unwrap();
            assert_eq!(theirs.len(), whole.files().count());
            for (name, content) in package.files() {
                let mut found = Vec::new();
                theirs.by_name(name).unwrap().read_to_end(&mut found).unwrap();
                assert_eq!(found, content, "byte {at}, bit {bit}");
            }
        }
    }
}
