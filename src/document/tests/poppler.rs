//! Poppler's programs as readers of our PDF files: nothing of them shares code with the writers.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::BTreeMap;
use std::process::Command;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use tempfile::TempDir;

pub(super) struct Poppler {
    folder: TempDir,
}

/// A glyph as poppler draws it, in points from the top left corner.
pub(super) struct Drawn {
    pub(super) page: usize,
    /// Commands and coordinates of an SVG path from the glyph's origin.
    pub(super) outline: String,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A page in shades of grey.
#[derive(PartialEq)]
pub(super) struct Shades {
    pub(super) width: usize,
    pub(super) pixels: Vec<u8>,
}

impl Poppler {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("letter.pdf"), bytes).unwrap();
        Self { folder }
    }

    fn print(&self, program: &str, arguments: &[&str]) -> String {
        String::from_utf8(self.run(program, arguments)).unwrap()
    }

    /// What a program of poppler's answers; a complaint about the file fails the test.
    fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let output =
            Command::new(program).args(arguments).current_dir(self.folder.path()).output().unwrap_or_else(
                |error| panic!("`{program}` of poppler-utils is needed for this test: {error}"),
            );
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{program}: {complaints}");
        output.stdout
    }

    /// The text in the order of the file.
    pub(super) fn text(&self) -> String {
        self.print("pdftotext", &["-raw", "-enc", "UTF-8", "letter.pdf", "-"])
    }

    /// The text without any space.
    pub(super) fn compact_text(&self) -> String {
        self.text().chars().filter(|character| !character.is_whitespace()).collect()
    }

    /// Name and value of what a reader shows as the document's properties.
    pub(super) fn properties(&self) -> BTreeMap<String, String> {
        let printed = self.print("pdfinfo", &["-enc", "UTF-8", "-rawdates", "letter.pdf"]);
        let lines = printed.lines().filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
    }

    pub(super) fn xmp(&self) -> String {
        self.print("pdfinfo", &["-meta", "letter.pdf"])
    }

    /// A row per font: name, type, encoding, embedded, subset, with a table of meanings, and its object.
    pub(super) fn fonts(&self) -> Vec<String> {
        rows(&self.print("pdffonts", &["letter.pdf"]))
    }

    /// A row per picture: page, number, type, width, height, colour space, components, bits, encoding and more.
    pub(super) fn pictures(&self) -> Vec<String> {
        rows(&self.print("pdfimages", &["-list", "letter.pdf"]))
    }

    /// The first page as a JPEG file.
    pub(super) fn jpeg(&self) -> Vec<u8> {
        self.print("pdftocairo", &["-jpeg", "-singlefile", "-r", "20", "letter.pdf", "page"]);
        std::fs::read(self.folder.path().join("page.jpg")).unwrap()
    }

    /// The pages as pictures of 72 dots per inch.
    pub(super) fn shades(&self, pages: usize) -> Vec<Shades> {
        let draw = |page: usize| {
            let number = page.to_string();
            let pgm =
                self.run("pdftoppm", &["-gray", "-r", "72", "-f", &number, "-l", &number, "letter.pdf"]);
            // `P5`, width, height and 255, each before one space or line feed, then the pixels.
            let mut parts = pgm.splitn(5, |byte| byte.is_ascii_whitespace());
            let mut part = || parts.next().unwrap();
            assert_eq!(part(), b"P5");
            let width = String::from_utf8_lossy(part()).parse().unwrap();
            let _height = part();
            assert_eq!(part(), b"255");
            Shades { width, pixels: part().to_vec() }
        };
        (1..=pages).map(draw).collect()
    }

    /// Every glyph that leaves ink, in the order in which it is drawn.
    pub(super) fn glyphs(&self, pages: usize) -> Vec<Drawn> {
        let mut glyphs = Vec::new();
        for page in 1..=pages {
            let number = page.to_string();
            let svg = self.print("pdftocairo", &["-svg", "-f", &number, "-l", &number, "letter.pdf", "-"]);
            read_page(&svg, page, &mut glyphs);
        }
        glyphs
    }
}

/// The rows of a table below its headings, each with one space between its columns.
fn rows(table: &str) -> Vec<String> {
    table.lines().skip(2).map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn read_page(svg: &str, page: usize, glyphs: &mut Vec<Drawn>) {
    let mut outlines = BTreeMap::new();
    let mut symbol = None;
    let mut reader = Reader::from_str(svg);
    loop {
        let event = reader.read_event().unwrap();
        let tag = match &event {
            Event::Start(tag) | Event::Empty(tag) => tag,
            Event::End(tag) => {
                if matches!(tag.name().as_ref(), "g" | "symbol") {
                    symbol = None;
                }
                continue;
            }
            Event::Eof => return,
            _ => continue,
        };
        match tag.name().as_ref() {
            // Older versions of cairo say `symbol`, newer ones `g`.
            "g" | "symbol" => symbol = attribute(tag, "id").filter(|id| id.starts_with("glyph")),
            "path" => {
                if let Some(id) = symbol.take() {
                    outlines.insert(format!("#{id}"), attribute(tag, "d").unwrap_or_default());
                }
            }
            "use" => {
                let number = |name| attribute(tag, name).and_then(|value| value.parse().ok());
                let target = attribute(tag, "xlink:href").unwrap_or_default();
                if let (Some(outline), Some(x), Some(y)) = (outlines.get(&target), number("x"), number("y"))
                    && !outline.is_empty()
                {
                    glyphs.push(Drawn { page, outline: outline.clone(), x, y });
                }
            }
            _ => {}
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).unwrap()?;
    Some(found.value.into_owned().to_string())
}
