//! The fonts that letters are set in: the built-in ones and the institution's own.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, bail};
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// Zlib streams of TrueType subsets; `templates/fonts/README.md` says how they were made.
const BUILT_IN: [&[u8]; 3] = [
    include_bytes!("../../templates/fonts/NotoSerifSC-Regular.ttf.z"),
    include_bytes!("../../templates/fonts/NotoSerifSC-Bold.ttf.z"),
    include_bytes!("../../templates/fonts/NotoSansMono-Regular.ttf.z"),
];

/// Fonts are chosen from this list only, never from the system.
pub struct Fonts {
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
    own_families: Vec<String>,
}

impl Fonts {
    /// Loads the built-in fonts and, if a folder is given, each `.ttf` and `.ttc` in it.
    ///
    /// A font is refused if a reader of OFD could not draw it from the file: outlines that are not TrueType
    /// `glyf` (the reader that most platforms convert with substitutes them), a variable font, or a licence
    /// bit that forbids embedding a subset.
    pub fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut fonts = Vec::new();
        let mut own_families = BTreeSet::new();
        if let Some(folder) = folder {
            for path in font_files(folder)? {
                let bytes = std::fs::read(&path).with_context(|| format!("reading `{}`", path.display()))?;
                let faces: Vec<Font> = Font::iter(Bytes::new(bytes)).collect();
                if faces.is_empty() {
                    bail!("`{}`: expected a TrueType font, found none", path.display());
                }
                for font in faces {
                    check(&font).with_context(|| format!("font `{}`", path.display()))?;
                    own_families.insert(font.info().family.clone());
                    fonts.push(font);
                }
            }
        }
        fonts.extend(built_in()?.iter().cloned());
        let book = LazyHash::new(FontBook::from_fonts(&fonts));
        Ok(Self { fonts, book, own_families: own_families.into_iter().collect() })
    }

    /// The families that the institution's folder added, by the names that a template uses for them.
    pub fn own_families(&self) -> &[String] {
        &self.own_families
    }

    pub(super) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    pub(super) fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }
}

/// Regular, bold and monospaced; inflated once in the life of the process: 15 MB that every press shares.
pub(super) fn built_in() -> anyhow::Result<&'static [Font]> {
    static FONTS: OnceLock<Vec<Font>> = OnceLock::new();
    if let Some(fonts) = FONTS.get() {
        return Ok(fonts);
    }
    let mut fonts = Vec::with_capacity(BUILT_IN.len());
    for compressed in BUILT_IN {
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(compressed)
            .read_to_end(&mut bytes)
            .context("inflating a built-in font")?;
        fonts.push(Font::new(Bytes::new(bytes), 0).context("reading a built-in font")?);
    }
    Ok(FONTS.get_or_init(|| fonts))
}

fn font_files(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("reading the fonts folder `{}`", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("reading the fonts folder `{}`", folder.display()))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "ttf" | "ttc" => files.push(path),
            "otf" | "otc" => bail!(
                "`{}`: expected a TrueType font (.ttf, .ttc), found OpenType with CFF outlines, which readers of OFD replace",
                path.display()
            ),
            _ => {}
        }
    }
    files.sort();
    Ok(files)
}

fn check(font: &Font) -> anyhow::Result<()> {
    let face = ttf_parser::Face::parse(font.data(), font.index()).context("reading its tables")?;
    if face.tables().glyf.is_none() {
        bail!("expected TrueType outlines (table `glyf`), found none");
    }
    if !font.info().axes.is_empty() {
        bail!("expected one fixed weight, found a variable font");
    }
    if face.permissions() == Some(ttf_parser::Permissions::Restricted) || !face.is_subsetting_allowed() {
        bail!("its licence bits (OS/2 fsType) forbid embedding a subset");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_adds_its_families_and_refuses_what_readers_cannot_draw() {
        let folder = tempfile::tempdir().unwrap();
        let mut mono = Vec::new();
        flate2::read::ZlibDecoder::new(BUILT_IN[2]).read_to_end(&mut mono).unwrap();
        std::fs::write(folder.path().join("own.ttf"), &mono).unwrap();
        std::fs::write(folder.path().join("readme.txt"), "not a font").unwrap();
        assert_eq!(Fonts::open(Some(folder.path())).unwrap().own_families(), ["Noto Sans Mono"]);

        std::fs::write(folder.path().join("song.otf"), &mono).unwrap();
        let refusal = Fonts::open(Some(folder.path())).err().unwrap().to_string();
        assert!(refusal.contains("song.otf") && refusal.contains("TrueType"), "{refusal}");
    }

    #[test]
    fn the_built_in_fonts_know_every_character_of_the_national_table_that_names_need() {
        let fonts = Fonts::open(None).unwrap();
        for bold in [0, 1] {
            let font = fonts.font(bold).unwrap();
            let face = ttf_parser::Face::parse(font.data(), 0).unwrap();
            for character in "海峡示例㛃䶮堃骉𬭎𠅤𫖯壹贰叁肆伍陆柒捌玖拾佰仟亿圆整¥".chars()
            {
                assert!(face.glyph_index(character).is_some(), "{character}");
            }
        }
    }
}
