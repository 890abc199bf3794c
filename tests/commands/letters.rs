//! `baohan render` and `baohan verify`.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use crate::demonstration;
use crate::program::baohan;

fn verify(arguments: &[&Path]) -> crate::program::Ran {
    baohan(&[&[Path::new("verify")], arguments].concat())
}

#[test]
fn a_sample_is_rendered_to_pictures_and_a_document_that_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (document, pictures) = (path("sample.ofd"), path("pages"));
    let arguments = ["render", "--kind", "merged", "--dpi", "40", "--out"].map(Path::new);
    let said = baohan(&[&arguments[..], &[&document, Path::new("--png"), &pictures]].concat()).succeeded();
    assert!(said.starts_with("4 pages\n"), "{said}");
    for page in 1..=4 {
        let picture = std::fs::read(pictures.join(format!("page-{page}.png"))).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5_000, "page {page}");
    }
    let unsealed = verify(&[&document]);
    assert!(unsealed.code == 1 && unsealed.out.contains("(unsigned)"), "{unsealed:?}");
}

#[test]
fn each_form_is_rendered_from_its_own_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let sample = baohan(&["render", "--form", "advance-payment", "--print-data"]).succeeded();
    let data: serde_json::Value = serde_json::from_str(&sample).unwrap();
    assert_eq!((&data["form"], &data["kind"]), (&"advance-payment".into(), &"plaintext".into()), "{sample}");
    std::fs::write(path("letter.json"), sample.replace("978,000.00", "978,000.05")).unwrap();

    // The data say which form they are of.
    let arguments = [Path::new("render"), Path::new("--data"), &path("letter.json"), Path::new("--out")];
    let said = baohan(&[&arguments[..], &[&path("letter.ofd")]].concat()).succeeded();
    assert!(said.starts_with("2 pages\n"), "{said}");
    let mut package = zip::ZipArchive::new(std::fs::File::open(path("letter.ofd")).unwrap()).unwrap();
    let mut text_of = |name: &str| {
        let mut text = String::new();
        package.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    assert!(text_of("OFD.xml").contains(">预付款保函 DEMO15"));
    let attached = text_of("Doc_0/Attachs/plaintext_letter.xml");
    assert!(attached.contains(r#"form="advance-payment""#) && attached.contains(">978000.05<"), "{attached}");

    for (other, complaint) in [
        (["--form", "bid-bond-insurance"], "form: expected bid-bond-insurance, found advance-payment"),
        (["--kind", "merged"], "`advance-payment` has no ciphertext letter"),
    ] {
        let refused = baohan(&[&arguments[..], &[&path("other.ofd")], &other.map(Path::new)].concat());
        assert!(refused.code == 2 && refused.complaint.contains(complaint), "{refused:?}");
    }
}

#[test]
fn data_that_are_no_letter_are_refused_with_the_file_and_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("letter.json");
    let sample = baohan(&["render", "--kind", "plaintext", "--print-data"]).succeeded();
    std::fs::write(&data, sample.replace("\"court\"", "\"curt\"")).unwrap();
    let arguments = ["render", "--kind", "plaintext", "--data"].map(Path::new);
    let refused = baohan(&[&arguments[..], &[&data]].concat());
    assert_eq!(refused.code, 2);
    assert!(refused.complaint.contains("letter.json`") && refused.complaint.contains("curt"), "{refused:?}");

    std::fs::write(&data, sample.replace("陈示例", "陈🦄")).unwrap();
    let refused = baohan(&[&arguments[..], &[&data]].concat());
    assert_eq!(refused.code, 2);
    assert!(refused.complaint.contains("no font draws `🦄` (U+1F984)"), "{refused:?}");
}

#[test]
fn delivered_letters_are_valid_under_their_root_and_untrusted_without_it() {
    let letters = demonstration::letters();
    let root = demonstration::folder().join("keys/root.cert.pem");
    let json = verify(&[Path::new("--json"), Path::new("--anchor"), &root, &letters[0], &letters[1]]);
    let lines = json.succeeded();
    let reports: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), 2);
    for (report, letter) in reports.iter().zip(&letters) {
        assert_eq!(report["verdict"], "valid", "{report}");
        assert_eq!(report["file"], letter.to_str().unwrap());
    }
    assert!(verify(&[&letters[0]]).succeeded().contains("(untrusted)"));

    let strangers = tempfile::tempdir().unwrap();
    let arguments = ["keys", "generate", "demo", "--institution", "另一家"].map(Path::new);
    baohan(&[&arguments[..], &[strangers.path()]].concat()).succeeded();
    let stranger = verify(&[Path::new("--anchor"), &strangers.path().join("root.cert.pem"), &letters[0]]);
    assert_eq!(stranger.code, 1, "{stranger:?}");
}

#[test]
fn a_letter_in_which_one_digit_was_changed_is_invalid() {
    let [letter, _] = demonstration::letters();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.ofd");
    let root = demonstration::folder().join("keys/root.cert.pem");
    let bytes = std::fs::read(&letter).unwrap();
    let same = rewritten(&bytes, |_, content| content);
    std::fs::write(&copy, same).unwrap();
    verify(&[Path::new("--anchor"), &root, &copy]).succeeded();

    let altered = rewritten(&bytes, |name, content| {
        if name != "Doc_0/Attachs/ciphertext_letter.xml" {
            return content;
        }
        let text = String::from_utf8(content).unwrap();
        let digit = text.find(".00</Amount>").unwrap() - 6;
        let (before, after) = text.split_at(digit);
        format!("{before}9{}", &after[1..]).into_bytes()
    });
    std::fs::write(&copy, altered).unwrap();
    let refused = verify(&[Path::new("--anchor"), &root, &copy]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.out.contains("(invalid)") && refused.out.contains("ciphertext_letter.xml"),
        "{}",
        refused.out
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let missing = verify(&[Path::new("nowhere.ofd")]);
    assert!(missing.code == 2 && missing.complaint.contains("`nowhere.ofd`"), "{missing:?}");
}

/// The package once more, with another content of some files.
fn rewritten(package: &[u8], change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let mut old = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut file = old.by_index(index).unwrap();
        let (name, mut content) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut content).unwrap();
        new.start_file(&*name, zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(&change(&name, content)).unwrap();
    }
    new.finish().unwrap().into_inner()
}
