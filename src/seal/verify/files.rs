//! The package's files by path, with digests computed at most once.

use std::collections::HashMap;

use crate::crypto::sm3;
use crate::document::ofd::package::Package;

pub struct Files<'a> {
    by_path: HashMap<&'a str, &'a [u8]>,
    digests: HashMap<String, [u8; 32]>,
}

impl<'a> Files<'a> {
    pub fn new(package: &'a Package) -> Self {
        Self { by_path: package.files().collect(), digests: HashMap::new() }
    }

    pub fn count(&self) -> usize {
        self.by_path.len()
    }

    pub fn get(&self, path: &str) -> Option<&'a [u8]> {
        self.by_path.get(path).copied()
    }

    /// SM3 of a file. Several signatures usually cover the same files.
    pub fn digest(&mut self, path: &str) -> Option<[u8; 32]> {
        if let Some(digest) = self.digests.get(path) {
            return Some(*digest);
        }
        let digest = sm3::digest(self.get(path)?);
        self.digests.insert(path.to_owned(), digest);
        Some(digest)
    }
}
