//! Zip packages with one file changed: the checksums of a zip archive would keep most changes away from what reads the
//! files in it.

use baohan_gateway::document::ofd::package::{Limits, Package};

use crate::platforms::choice;

pub fn unpacked(bytes: &[u8]) -> Package {
    Package::from_zip(bytes, &Limits::default()).unwrap()
}

/// The package with the file that the first byte chooses replaced by the rest, or, where the second byte is even, with
/// edits of three bytes each: where (two bytes), and the bits to flip.
pub fn altered(package: &Package, input: &[u8]) -> Option<Package> {
    let [which, how, rest @ ..] = input else { return None };
    let paths: Vec<String> = package.files().map(|(path, _)| path.to_owned()).collect();
    let path = paths.get(choice(*which, paths.len()))?;
    let mut altered = package.clone();
    if how % 2 == 1 {
        altered.put(path, rest);
    } else {
        let content = edited(package.file(path)?, rest);
        altered.put(path, content);
    }
    Some(altered)
}

/// The bytes with bits flipped at places that the edits name.
pub fn edited(bytes: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut edited = bytes.to_vec();
    for edit in edits.as_chunks::<3>().0 {
        let [high, low, bits] = *edit;
        let length = edited.len().max(1);
        // Two bytes reach 65,536 places; the files here are smaller.
        if let Some(byte) = edited.get_mut(usize::from(u16::from_be_bytes([high, low])) % length) {
            *byte ^= bits;
        }
    }
    edited
}
