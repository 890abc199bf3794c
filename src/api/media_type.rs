//! The types of files that the core system may hand in, told by how their bytes begin.

use std::io::Cursor;

use zip::ZipArchive;

/// A type that platforms can do something with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    Pdf,
    /// GB/T 33190
    Ofd,
    Zip,
    Png,
    Jpeg,
    Text,
}

/// What an OFD file has beside being a ZIP file (GB/T 33190-2016, 7.4).
const OFD_ENTRY: &str = "OFD.xml";

impl MediaType {
    pub const ALL: [Self; 6] = [Self::Pdf, Self::Ofd, Self::Zip, Self::Png, Self::Jpeg, Self::Text];

    /// The name in a `Content-Type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Ofd => "application/ofd",
            Self::Zip => "application/zip",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Text => "text/plain",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(name.trim()))
    }

    /// What names of such files end in, the usual one first.
    fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Ofd => &["ofd"],
            Self::Zip => &["zip"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Text => &["txt"],
        }
    }

    pub fn extension(self) -> &'static str {
        self.extensions().first().copied().unwrap_or_default()
    }

    /// Whether a file of this type may bear the name: it ends in a fitting way and leads to no other folder.
    pub fn suits(self, name: &str) -> bool {
        let plain = !name.contains(['/', '\\']);
        let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
        let fits = |ending: &str| self.extensions().iter().any(|it| it.eq_ignore_ascii_case(ending));
        plain && ending.is_some_and(fits)
    }

    /// Whether these bytes are a file of this type, as far as its beginning shows.
    pub fn fits(self, bytes: &[u8]) -> bool {
        match self {
            Self::Pdf => bytes.starts_with(b"%PDF-"),
            Self::Ofd => {
                ZipArchive::new(Cursor::new(bytes)).is_ok_and(|zip| zip.index_for_name(OFD_ENTRY).is_some())
            }
            Self::Zip => bytes.starts_with(b"PK\x03\x04"),
            Self::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => bytes.starts_with(b"\xff\xd8\xff"),
            Self::Text => std::str::from_utf8(bytes).is_ok_and(is_readable),
        }
    }
}

fn is_readable(text: &str) -> bool {
    !text.chars().any(|it| it.is_control() && !matches!(it, '\t' | '\r' | '\n'))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(entry: &str) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(entry, SimpleFileOptions::default()).unwrap();
        writer.write_all(b"<?xml version=\"1.0\"?>").unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn bytes_are_of_the_types_that_their_beginning_shows_and_of_no_other() {
        let (ofd, zip) = (zipped("OFD.xml"), zipped("papers.txt"));
        for (bytes, types) in [
            (&b"%PDF-1.7\nx\xff"[..], &[MediaType::Pdf][..]),
            (&ofd, &[MediaType::Ofd, MediaType::Zip]),
            (&zip, &[MediaType::Zip]),
            (b"\x89PNG\r\n\x1a\n\x00", &[MediaType::Png]),
            (b"\xff\xd8\xff\xe0", &[MediaType::Jpeg]),
            ("营业执照\r\n".as_bytes(), &[MediaType::Text]),
            (b"a\0b", &[]),
            // 版 in GBK.
            (b"\xb0\xe6", &[]),
            (b"MZ\x90", &[]),
        ] {
            let found: Vec<_> = MediaType::ALL.into_iter().filter(|it| it.fits(bytes)).collect();
            assert_eq!(found, types, "{bytes:?}");
        }
    }

    #[test]
    fn a_name_ends_as_its_type_does_and_leads_nowhere() {
        for name in ["a.jpg", "营业执照.JPEG"] {
            assert!(MediaType::Jpeg.suits(name), "{name}");
        }
        for name in ["a.png", "jpg", ".jpg", "a.jpg.exe", "../a.jpg", "a\\b.jpg"] {
            assert!(!MediaType::Jpeg.suits(name), "{name}");
        }
        assert_eq!(MediaType::of_name(" Image/JPEG"), Some(MediaType::Jpeg));
    }
}
