//! A fetched letter as this platform looks at it: a PDF file that is signed to its last byte.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::Serialize;

use crate::crypto::second_opinion::sm3;

/// A letter that PREP103 has brought.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    pub at: Timestamp,
    /// 文件名
    pub name: String,
    /// The PDF itself; empty if the options don't keep letters.
    #[serde(skip)]
    pub document: Arc<[u8]>,
    pub bytes: usize,
    /// SM3 of the PDF, hexadecimal.
    pub sm3: String,
    /// How often the same bytes were fetched.
    pub times: u32,
}

/// Takes the file out of the fields of PREP103 and looks at it.
///
/// # Errors
/// What is wrong with it.
pub fn read(name: &str, text: &str, at: Timestamp) -> Result<Letter, String> {
    // The basic decoder of Java, which 10.3 prescribes, throws at a line break.
    if text.contains(char::is_whitespace) {
        return Err("guaranteeFileContext含有换行或空白（10.3）".to_owned());
    }
    let document =
        BASE64.decode(text).map_err(|_| "guaranteeFileContext不是合法的Base64（10.3）".to_owned())?;
    check(&document)?;
    Ok(Letter {
        at,
        name: name.to_owned(),
        bytes: document.len(),
        sm3: hex::encode(sm3(&document)),
        document: document.into(),
        times: 1,
    })
}

/// Whether a file is a PDF whose last signature covers all of it (ISO 32000-1, 12.8.1). Digest and certificate are the
/// business of PREP104.
///
/// # Errors
/// What is missing.
fn check(document: &[u8]) -> Result<(), String> {
    if !document.starts_with(b"%PDF-") {
        return Err("保函文件不是PDF".to_owned());
    }
    if !document.trim_ascii_end().ends_with(b"%%EOF") {
        return Err("保函文件的PDF不完整".to_owned());
    }
    let range = last_byte_range(document).ok_or("保函文件没有电子签名")?;
    let [start, first, second, rest] = range;
    let value = document.get(first..second).and_then(|gap| gap.strip_prefix(b"<")?.strip_suffix(b">"));
    let whole = start == 0 && second.checked_add(rest) == Some(document.len());
    match value {
        Some(hex) if whole && hex.len() > 64 && hex.iter().all(u8::is_ascii_hexdigit) => Ok(()),
        _ => Err("保函文件的电子签名没有覆盖整个文件".to_owned()),
    }
}

/// The four numbers of the last `/ByteRange`.
fn last_byte_range(document: &[u8]) -> Option<[usize; 4]> {
    const NAME: &[u8] = b"/ByteRange";
    let at = document.windows(NAME.len()).rposition(|window| window == NAME)?;
    let rest = document.get(at + NAME.len()..)?.trim_ascii_start().strip_prefix(b"[")?;
    let end = rest.iter().position(|byte| *byte == b']')?;
    let numbers = str::from_utf8(rest.get(..end)?).ok()?;
    let numbers: Vec<usize> =
        numbers.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A file that has what this platform looks for: not a PDF that could be opened.
    pub fn signed_pdf(text: &str) -> Vec<u8> {
        let value = format!("<{}>", "30".repeat(64));
        let tail = format!(" >>\n% {text}\n%%EOF\n");
        let head = |first: usize, second: usize| {
            let range = format!("[0 {first:08} {second:08} {:08}]", tail.len());
            format!("%PDF-1.7\n1 0 obj << /Type /Sig /ByteRange {range} /Contents ")
        };
        let first = head(0, 0).len();
        format!("{}{value}{tail}", head(first, first + value.len())).into_bytes()
    }

    fn changed(from: &str, to: &str) -> Result<(), String> {
        check(String::from_utf8(signed_pdf("保函")).unwrap().replace(from, to).as_bytes())
    }

    #[test]
    fn a_letter_is_a_pdf_that_is_signed_as_a_whole() {
        assert_eq!(changed("", ""), Ok(()));
        assert_eq!(changed("%PDF-1.7", "PK34").unwrap_err(), "保函文件不是PDF");
        assert_eq!(changed("%%EOF\n", "").unwrap_err(), "保函文件的PDF不完整");
        assert_eq!(changed("/ByteRange", "/Range").unwrap_err(), "保函文件没有电子签名");
        let uncovered = "保函文件的电子签名没有覆盖整个文件";
        assert_eq!(changed("%%EOF\n", "more\n%%EOF\n").unwrap_err(), uncovered);
        assert_eq!(changed("[0 ", "[1 ").unwrap_err(), uncovered);
        assert_eq!(changed("<30", "(30").unwrap_err(), uncovered);
        assert_eq!(changed(&"30".repeat(64), &"3z".repeat(64)).unwrap_err(), uncovered);
    }

    #[test]
    fn the_text_of_a_letter_has_no_line_breaks() {
        let text = BASE64.encode(signed_pdf("保函"));
        assert!(read("a.pdf", &text, Timestamp::UNIX_EPOCH).is_ok());
        let broken = format!("{}\r\n{}", &text[..76], &text[76..]);
        assert_eq!(
            read("a.pdf", &broken, Timestamp::UNIX_EPOCH).unwrap_err(),
            "guaranteeFileContext含有换行或空白（10.3）"
        );
        assert!(read("a.pdf", &text[1..], Timestamp::UNIX_EPOCH).unwrap_err().contains("Base64"));
    }
}
