//! Looking for what must not be there, in everything that a gateway leaves behind, and in every form it could have.

use std::io::{Cursor, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Things that were written somewhere, each with the place where it was found.
#[derive(Default)]
pub struct Traces(Vec<(String, String)>);

/// Something to look for.
pub struct Planted {
    pub what: &'static str,
    pub bytes: Vec<u8>,
}

impl Planted {
    pub fn new(what: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        assert!(bytes.len() >= 5, "{what} is so short that it may be found by chance");
        Self { what, bytes }
    }

    /// As it is, and as hex, Base64, JSON, Rust's own notations and a URL would carry it.
    fn forms(&self) -> Vec<String> {
        let mut forms = vec![latin(&self.bytes), hex::encode(&self.bytes), hex::encode_upper(&self.bytes)];
        // Inside a longer Base64 text, its characters depend on how many bytes stand before it.
        for before in 0..3 {
            let padded = [vec![0; before], self.bytes.clone()].concat();
            let text = STANDARD_NO_PAD.encode(&padded);
            let (first, last) = ([0, 2, 3][before], padded.len() / 3 * 4);
            forms.push(text[first..last].to_owned());
            forms.push(text[first..last].replace('+', "-").replace('/', "_"));
        }
        forms.push(self.bytes.escape_ascii().to_string());
        forms.push(self.bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", "));
        forms.push(self.bytes.iter().map(|byte| format!("%{byte:02X}")).collect());
        if let Ok(text) = str::from_utf8(&self.bytes) {
            forms.push(text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect());
        }
        forms
    }
}

impl Traces {
    pub fn add(&mut self, place: impl Into<String>, bytes: &[u8]) {
        let place = place.into();
        if bytes.starts_with(b"PK\x03\x04") {
            self.add_package(&place, bytes);
        }
        self.0.push((place, latin(bytes)));
    }

    /// All files of a folder and of those in it, but for the names that are left out.
    pub fn add_folder(&mut self, folder: &Path, without: &[&str]) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if without.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            if path.is_dir() {
                self.add_folder(&path, without);
            } else if let Ok(bytes) = std::fs::read(&path) {
                // A journal may go away while one looks.
                self.add(path.display().to_string(), &bytes);
            }
        }
    }

    /// The files of an OFD package; of pages also the text without markup and white space, since a long text is broken
    /// over lines.
    fn add_package(&mut self, place: &str, bytes: &[u8]) {
        let mut package = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for index in 0..package.len() {
            let mut file = package.by_index(index).unwrap();
            let (place, mut bytes) = (format!("{place}!{}", file.name().unwrap()), Vec::new());
            file.read_to_end(&mut bytes).unwrap();
            if let Ok(text) = str::from_utf8(&bytes) {
                self.0.push((format!("text of {place}"), latin(visible(text).as_bytes())));
            }
            self.0.push((place, latin(&bytes)));
        }
    }

    /// Where something stands in any form.
    pub fn places(&self, planted: &Planted) -> Vec<&str> {
        let forms = planted.forms();
        let found = self.0.iter().filter(|(_, content)| forms.iter().any(|form| content.contains(form)));
        found.map(|(place, _)| place.as_str()).collect()
    }

    /// Fails with everything that stands anywhere but in places that `may_hold` it.
    pub fn assert_free_of(&self, all: &[Planted], may_hold: impl Fn(&str) -> bool) {
        let mut found = Vec::new();
        for planted in all {
            let places = self.places(planted);
            found.extend(
                places.iter().filter(|it| !may_hold(it)).map(|it| format!("{} in {it}", planted.what)),
            );
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// One character a byte, so that text search works on any bytes, and fast.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn visible(xml: &str) -> String {
    let mut outside = true;
    let keep = |character: &char| {
        let shown = outside && *character != '<' && !character.is_whitespace();
        outside = (outside && *character != '<') || *character == '>';
        shown
    };
    xml.chars().filter(keep).collect()
}

#[test]
fn what_is_planted_is_found_in_every_form() {
    let planted = Planted::new("a word", "保密abc");
    for carrier in [
        "x保密abcx".to_owned(),
        hex::encode("xx保密abcx"),
        STANDARD_NO_PAD.encode("保密abcxx"),
        STANDARD_NO_PAD.encode("x保密abcxx"),
        STANDARD_NO_PAD.encode("xx保密abcxx"),
        format!("{:?}", "保密abc".as_bytes()),
        "%E4%BF%9D%E5%AF%86%61%62%63".to_owned(),
        "\\u4fdd\\u5bc6\\u0061\\u0062\\u0063".to_owned(),
        "保密abc".as_bytes().escape_ascii().to_string(),
    ] {
        let mut traces = Traces::default();
        traces.add("there", carrier.as_bytes());
        assert_eq!(traces.places(&planted), ["there"], "{carrier}");
    }
    assert_eq!(visible("<a x=\"y\">保 <b>密</b>\n</a>"), "保密");
}
