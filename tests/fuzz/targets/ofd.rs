//! OFD files from anybody: as bytes, or the sealed file of `material` with one of its files changed (the first byte says
//! which). A file that is not the one which was sealed is never valid.

use std::sync::LazyLock;

use baohan_gateway::document::ofd::package::{Limits, Package};
use baohan_gateway::seal::verify::{SecondOpinion, verify};

use crate::material::{SEALED, TRUST, noon};
use crate::packages::{altered, unpacked};
use crate::platforms::choice;

/// The list of signatures, which further signatures change.
const LIST: &str = "Doc_0/Signs/Signatures.xml";

static PACKAGE: LazyLock<Package> = LazyLock::new(|| unpacked(SEALED));

pub fn run(input: &[u8]) {
    let [form, bytes @ ..] = input else { return };
    let zipped = if choice(*form, 2) == 0 {
        bytes.to_vec()
    } else {
        let Some(package) = altered(&PACKAGE, bytes) else { return };
        match package.to_zip() {
            Ok(zipped) => zipped,
            Err(_) => return,
        }
    };
    let package = Package::from_zip(&zipped, &Limits::default());
    let report = verify(&zipped, &TRUST, noon());
    for signature in &report.signatures {
        assert_ne!(signature.second_opinion, Some(SecondOpinion::Split), "the two implementations disagree");
    }
    assert!(serde_json::to_string(&report).is_ok());
    let Ok(package) = package else {
        assert!(!report.is_valid());
        return;
    };
    let again =
        Package::from_zip(&package.to_zip().expect("a package that cannot be zipped"), &Limits::default());
    assert_eq!(again.expect("a package that cannot be read again"), package);
    assert!(!report.is_valid() || same(&package), "a changed file is valid");
}

/// Whether all files are as they were sealed, but for the list of signatures.
fn same(package: &Package) -> bool {
    let files = |package: &Package| {
        let mut files: Vec<(String, Vec<u8>)> =
            package.files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
        files.retain(|(path, _)| path != LIST);
        files.sort();
        files
    };
    files(package) == files(&PACKAGE)
}
