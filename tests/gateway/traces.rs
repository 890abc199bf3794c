//! Looking for what must not be there, in everything that a gateway leaves behind, and in every form it could have.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Things that were written somewhere, each with the place where it was found.
#[derive(Default)]
pub struct Traces(Vec<(String, Vec<u8>)>);

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

    /// As it is, in UTF-16, and as hex, Base64, JSON, Rust's own notations and a URL would carry it.
    fn forms(&self) -> Vec<Vec<u8>> {
        let mut texts = vec![hex::encode(&self.bytes), hex::encode_upper(&self.bytes)];
        // Inside a longer Base64 text, its characters depend on how many bytes stand before it.
        for before in 0..3 {
            let padded = [vec![0; before], self.bytes.clone()].concat();
            let text = STANDARD_NO_PAD.encode(&padded);
            let (first, last) = ([0, 2, 3][before], padded.len() / 3 * 4);
            texts.push(text[first..last].to_owned());
            texts.push(text[first..last].replace('+', "-").replace('/', "_"));
        }
        texts.push(self.bytes.escape_ascii().to_string());
        texts.push(self.bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", "));
        texts.push(self.bytes.iter().map(|byte| format!("%{byte:02X}")).collect());
        texts.push(self.bytes.iter().map(|byte| format!("%{byte:02x}")).collect());
        let mut forms = vec![self.bytes.clone()];
        if let Ok(text) = str::from_utf8(&self.bytes) {
            texts.push(text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect());
            // Letters and digits of an address stand for themselves.
            texts.push(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
            forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
            forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        forms.extend(texts.into_iter().map(String::into_bytes));
        forms
    }
}

/// All forms of everything to look for, by their first two bytes: one walk over a place finds whatever stands there.
struct Wanted(Vec<Vec<(usize, Vec<u8>)>>);

impl Wanted {
    fn of(all: &[Planted]) -> Self {
        let mut by_beginning = vec![Vec::new(); 1 << 16];
        for (number, planted) in all.iter().enumerate() {
            for form in planted.forms() {
                by_beginning[usize::from(u16::from_be_bytes([form[0], form[1]]))].push((number, form));
            }
        }
        Self(by_beginning)
    }

    /// Which of them stand in the bytes.
    fn found_in(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let (mut found, mut start) = (BTreeSet::new(), 0);
        // Not an iterator: without optimisation this goes over a hundred megabytes in a second or two.
        while start + 1 < bytes.len() {
            let forms = &self.0[usize::from(u16::from_be_bytes([bytes[start], bytes[start + 1]]))];
            if !forms.is_empty() {
                let here = forms.iter().filter(|(_, form)| bytes[start..].starts_with(form));
                found.extend(here.map(|(number, _)| *number));
            }
            start += 1;
        }
        found
    }
}

impl Traces {
    pub fn add(&mut self, place: impl Into<String>, bytes: &[u8]) {
        let place = place.into();
        if bytes.starts_with(b"PK\x03\x04") {
            self.add_package(&place, bytes);
        }
        self.0.push((place, bytes.to_vec()));
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

    /// All places of others.
    #[cfg(feature = "postgres")]
    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
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
                self.0.push((format!("text of {place}"), visible(text).into_bytes()));
            }
            self.0.push((place, bytes));
        }
    }

    /// Where something stands in any form.
    pub fn places(&self, planted: &Planted) -> Vec<&str> {
        let wanted = Wanted::of(std::slice::from_ref(planted));
        let found = self.0.iter().filter(|(_, content)| !wanted.found_in(content).is_empty());
        found.map(|(place, _)| place.as_str()).collect()
    }

    /// Fails with everything that stands anywhere but in places that `may_hold` it.
    pub fn assert_free_of(&self, all: &[Planted], may_hold: impl Fn(&str) -> bool) {
        let found = self.hits(all, may_hold);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// What stands where it should not.
    pub fn hits(&self, all: &[Planted], may_hold: impl Fn(&str) -> bool) -> Vec<String> {
        let wanted = Wanted::of(all);
        let mut hits = Vec::new();
        for (place, content) in self.0.iter().filter(|(place, _)| !may_hold(place)) {
            let found = wanted.found_in(content);
            hits.extend(found.into_iter().map(|number| format!("{} in {place}", all[number].what)));
        }
        hits
    }
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
        "%E4%BF%9D%E5%AF%86abc".to_owned(),
        "\\u4fdd\\u5bc6\\u0061\\u0062\\u0063".to_owned(),
        "保密abc".as_bytes().escape_ascii().to_string(),
    ] {
        let mut traces = Traces::default();
        traces.add("there", carrier.as_bytes());
        assert_eq!(traces.places(&planted), ["there"], "{carrier}");
    }
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        let mut traces = Traces::default();
        let carrier: Vec<u8> = "x保密abc".encode_utf16().flat_map(order).collect();
        traces.add("there", &carrier);
        assert_eq!(traces.hits(std::slice::from_ref(&planted), |_| false), ["a word in there"]);
    }
    assert_eq!(visible("<a x=\"y\">保 <b>密</b>\n</a>"), "保密");
}
