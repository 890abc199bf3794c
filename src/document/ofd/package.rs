//! The files of an OFD package, in order, before and after they are zipped.

/// A package in memory. Paths have no leading slash (`Doc_0/Document.xml`) and are unique.
#[derive(Clone, Debug, Default)]
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
}
