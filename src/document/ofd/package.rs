//! The files of an OFD package, in order, before and after they are zipped.

mod archive;

pub use archive::{Limits, PackageError};

/// A package in memory. Paths have no leading slash (`Doc_0/Document.xml`) and are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    files: Vec<(String, Vec<u8>)>,
}

impl Package {
    /// Adds a file at the end, or replaces the file that has the same path.
    pub fn put(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let path = path.into();
        match self.files.iter_mut().find(|(existing, _)| *existing == path) {
            Some((_, content)) => *content = bytes.into(),
            None => self.files.push((path, bytes.into())),
        }
    }

    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.iter().find(|(existing, _)| existing == path).map(|(_, bytes)| bytes.as_slice())
    }

    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Zips the files in their order. Equal packages give equal bytes.
    ///
    /// # Errors
    /// When a path is too long for a zip entry.
    pub fn to_zip(&self) -> Result<Vec<u8>, PackageError> {
        archive::write(&self.files)
    }

    /// Unzips a package that may come from anybody. Whatever two readers could understand differently is refused.
    ///
    /// # Errors
    /// When the bytes are not one plain zip archive, when an entry's name could be taken for another's or leads out of
    /// the package, or when the contents exceed the limits.
    pub fn from_zip(bytes: &[u8], limits: &Limits) -> Result<Self, PackageError> {
        archive::read(bytes, limits).map(|files| Self { files })
    }
}
