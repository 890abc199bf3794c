//! Which kind of document some bytes are, by the bytes alone. What a server calls them, and how their address ends, says
//! nothing. Nothing is unpacked or drawn here.

use std::collections::HashSet;
use std::io::Cursor;

use zip::ZipArchive;

/// A picture of more dots is no photograph of a document.
const MOST_PIXELS: u64 = 100_000_000;
/// No OFD document has so many parts, or is so long when it is unpacked.
const MOST_PARTS: usize = 5_000;
const LARGEST_UNPACKED: u64 = 512 * 1024 * 1024;

/// What makes a PDF file do something when it is opened, or carry another file, as its names say without escapes. What is
/// inside of compressed objects is not seen.
const ACTIVE: [&[u8]; 7] =
    [b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/XFA", b"/SubmitForm", b"/ImportData"];

/// Endings of parts that an OFD document has no use for.
const FOREIGN: [&str; 16] = [
    "exe", "dll", "com", "scr", "msi", "bat", "cmd", "ps1", "vbs", "js", "jar", "sh", "html", "htm", "svg",
    "hta",
];

/// The kinds that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Pdf,
    Ofd,
    Jpeg,
    Png,
}

impl FileKind {
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Ofd, Self::Jpeg, Self::Png];

    /// # Errors
    /// `type` where it is none of them, `content` where it begins like one and is not sound, `active` where it would do
    /// something.
    pub fn of(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.starts_with(b"%PDF-") {
            pdf(bytes)
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            jpeg(bytes).map(|()| Self::Jpeg).ok_or("content")
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            png(bytes).map(|()| Self::Png).ok_or("content")
        } else if bytes.starts_with(b"PK\x03\x04") {
            ofd(bytes)
        } else {
            Err("type")
        }
    }

    /// How a file of this kind ends.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Ofd => "ofd",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Ofd => "application/ofd",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    pub fn of_media_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media_type() == text)
    }
}

fn pdf(bytes: &[u8]) -> Result<FileKind, &'static str> {
    let end = bytes.len().saturating_sub(1024);
    let tail = bytes.get(end..).unwrap_or_default();
    if !contains(tail, b"%%EOF") || !contains(tail, b"startxref") {
        return Err("content");
    }
    // `/J#61vaScript` is the same name.
    let names = unescaped(bytes);
    if ACTIVE.iter().any(|name| contains(&names, name)) { Err("active") } else { Ok(FileKind::Pdf) }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return true };
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(wanted) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

/// With `#` and two hexadecimal digits read as a byte (ISO 32000-1, 7.3.5).
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        let ahead = rest.as_slice();
        match (byte, digit(ahead.first()), digit(ahead.get(1))) {
            (b'#', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest.nth(1);
            }
            _ => plain.push(*byte),
        }
    }
    plain
}

/// Segments up to the picture's data, sound dimensions, and the end where the file ends.
fn jpeg(bytes: &[u8]) -> Option<()> {
    let mut at = 2_usize;
    let mut pixels = None;
    loop {
        let (marker, length) = (bytes.get(at..at + 2)?, number(bytes.get(at + 2..at + 4)?)?);
        let [0xff, marker] = marker else { return None };
        match marker {
            // Start of frame, of any process; not the tables that have numbers between.
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(marker) => {
                let (height, width) =
                    (number(bytes.get(at + 5..at + 7)?)?, number(bytes.get(at + 7..at + 9)?)?);
                pixels = Some(height * width);
            }
            0xda => break,
            0xc4 | 0xcc | 0xdb | 0xdd | 0xe0..=0xef | 0xfe => {}
            _ => return None,
        }
        at = at.checked_add(2)?.checked_add(usize::try_from(length.max(2)).ok()?)?;
    }
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b'\r' | b'\n' | b' '))?;
    let is_ended = bytes.get(end.checked_sub(1)?..=end)? == [0xff, 0xd9];
    (is_ended && pixels.is_some_and(|pixels| (1..=MOST_PIXELS).contains(&pixels))).then_some(())
}

/// Chunks from the header to the end, and nothing behind it.
fn png(bytes: &[u8]) -> Option<()> {
    let (mut rest, mut is_first) = (bytes.get(8..)?, true);
    loop {
        let length = usize::try_from(number(rest.get(..4)?)?).ok()?;
        let (kind, body) = (rest.get(4..8)?, rest.get(8..8_usize.checked_add(length)?)?);
        rest = rest.get(12_usize.checked_add(length)?..)?;
        match (kind, is_first) {
            (b"IHDR", true) => {
                let pixels = number(body.get(..4)?)?.checked_mul(number(body.get(4..8)?)?)?;
                (1..=MOST_PIXELS).contains(&pixels).then_some(())?;
            }
            (b"IEND", false) => return rest.is_empty().then_some(()),
            (_, true) => return None,
            _ => {}
        }
        is_first = false;
    }
}

/// A package that says that it is OFD, by its directory.
fn ofd(bytes: &[u8]) -> Result<FileKind, &'static str> {
    let mut package = ZipArchive::new(Cursor::new(bytes)).map_err(|_| "content")?;
    // The reader knows each name once, and finds a directory before a comment too.
    if package.len() > MOST_PARTS || parts_listed(bytes) != Some(package.len()) {
        return Err("content");
    }
    let (mut names, mut unpacked) = (HashSet::new(), 0_u64);
    for index in 0..package.len() {
        let part = package.by_index_raw(index).map_err(|_| "content")?;
        let name = part.name().map_err(|_| "content")?.into_owned();
        let is_plain = !name.contains(['\\', ':', '\0'])
            && !name.starts_with('/')
            && !name.split('/').any(|it| it == "..");
        unpacked = unpacked.saturating_add(part.size());
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        if !is_plain || part.encrypted() || part.is_symlink() || unpacked > LARGEST_UNPACKED {
            return Err("content");
        }
        if FOREIGN.contains(&ending.as_str()) {
            return Err("active");
        }
        if !names.insert(name) {
            return Err("content");
        }
    }
    // Others that are packed alike, office documents among them, are not looked for one by one.
    if names.contains("OFD.xml") { Ok(FileKind::Ofd) } else { Err("type") }
}

/// How many parts the end of the directory counts, where nothing stands behind it (APPNOTE 4.3.16).
fn parts_listed(bytes: &[u8]) -> Option<usize> {
    let end = bytes.get(bytes.len().checked_sub(22)?..)?;
    let counted = end.get(10..12).filter(|_| end.starts_with(b"PK\x05\x06") && end.ends_with(&[0, 0]))?;
    Some(usize::from(u16::from_le_bytes(counted.try_into().ok()?)))
}

/// Big-endian, of up to four bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |sum, byte| sum * 256 + u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn pdf_with(body: &str) -> Vec<u8> {
        format!("%PDF-1.7\n{body}\nstartxref\n9\n%%EOF\n").into_bytes()
    }

    fn package(names: &[&str]) -> Vec<u8> {
        let mut package = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            package.start_file(*name, SimpleFileOptions::default()).unwrap();
            package.write_all(b"<a/>").unwrap();
        }
        package.finish().unwrap().into_inner()
    }

    /// A writer does not write a name twice.
    fn twice(mut package: Vec<u8>) -> Vec<u8> {
        while let Some(at) = package.windows(7).position(|it| it == b"OFD.xmm") {
            package[at + 6] = b'l';
        }
        package
    }

    fn picture(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![0; usize::try_from(width * height).unwrap()]).unwrap();
        drop(writer);
        bytes
    }

    /// The smallest picture that has all that it needs, over these dimensions.
    fn photograph(height: u16, width: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8];
        bytes.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
        bytes.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x2a, 0xff, 0xd9]);
        bytes
    }

    #[test]
    fn documents_are_known_by_what_they_are() {
        assert_eq!(FileKind::of(&pdf_with("1 0 obj <</Type/Catalog>> endobj")), Ok(FileKind::Pdf));
        assert_eq!(FileKind::of(&package(&["OFD.xml", "Doc_0/Document.xml"])), Ok(FileKind::Ofd));
        assert_eq!(FileKind::of(&picture(3, 2)), Ok(FileKind::Png));
        assert_eq!(FileKind::of(&photograph(20, 30)), Ok(FileKind::Jpeg));
        for kind in FileKind::ALL {
            assert_eq!(FileKind::of_media_type(kind.media_type()), Some(kind));
        }
    }

    #[test]
    fn nothing_else_is_kept_whatever_it_is_called() {
        for (bytes, word) in [
            (b"MZ\x90\0 %PDF-1.7".to_vec(), "type"),
            (b"\x7fELF".to_vec(), "type"),
            (b"#!/bin/sh\n".to_vec(), "type"),
            (b"<html><script>alert(1)</script></html>".to_vec(), "type"),
            (b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "type"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "type"),
            (b"GIF89a".to_vec(), "type"),
            (Vec::new(), "type"),
            (b" %PDF-1.7\nstartxref\n0\n%%EOF".to_vec(), "type"),
            (package(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"]), "type"),
            (package(&["OFD.xml", "../../etc/passwd"]), "content"),
            (package(&["OFD.xml", "a\\b"]), "content"),
            (package(&["OFD.xml", "Doc_0/run.EXE"]), "active"),
            (package(&["OFD.xml", "index.html"]), "active"),
            (b"PK\x03\x04 and nothing".to_vec(), "content"),
            (twice(package(&["OFD.xml", "OFD.xmm"])), "content"),
            ([package(&["OFD.xml"]), b"<script>".to_vec()].concat(), "content"),
            (b"%PDF-1.7\n<html>".to_vec(), "content"),
            (pdf_with("<</S/JavaScript/JS(app.alert(1))>>"), "active"),
            (pdf_with("<</S/J#61vaScript>>"), "active"),
            (pdf_with("<</S/Launch/F(cmd.exe)>>"), "active"),
            (pdf_with("<</Type/EmbeddedFile>>"), "active"),
            (photograph(0, 30), "content"),
            (photograph(u16::MAX, u16::MAX), "content"),
            (b"\xff\xd8\xff<script>".to_vec(), "content"),
            ([photograph(2, 3), b"PK\x03\x04".to_vec()].concat(), "content"),
            ([picture(3, 2), b"<script>".to_vec()].concat(), "content"),
            (picture(3, 2).into_iter().take(40).collect(), "content"),
        ] {
            assert_eq!(FileKind::of(&bytes), Err(word), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn what_is_cut_off_anywhere_is_no_file_and_no_panic() {
        for whole in [photograph(20, 30), picture(3, 2), package(&["OFD.xml"]), pdf_with("")] {
            for length in 0..whole.len() - 2 {
                assert!(FileKind::of(&whole[..length]).is_err(), "{length}");
            }
        }
    }
}
